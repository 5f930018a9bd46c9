// The acts on a process::queue, recorded or not.
//
// Each act has the guard for what it changes and tells its Recorder, without
// it, what it did: whoever is killed in between has done it, and its log does
// not say so. Who waits is granted what it waits for by a post, or by its own
// next round, and fetches it.
//
// Recorder: who asks and where, made anew for each act; see
// process_queue_recorder.h and process_queue_disabled.h.
#ifndef LOCKCHECK_INTERNAL_PROCESS_QUEUE_H_
#define LOCKCHECK_INTERNAL_PROCESS_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "lockcheck/internal/deadline.h"
#include "lockcheck/internal/process_ring.h"
#include "lockcheck/internal/queue_closed.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// How long somebody asks for something.
struct Patience {
  bool may_block = true;
  const Deadline* deadline = nullptr;  // none
};

// What an act has made of the queue, for its record.
struct QueueNow {
  uint32_t sequence, items, room, unfinished;
};

template <typename Exception, typename... Args>
[[noreturn]] void ThrowFromQueue([[maybe_unused]] const Args&... args) {
#if defined(__cpp_exceptions)
  throw Exception(args...);
#else
  std::terminate();
#endif
}
[[noreturn]] inline void ThrowTooLong(size_t bytes, size_t most) {
  ThrowFromQueue<std::length_error>(
      "lockcheck: process::queue: an item of " + std::to_string(bytes) +
      " bytes, and its slots have " + std::to_string(most));
}

template <typename Recorder>
class ProcessQueueAct {
 public:
  ProcessQueueAct(ProcessRing& ring, Recorder recorder) noexcept
      : ring_(ring), recorder_(recorder) {}

  // write(to) makes `size` bytes of the item, at most, and returns how many.
  // False: it may not block, or its time is over. Throws queue_closed.
  template <typename Write>
  bool Put(const Patience& patience, size_t size, Write write) {
    if (size > ring_.shape.slot_bytes) {
      ThrowTooLong(size, ring_.shape.slot_bytes);
    }
    ProcessWait wait;
    for (bool waited = false;; waited = true) {
      ProcessGrant grant;
      switch (TryPut(patience, wait, write, &grant)) {
        case Found::kIt:
          recorder_.Put(patience, now_, grant);
          WakeSlots(ring_.waiters(), grant.slots);
          return true;
        case Found::kClosed:
          // Who waited could not know.
          recorder_.FoundClosed(patience);
          if (!waited) recorder_.PutAfterClose();
          ThrowFromQueue<queue_closed>();
        case Found::kNothing:
          recorder_.TryFailed(kQueueRoom);
          return false;
        case Found::kWait:
          if (!Await(kQueueRoom, wait, patience)) return false;
      }
    }
  }

  // read(from, size) takes the item. False: as above.
  template <typename Read>
  bool Get(const Patience& patience, Read read) {
    ProcessWait wait;
    while (true) {
      ProcessGrant grant;
      switch (TryGet(patience, wait, read, &grant)) {
        case Found::kIt:
          recorder_.Got(patience, now_, grant);
          WakeSlots(ring_.waiters(), grant.slots);
          return true;
        case Found::kClosed:
          recorder_.FoundClosed(patience);
          ThrowFromQueue<queue_closed>();
        case Found::kNothing:
          recorder_.TryFailed(kQueueItems);
          return false;
        case Found::kWait:
          if (!Await(kQueueItems, wait, patience)) return false;
      }
    }
  }

  void TaskDone() {
    ProcessGrant grant;
    bool is_one_too_many;
    {
      const ProcessGuard guard(ring_.waiters(), ring_.settle());
      is_one_too_many = ring_.Unfinished() == 0;
      if (!is_one_too_many) {
        // Known before it is so: who joins may read it at once.
        if (ring_.Unfinished() == 1) Store(ring_.finished, ring_.Sequence());
        Store(ring_.dones, ring_.dones.load(std::memory_order_relaxed) + 1);
        if (ring_.Unfinished() == 0) {
          grant = GrantTo(ring_.waiters(), kQueueEnd, kEverybody);
        }
      }
      Note();
    }
    if (is_one_too_many) {
      recorder_.TaskDoneTooOften();
      ThrowFromQueue<std::logic_error>(
          "lockcheck: task_done() more often than put()");
    }
    recorder_.TaskDone(now_, grant);
    WakeSlots(ring_.waiters(), grant.slots);
  }

