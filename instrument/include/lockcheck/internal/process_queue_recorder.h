// Who acts on a process::queue, where, and what of it goes into the log: the
// Recorder of process_queue.h.
#ifndef LOCKCHECK_INTERNAL_PROCESS_QUEUE_RECORDER_H_
#define LOCKCHECK_INTERNAL_PROCESS_QUEUE_RECORDER_H_

#include <cstdint>

#include "lockcheck/internal/process_queue.h"
#include "lockcheck/internal/process_signal.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// In the shared memory; the slots lie behind it.
struct ProcessQueueState {
  ProcessQueueState(const RingShape& shape, const char* name,
                    source_location where) noexcept
      : object(name, where), ring(object, shape) {}
  ~ProcessQueueState() { DestroyProcessObject(object); }

  ProcessObject object;
  ProcessRing ring;
};

class ProcessQueueRecorder {
 public:
  ProcessQueueRecorder(ProcessQueueState& state, SiteSlot* slot,
                       Caller caller) noexcept
      : state_(state), slot_(slot), caller_(caller) {}

  bool Await(uint32_t signal, ProcessWait& wait, const ProcessSettle& settle,
             const Deadline* deadline) noexcept {
    return AwaitSignal(Signal(signal), wait, settle, slot_, caller_, deadline);
  }
  void Put(const Patience& patience, const QueueNow& now,
           const ProcessGrant& getters) noexcept {
    Take(kQueueRoom, {HowOf(patience), now.sequence, now.room});
    Post(kQueueItems, {PostKind::kPut, 1, now.sequence, now.items}, getters);
  }
  void Got(const Patience& patience, const QueueNow& now,
           const ProcessGrant& putters) noexcept {
    Take(kQueueItems, {HowOf(patience), now.sequence, now.items});
    Post(kQueueRoom, {PostKind::kGet, 1, now.sequence, now.room}, putters);
  }
  void TryFailed(uint32_t signal) noexcept {
    RecordTryFailed(Signal(signal), slot_, caller_);
  }
  void TaskDone(const QueueNow& now, const ProcessGrant& joiners) noexcept {
    Post(kQueueEnd,
         {PostKind::kTaskDone, now.unfinished == 0 ? kAllWaiters : 0,
          now.sequence, now.unfinished},
         joiners);
  }
  void TaskDoneTooOften() noexcept {
    RecordMisuse(Signal(kQueueEnd), kTaskDoneTooOften, slot_, caller_);
  }
  void Joined(const Patience& patience, uint32_t finished) noexcept {
    Take(kQueueEnd, {HowOf(patience), finished, 0});
  }
  // One that changes nothing is ordered with the others all the same.
  void Closed(bool first, const QueueNow& now, const ProcessGrant& getters,
              const ProcessGrant& putters) noexcept {
    Post(kQueueClosing, {PostKind::kSet, 0, first ? kClosed : 0, 1}, {});
    if (!first) return;
    Post(kQueueItems, {PostKind::kClose, kAllWaiters, now.sequence, now.items},
         getters);
    Post(kQueueRoom, {PostKind::kClose, kAllWaiters, now.sequence, now.room},
         putters);
  }
  // The close comes before whatever the caller does now.
  void FoundClosed(const Patience& patience) noexcept {
    Take(kQueueClosing, {HowOf(patience), kClosed, 0});
  }
  void PutAfterClose() noexcept {
    RecordMisuse(Signal(kQueueItems), kUseAfterClose, slot_, caller_);
  }

 private:
  // The number of the act that closes a queue.
  static constexpr uint32_t kClosed = 1;
  // model::Misuse's numbers.
  static constexpr uint8_t kTaskDoneTooOften = 8, kUseAfterClose = 10;

  static How HowOf(const Patience& patience) {
    return HowToAsk(patience.may_block, patience.deadline);
  }
  ProcessSignal Signal(uint32_t signal) const noexcept {
    static constexpr WaitKind kKinds[] = {
        WaitKind::kProcessQueue, WaitKind::kProcessQueueSlots,
        WaitKind::kProcessQueueDone, WaitKind::kProcessQueueClose};
    return {&state_.object, signal, kKinds[signal],
            signal == kQueueRoom ? state_.ring.shape.slots : 0};
  }
  void Take(uint32_t signal, const TakeFacts& facts) noexcept {
    RecordTake(Signal(signal), facts, slot_, caller_);
  }
  void Post(uint32_t signal, const PostFacts& facts,
            const ProcessGrant& grant) noexcept {
    RecordPost(Signal(signal), facts, grant, slot_, caller_);
  }

  ProcessQueueState& state_;
  SiteSlot* const slot_;
  const Caller caller_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PROCESS_QUEUE_RECORDER_H_
