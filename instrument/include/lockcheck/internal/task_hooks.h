// What thread_pool tells the runtime about its tasks.
//
// In a log each task is an actor of its own: who submits it forks it, the
// worker that runs it waits for its end meanwhile, and who has its answer has
// joined it. So a task is ordered with nobody but these, as if it had a thread
// of its own, whichever worker it happened to run on. With mode=live there are
// no such actors (id 0): there a task is what its worker does.
#ifndef LOCKCHECK_INTERNAL_TASK_HOOKS_H_
#define LOCKCHECK_INTERNAL_TASK_HOOKS_H_

#include <cstdint>

#include "lockcheck/internal/hot.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

struct TaskStart {
  uint32_t task = 0;    // 0: no actor
  uint32_t parent = 0;  // who submitted it
  // The worker is the only one of its pool, so its tasks follow each other.
  bool alone = false;
  const char* name = nullptr;  // in reports, if any
};

// By who submits it: the task's id. Of a remote one, another process runs it.
uint32_t ForkTask() noexcept;
uint32_t ForkRemoteTask() noexcept;

// While one of these lives, the calling thread is the task.
class TaskScope {
 public:
  TaskScope(const TaskStart& start, SiteSlot* slot, Caller caller) noexcept;
  ~TaskScope();
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;

 private:
  const uint32_t task_;
  uint32_t worker_ = 0;
  uint32_t segment_ = 0;  // of the worker's, the last before the task
};

struct QueueState;
struct WaitQueue;

// While one of these lives, the calling thread is a worker of the pool with
// these jobs and slots.
class WorkScope {
 public:
  WorkScope(const QueueState& jobs, const WaitQueue& slots) noexcept;
  ~WorkScope();
  WorkScope(const WorkScope&) = delete;
  WorkScope& operator=(const WorkScope&) = delete;
};

// By who has waited for its end, or found it.
void TaskJoined(uint32_t task, SiteSlot* slot, Caller caller) noexcept;

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_TASK_HOOKS_H_
