// Tasks of a pool begin in the order in which they were submitted.
//
// Problem: in another order of the events tasks of different submitters are
// submitted in another order, too, so which of them one has to wait for is not
// what was seen. What one actor submits has its order in any case.
//
// A task is an actor that begins with a slot of its pool. One that never began
// is known by the queue into which it was put.
// Cost: linear in the actors. Thread safety: const after construction.
#ifndef LOCKCHECK_LIB_ANALYSIS_TASK_POOLS_H_
#define LOCKCHECK_LIB_ANALYSIS_TASK_POOLS_H_

#include <vector>

#include "lib/analysis/trace.h"

namespace lockcheck::analysis {

class TaskPools {
 public:
  explicit TaskPools(const Trace& trace);

  bool has_tasks() const { return has_tasks_; }
  // The slots that the actor needs one of to begin; kNone: it is no task.
  ObjectIndex PoolOf(ActorIndex actor) const { return pool_[actor]; }
  // The one that the same actor submitted to the same pool last before it.
  ActorIndex Before(ActorIndex task) const { return before_[task]; }

 private:
  void FindPools(const Trace& trace);

  std::vector<ObjectIndex> pool_;   // by actor
  std::vector<ActorIndex> before_;  // by actor
  bool has_tasks_ = false;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_TASK_POOLS_H_
