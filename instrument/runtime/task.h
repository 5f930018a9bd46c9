// Tasks of a pool as actors; see lockcheck/internal/task_hooks.h.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_TASK_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_TASK_H_

#include <cstdint>

#include "lockcheck/internal/task_hooks.h"

namespace lockcheck::runtime {

// Whom a task interrupts.
struct Worker {
  uint32_t actor = 0;  // 0: the task is no actor
  uint32_t segment = 0;
};

// Of the table.
void DoWorkFor(const internal::QueueState* jobs,
               const internal::WaitQueue* slots);
uint32_t DoForkTask();
uint32_t DoForkRemoteTask();
Worker DoBeginTask(const internal::TaskStart& start, internal::SiteSlot* slot,
                   internal::Caller caller);
void DoEndTask(uint32_t task, const Worker& worker);
void DoTaskJoined(uint32_t task, internal::SiteSlot* slot,
                  internal::Caller caller);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_TASK_H_