  // False: its time is over. Whoever was woken does not look again: there may
  // be new items.
  bool Join(const Patience& patience) noexcept {
    ProcessWait wait;
    bool waits;
    {
      const ProcessGuard guard(ring_.waiters(), ring_.settle());
      waits = ring_.Unfinished() != 0;
      if (waits) Enter(kQueueEnd, wait);
    }
    if (waits) {
      if (!Await(kQueueEnd, wait, patience)) return false;
      LeaveWait(ring_.waiters(), wait);
    }
    recorder_.Joined(patience, ring_.finished.load(std::memory_order_relaxed));
    return true;
  }

  void Close() noexcept {
    ProcessGrant getters, putters;
    bool was_closed;
    {
      const ProcessGuard guard(ring_.waiters(), ring_.settle());
      was_closed = ring_.IsClosed();
      Store(ring_.closed, 1);
      if (!was_closed) {
        getters = GrantTo(ring_.waiters(), kQueueItems, kEverybody);
        putters = GrantTo(ring_.waiters(), kQueueRoom, kEverybody);
      }
      Note();
    }
    recorder_.Closed(!was_closed, now_, getters, putters);
    WakeSlots(ring_.waiters(), getters.slots | putters.slots);
  }

 private:
  enum class Found { kIt, kClosed, kNothing, kWait };

  // Gives what was granted to the caller back, if the act does not come about
  // because a T threw.
  struct Section {
    explicit Section(ProcessRing& r)
        : ring(r), guard(r.waiters(), r.settle()) {}
    ~Section() {
      if (is_unused) guard.Wake(ring.Settle());
    }
    ProcessRing& ring;
    ProcessGuard guard;
    bool is_unused = false;
  };

  // Whether this one was granted it, and so need not see what others were.
  bool Fetch(ProcessWait& wait) noexcept {
    const bool granted = IsGranted(ring_.waiters(), wait);
    LeaveWait(ring_.waiters(), wait);
    wait = ProcessWait();
    return granted;
  }

  template <typename Write>
  Found TryPut(const Patience& patience, ProcessWait& wait, Write& write,
               ProcessGrant* grant) {
    Section section(ring_);
    const bool granted = Fetch(wait);
    Note();
    if (ring_.IsClosed()) return Found::kClosed;
    if (!(granted ? ring_.Room() != 0 : ring_.HasRoom()) &&
        !(Mend(section), ring_.HasRoom())) {
      return NotThere(kQueueRoom, patience, wait);
    }
    section.is_unused = true;
    const uint64_t number = ring_.puts.load(std::memory_order_relaxed);
    std::byte* const slot = ring_.SlotOf(number);
    const uint64_t written = write(slot + RingShape::kHeadBytes);
    __builtin_memcpy(slot, &written, sizeof(written));
    Store(ring_.puts, number + 1);
    section.is_unused = false;
    *grant = ring_.GrantItems();
    Note();
    return Found::kIt;
  }

  template <typename Read>
  Found TryGet(const Patience& patience, ProcessWait& wait, Read& read,
               ProcessGrant* grant) {
    Section section(ring_);
    const bool granted = Fetch(wait);
    Note();
    if (!(granted ? ring_.Size() != 0 : ring_.HasItem()) &&
        !(Mend(section), ring_.HasItem())) {
      return ring_.IsClosed() ? Found::kClosed
                              : NotThere(kQueueItems, patience, wait);
    }
    section.is_unused = true;
    const uint64_t number = ring_.gets.load(std::memory_order_relaxed);
    const std::byte* const slot = ring_.SlotOf(number);
    uint64_t size;
    __builtin_memcpy(&size, slot, sizeof(size));
    read(slot + RingShape::kHeadBytes, static_cast<size_t>(size));
    Store(ring_.gets, number + 1);
    section.is_unused = false;
    if (!ring_.IsClosed()) *grant = ring_.GrantRoom();
    Note();
    return Found::kIt;
  }

  // What dead ones were granted is free again.
  void Mend(Section& section) noexcept { section.guard.Wake(ring_.Settle()); }

  Found NotThere(uint32_t signal, const Patience& patience, ProcessWait& wait) {
    if (!patience.may_block) return Found::kNothing;
    Enter(signal, wait);
    return Found::kWait;
  }
  void Enter(uint32_t signal, ProcessWait& wait) noexcept {
    wait.signal = signal;
    EnterWait(ring_.waiters(), wait);
  }
  bool Await(uint32_t signal, ProcessWait& wait, const Patience& patience) {
    return recorder_.Await(signal, wait, ring_.settle(), patience.deadline);
  }

  template <typename Count>
  static void Store(std::atomic<Count>& count,
                    std::type_identity_t<Count> value) noexcept {
    count.store(value, std::memory_order_release);
  }
  void Note() noexcept {
    now_ = {ring_.Sequence(), ring_.Size(), ring_.Room(), ring_.Unfinished()};
  }

  ProcessRing& ring_;
  Recorder recorder_;
  QueueNow now_{};
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PROCESS_QUEUE_H_
