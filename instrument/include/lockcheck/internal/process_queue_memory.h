// The memory of a process::queue: without a name or with one, a ring of slots
// and who waits for it, given back as process::shared gives its own back.
//
// LOCKCHECK_QUEUE_ACT(act) stands at the beginning of each of the queue's
// functions: it makes what the function acts by, which knows the place.
#ifndef LOCKCHECK_INTERNAL_PROCESS_QUEUE_MEMORY_H_
#define LOCKCHECK_INTERNAL_PROCESS_QUEUE_MEMORY_H_

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <stdexcept>

#include "lockcheck/internal/process_queue.h"
#include "lockcheck/internal/shared_memory.h"
#include "lockcheck/source_location.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/process_queue_disabled.h"
#define LOCKCHECK_QUEUE_ACT(act) \
  internal::ProcessQueueAct act(memory_.ring(), memory_.recorder())
#else
#include "lockcheck/internal/process_hooks.h"
#include "lockcheck/internal/process_queue_recorder.h"
#define LOCKCHECK_QUEUE_ACT(act)                \
  internal::SiteSlot* slot;                     \
  LOCKCHECK_SITE_SLOT(slot);                    \
  internal::ProcessQueueAct act(memory_.ring(), \
                                memory_.recorder(slot, LOCKCHECK_CALLER()))
#endif

namespace lockcheck::inline LOCKCHECK_ABI::internal {

class ProcessQueueMemory {
 public:
  ProcessQueueMemory(size_t slots, size_t slot_bytes, const char* name,
                     source_location where)
      : memory_(Shape(slots, slot_bytes, nullptr)) {
    new (memory_.value())
        ProcessQueueState(RingOf(slots, slot_bytes), name, where);
  }
  ProcessQueueMemory(Naming how, const char* name, const char* type,
                     size_t slots, size_t slot_bytes, source_location where)
      : memory_(how, name, Shape(slots, slot_bytes, type)) {
    memory_.Construct([&] {
      new (memory_.value())
          ProcessQueueState(RingOf(slots, slot_bytes), name, where);
    });
    const RingShape& found = ring().shape;
    if (memory_.value_bytes() < sizeof(ProcessQueueState) ||
        memory_.value_bytes() - sizeof(ProcessQueueState) < found.Bytes()) {
      ThrowUnfit(name, "its memory is too small for its items; remove it");
    }
#if !defined(LOCKCHECK_DISABLED)
    UseLocksOfOthers();
#endif
  }
  ~ProcessQueueMemory() {
    if (maker_ != getpid()) return;
    const auto destroy = [this] { state().~ProcessQueueState(); };
    if (memory_.is_named()) {
      memory_.EndUse(destroy);
    } else {
      destroy();
    }
  }
  ProcessQueueMemory(const ProcessQueueMemory&) = delete;
  ProcessQueueMemory& operator=(const ProcessQueueMemory&) = delete;

  ProcessRing& ring() const noexcept { return state().ring; }
#if defined(LOCKCHECK_DISABLED)
  ProcessQueueRecorder recorder() const noexcept {
    return ProcessQueueRecorder(state());
  }
#else
  ProcessQueueRecorder recorder(SiteSlot* slot, Caller caller) const noexcept {
    return ProcessQueueRecorder(state(), slot, caller);
  }
#endif
  void RemoveWithLastUser(bool on) { memory_.RemoveWithLastUser(on); }

 private:
  static RingShape RingOf(size_t slots, size_t slot_bytes) {
    constexpr size_t kMostSlots = std::numeric_limits<int32_t>::max();
    constexpr size_t kMostBytes = std::numeric_limits<int32_t>::max();
    if (slots == 0 || slots > kMostSlots || slot_bytes > kMostBytes) {
      ThrowFromQueue<std::invalid_argument>(
          "lockcheck: process::queue: it has 1 to 2147483647 slots of at most "
          "as many bytes: shared memory does not grow");
    }
    return {static_cast<uint32_t>(slots), static_cast<uint32_t>(slot_bytes)};
  }
  static SharedShape Shape(size_t slots, size_t slot_bytes, const char* type) {
    return {sizeof(ProcessQueueState) + RingOf(slots, slot_bytes).Bytes(),
            alignof(ProcessQueueState), type, true};
  }
  ProcessQueueState& state() const noexcept {
    return *static_cast<ProcessQueueState*>(memory_.value());
  }

  SharedMemory memory_;
  pid_t maker_ = getpid();
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PROCESS_QUEUE_MEMORY_H_
