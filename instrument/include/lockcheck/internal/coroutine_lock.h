// Those who wait for a coroutine's lock.
//
// While somebody waits the lock's word never becomes 0: who lets go of it names
// the one who has waited longest, so nobody who comes by is before it. A short
// lock guards the list; the word is changed without it only by who takes the
// lock when it is free, and by the owner, if nobody waits.
#ifndef LOCKCHECK_INTERNAL_COROUTINE_LOCK_H_
#define LOCKCHECK_INTERNAL_COROUTINE_LOCK_H_

#include <atomic>
#include <cstdint>
#include <mutex>

#include "lockcheck/internal/coroutine_chain.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

inline constexpr uint32_t kCoroutineWaits = 1u << 31;

struct LockWaiter {
  enum State : uint8_t { kNew, kQueued, kHasLock, kGaveUp, kRefused };

  Chain* chain;
  uint32_t owner;  // the word that names it
  State state = kNew;
  LockWaiter* next = nullptr;
  LockWaiter* previous = nullptr;
};

class LockWaiters {
 public:
  constexpr LockWaiters() = default;
  // Who has let the lock go may still be on the way out of Pass().
  ~LockWaiters() { const std::lock_guard guard(guard_); }
  LockWaiters(const LockWaiters&) = delete;
  LockWaiters& operator=(const LockWaiters&) = delete;

  // False: the waiter does not wait, and its state says why.
  bool Enter(std::atomic<uint32_t>& word, LockWaiter& waiter) {
    const std::lock_guard guard(guard_);
    if (waiter.state != LockWaiter::kNew) return false;
    uint32_t owner = word.load(std::memory_order_relaxed);
    while (true) {
      if (owner == 0) {
        if (word.compare_exchange_weak(owner, waiter.owner,
                                       std::memory_order_acquire,
                                       std::memory_order_relaxed)) {
          waiter.state = LockWaiter::kHasLock;
          return false;
        }
      } else if ((owner & kCoroutineWaits) != 0 ||
                 word.compare_exchange_weak(owner, owner | kCoroutineWaits,
                                            std::memory_order_relaxed)) {
        break;
      }
    }
    waiter.previous = last_;
    (last_ == nullptr ? first_ : last_->next) = &waiter;
    last_ = &waiter;
    waiter.state = LockWaiter::kQueued;
    return true;
  }

  // By the owner. The one that has the lock now, to be resumed; null: nobody.
  // The lock may be gone afterwards.
  Chain* Pass(std::atomic<uint32_t>& word) {
    const std::lock_guard guard(guard_);
    LockWaiter* const waiter = first_;
    if (waiter == nullptr) {
      word.store(0, std::memory_order_release);
      return nullptr;
    }
    Unlink(*waiter);
    const uint32_t bit = first_ == nullptr ? 0 : kCoroutineWaits;
    word.store(waiter->owner | bit, std::memory_order_release);
    waiter->state = LockWaiter::kHasLock;
    return waiter->chain;
  }

  // The waiter waits no more, and need not have begun to. False: it did not, or
  // it has got the lock meanwhile.
  bool GiveUp(std::atomic<uint32_t>& word, LockWaiter& waiter) {
    const std::lock_guard guard(guard_);
    const bool was_queued = waiter.state == LockWaiter::kQueued;
    if (was_queued) Unlink(waiter);
    if (was_queued && first_ == nullptr) {
      word.fetch_and(~kCoroutineWaits, std::memory_order_relaxed);
    }
    if (was_queued || waiter.state == LockWaiter::kNew) {
      waiter.state = LockWaiter::kGaveUp;
    }
    return was_queued;
  }

 private:
  void Unlink(LockWaiter& waiter) {
    (waiter.previous == nullptr ? first_ : waiter.previous->next) = waiter.next;
    (waiter.next == nullptr ? last_ : waiter.next->previous) = waiter.previous;
  }

  std::mutex guard_;
  LockWaiter* first_ = nullptr;
  LockWaiter* last_ = nullptr;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_COROUTINE_LOCK_H_
