// The wait-for graph at one moment: who waits, for whom, and who is stuck.
//
// Owners are those whose own state then holds the object. Who runs, waits with
// a time limit or ends the process is live; who has ended helps nobody; nor
// does a thread that stayed in the parent when its lock was copied by a fork:
// Nobody() stands for it. Cost: linear in actors, held locks and waits.
#ifndef LOCKCHECK_LIB_ANALYSIS_END_GRAPH_H_
#define LOCKCHECK_LIB_ANALYSIS_END_GRAPH_H_

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/carriers.h"
#include "lib/analysis/observations.h"
#include "lib/graph/wait_for.h"
#include "lib/model/primitives.h"

namespace lockcheck::analysis {

class EndGraph {
 public:
  // `end`, what each actor does then, is kept by reference.
  EndGraph(const Observations& observations, const std::vector<EndState>& end);

  // By ActorIndex, and Nobody().
  const std::vector<graph::WaitNode>& nodes() const { return nodes_; }
  const std::vector<bool>& stuck() const { return stuck_; }
  const Carriers& carriers() const { return carriers_; }

  // The node of owners that never act in the waiter's process.
  graph::Vertex Nobody() const {
    return static_cast<graph::Vertex>(o_.actor_count);
  }
  // Whom the wait needs; nobody if it can be satisfied, or nobody is known.
  std::vector<graph::Vertex> ProvidersOf(ActorIndex actor,
                                         const Wait& wait) const;

  model::ObjectKind KindOf(ObjectIndex object) const;
  log::ProcessIndex ProcessOf(ActorIndex actor) const;

 private:
  struct Holder {
    ActorIndex actor;
    model::Mode mode;
  };

  bool IsAncestor(ActorIndex ancestor, ActorIndex actor) const;
  bool IsForkedFrom(log::ProcessIndex process,
                    log::ProcessIndex ancestor) const;
  bool WasUnlockedByOther(const Wait& wait) const;
  bool OwnerStayedInParent(ActorIndex actor, const Wait& wait) const;
  graph::WaitNode NodeOf(ActorIndex actor) const;
  void AddWritersBefore(const Wait& wait,
                        std::vector<graph::Vertex>& providers) const;

  const Observations& o_;
  const std::vector<EndState>& end_;
  const Carriers carriers_;
  absl::flat_hash_map<ObjectIndex, std::vector<Holder>> holders_;
  std::vector<graph::WaitNode> nodes_;
  std::vector<bool> stuck_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_END_GRAPH_H_
