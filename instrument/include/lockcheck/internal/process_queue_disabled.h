// LOCKCHECK_DISABLED: a process::queue's memory and its Recorder, which records
// nothing.
#ifndef LOCKCHECK_INTERNAL_PROCESS_QUEUE_DISABLED_H_
#define LOCKCHECK_INTERNAL_PROCESS_QUEUE_DISABLED_H_

#include <cstdint>

#include "lockcheck/internal/process_queue.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

struct ProcessQueueState {
  ProcessQueueState(const RingShape& shape, const char*,
                    source_location) noexcept
      : ring(waiters, shape) {}

  ProcessWaiters waiters;
  ProcessRing ring;
};

class ProcessQueueRecorder {
 public:
  explicit ProcessQueueRecorder(ProcessQueueState& state) noexcept
      : waiters_(state.waiters) {}

  bool Await(uint32_t, ProcessWait& wait, const ProcessSettle& settle,
             const Deadline* deadline) noexcept {
    return SleepUntilGranted(waiters_, wait, settle, deadline) ||
           GiveUpWait(waiters_, wait, settle);
  }
  void Put(const Patience&, const QueueNow&, const ProcessGrant&) noexcept {}
  void Got(const Patience&, const QueueNow&, const ProcessGrant&) noexcept {}
  void TryFailed(uint32_t) noexcept {}
  void TaskDone(const QueueNow&, const ProcessGrant&) noexcept {}
  void TaskDoneTooOften() noexcept {}
  void Joined(const Patience&, uint32_t) noexcept {}
  void Closed(bool, const QueueNow&, const ProcessGrant&,
              const ProcessGrant&) noexcept {}
  void FoundClosed(const Patience&) noexcept {}
  void PutAfterClose() noexcept {}

 private:
  ProcessWaiters& waiters_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PROCESS_QUEUE_DISABLED_H_
