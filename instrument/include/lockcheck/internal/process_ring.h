// The items of a process::queue, in memory that processes share, and who waits
// for them.
//
// Problem: whoever is killed, in the middle of a put or a get, must leave a
// queue that the others can go on with. So all that it has are four counts that
// only grow, each changed by one store under the guard: what was put, got and
// done, and whether it is closed. An item is written before it is counted as
// put, so one whose putter died half way does not exist; it is read before it
// is counted as got. Everything else follows from the counts: how many there
// are, what is unfinished, the number of an act, and whom something is to be
// granted to (Settle()), which whoever gets the guard from one who died does
// first.
//
// What was granted to a waiter no other takes, so nobody overtakes.
//
// Threading: with the guard, but for the counts, which anybody may read.
// Cost: an item is copied into its slot, and out of it.
#ifndef LOCKCHECK_INTERNAL_PROCESS_RING_H_
#define LOCKCHECK_INTERNAL_PROCESS_RING_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/process_waiters.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// What can be waited for; the end of a queue's items is defined by these two
// (runtime/process_shadow.cc).
enum ProcessQueueSignal : uint32_t {
  kQueueItems = 0,
  kQueueRoom = 1,
  kQueueEnd = 2,
  kQueueClosing = 3,  // nobody waits for it: who finds it closed is after it
};

struct RingShape {
  uint32_t slots;
  uint32_t slot_bytes;  // for an item, at most

  static constexpr size_t kAlignment = 64, kHeadBytes = 16;
  size_t Bytes() const { return slots * Stride(); }
  size_t Stride() const {
    return (kHeadBytes + size_t{slot_bytes} + kHeadBytes - 1) / kHeadBytes *
           kHeadBytes;
  }
};

// Behind it lie the slots: the size of an item, and the item.
struct alignas(RingShape::kAlignment) ProcessRing {
  ProcessRing(ProcessWaiters& w, const RingShape& s) noexcept
      : waiters_offset(static_cast<int32_t>(reinterpret_cast<char*>(&w) -
                                            reinterpret_cast<char*>(this))),
        shape(s) {
    constexpr SlotMask kItems = 0x00003fff, kRoom = 0x0fffc000;
    w.slots_for[kQueueItems] = kItems;
    w.slots_for[kQueueRoom] = kRoom;
    w.slots_for[kQueueEnd] = ~(kItems | kRoom);
  }
  ProcessRing(const ProcessRing&) = delete;
  ProcessRing& operator=(const ProcessRing&) = delete;

  const int32_t waiters_offset;
  const RingShape shape;
  // They never come round: where an item lies depends on them.
  std::atomic<uint64_t> puts{0}, gets{0}, dones{0};
  std::atomic<uint32_t> closed{0};
  // The number of the act after which nothing was unfinished, last.
  std::atomic<uint32_t> finished{0};

  ProcessWaiters& waiters() noexcept {
    return *reinterpret_cast<ProcessWaiters*>(reinterpret_cast<char*>(this) +
                                              waiters_offset);
  }
  uint32_t Size() const noexcept { return Difference(puts, gets); }
  uint32_t Room() const noexcept { return shape.slots - Size(); }
  uint32_t Unfinished() const noexcept { return Difference(puts, dones); }
  bool IsClosed() const noexcept {
    return closed.load(std::memory_order_relaxed) != 0;
  }
  // Orders puts and gets.
  uint32_t Sequence() const noexcept {
    return static_cast<uint32_t>(Load(puts) + Load(gets));
  }

  std::byte* SlotOf(uint64_t number) noexcept {
    return reinterpret_cast<std::byte*>(this + 1) +
           number % shape.slots * shape.Stride();
  }

  // ---- With the guard -------------------------------------------------------
  // Of what is there, what nobody was granted.
  bool HasItem() noexcept {
    return Size() > CountGranted(waiters(), kQueueItems);
  }
  bool HasRoom() noexcept {
    return !IsClosed() && Room() > CountGranted(waiters(), kQueueRoom);
  }
  ProcessGrant GrantItems() noexcept { return Grant(kQueueItems, Size()); }
  ProcessGrant GrantRoom() noexcept { return Grant(kQueueRoom, Room()); }

  SlotMask Settle() noexcept {
    for (const uint32_t signal : {kQueueItems, kQueueRoom, kQueueEnd}) {
      DropDeadGrants(waiters(), signal);
    }
    SlotMask woken = 0;
    if (IsClosed()) {
      woken = GrantTo(waiters(), kQueueItems, kEverybody).slots |
              GrantTo(waiters(), kQueueRoom, kEverybody).slots;
    } else {
      woken = GrantItems().slots | GrantRoom().slots;
    }
    if (Unfinished() == 0) {
      woken |= GrantTo(waiters(), kQueueEnd, kEverybody).slots;
    }
    return woken;
  }
  ProcessSettle settle() noexcept {
    return {this, [](void* ring, bool) noexcept {
              return static_cast<ProcessRing*>(ring)->Settle();
            }};
  }

 private:
  using Count = std::atomic<uint64_t>;
  static uint64_t Load(const Count& count) noexcept {
    return count.load(std::memory_order_relaxed);
  }
  static uint32_t Difference(const Count& more, const Count& less) noexcept {
    return static_cast<uint32_t>(Load(more) - Load(less));
  }
  ProcessGrant Grant(uint32_t signal, uint32_t there) noexcept {
    const uint32_t granted = CountGranted(waiters(), signal);
    return GrantTo(waiters(), signal, there > granted ? there - granted : 0);
  }
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PROCESS_RING_H_
