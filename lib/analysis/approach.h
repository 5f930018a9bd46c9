// Brings actors of a trace to the given waits: the least part of it in which
// each of them is there, and nothing is that would end one of the waits.
//
// Algorithm: the part of the trace that brings each of them there
// (reordering.h), for the first instance of each wait. Where the part goes past
// an instance, or leaves something there that would end the wait, what was seen
// to happen next is taken in and a later instance is tried; parts only grow, so
// all instances together cost one pass.
#ifndef LOCKCHECK_LIB_ANALYSIS_APPROACH_H_
#define LOCKCHECK_LIB_ANALYSIS_APPROACH_H_

#include <cstdint>
#include <vector>

#include "lib/analysis/reordering.h"
#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"
#include "lib/analysis/wait_nodes.h"

namespace lockcheck::analysis {

struct StandstillQuestion {
  std::vector<const TraceNode*> waits;  // of distinct actors
  // Whatever these have to post on the flag, they have posted.
  std::vector<Poster> spent;
};

class Approach {
 public:
  // `part` begins anew.
  Approach(const Trace& trace, const TraceOrder& order,
           const StandstillQuestion& question, Room room, Reordering& part);

  bool Arrive();
  // False: they do not, whoever else has to come to a wait, too. Asks less than
  // Arrive(): what depends on who else waits is left out.
  bool MayArrive();

 private:
  bool ComeToAll();
  bool Settle();
  bool GiveBackOne(ObjectIndex permits);
  bool IsAsked(ActorIndex actor) const;
  EventRef At(size_t i) const;
  bool GoOnToAnInstance(size_t i);
  bool ComeTo(EventRef ref);
  bool TakeWhatIsThere(size_t i);
  bool PassIf(size_t i, bool passes);
  bool TakeUnits(ObjectIndex object);
  bool TakeRoom(const ObjectActs& acts, size_t i);
  bool BeginMore(const ObjectActs& acts, size_t i);
  bool Clear(const ObjectActs& acts, size_t i);
  bool AllArrived(size_t i) const;
  bool IsNotified(size_t i) const;

  const Trace& trace_;
  const TraceOrder& order_;
  const StandstillQuestion& question_;
  const Room room_;
  Reordering& part_;
  std::vector<size_t> instance_;  // by wait: which one of its events
  std::vector<size_t> next_put_;  // by wait for room: the next take to look at
  std::vector<size_t> next_start_;  // by wait for what is outstanding
  bool asks_less_ = false;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_APPROACH_H_
