// Coroutines that no thread can resume, as the program saw (NoteKind::
// kNoCarrier), in the graph of who waits for whom.
//
// Problem: a suspended coroutine need not wait for anything; it goes on when a
// thread of its context has a turn for it. If it holds a lock of threads, and
// each of those threads waits for such a lock in the end, it does not. Which
// threads those are is in no other record, so nothing is said without the note,
// and only as long as who wrote it is in the wait that it began with it.
//
// Such a coroutine is a node that needs one of its carriers: actors whose
// threads would resume it. A cycle through it is a finding of rule carrier: the
// coroutine first, then each for whom the one before it waits.
#ifndef LOCKCHECK_LIB_ANALYSIS_CARRIERS_H_
#define LOCKCHECK_LIB_ANALYSIS_CARRIERS_H_

#include <map>
#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"
#include "lib/graph/wait_for.h"

namespace lockcheck::analysis {

class Carriers {
 public:
  // Both outlive it.
  Carriers(const Observations& observations, const std::vector<EndState>& end);

  // Actors first.
  void LetCarry(std::vector<graph::WaitNode>& nodes) const;
  bool IsIn(const std::vector<graph::Vertex>& cycle) const;
  Finding ToFinding(std::vector<graph::Vertex> cycle) const;

 private:
  bool Stands(const NoCarrier& note) const;
  bool Waits(ActorIndex actor) const;

  const Observations& o_;
  const std::vector<EndState>& end_;
  std::map<ActorIndex, std::vector<ActorIndex>> of_;  // by coroutine
};

// Such coroutines at the moment of a refusal, as `then` has those who waited.
// Returns who was added.
std::vector<ActorIndex> AddSuspended(const Observations& observations,
                                     const RefusedMoment& moment,
                                     std::vector<EndState>& then);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_CARRIERS_H_
