// Those who wait for a coroutine's lock.
//
// While somebody waits the lock's word never becomes 0: who lets go of it names
// the one who has waited longest, so nobody who comes by is before it. A short
// lock guards the list. The word is changed without it only by who takes the
// lock when it is free, by the owner, if nobody waits, and by readers: one more
// if nobody waits, and one less unless it is the last and somebody waits.
#ifndef LOCKCHECK_INTERNAL_COROUTINE_LOCK_H_
#define LOCKCHECK_INTERNAL_COROUTINE_LOCK_H_

#include <atomic>
#include <cstdint>
#include <mutex>

#include "lockcheck/internal/coroutine_run.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

inline constexpr uint32_t kCoroutineWaits = 1u << 31;
// Of a word that names no owner: how many read the lock.
inline constexpr uint32_t kCoroutineReads = 1u << 30;

struct LockWaiter {
  enum State : uint8_t { kNew, kQueued, kHasLock, kGaveUp, kRefused };

  Chain* chain;
  uint32_t owner;  // the word that names it
  bool reads = false;
  State state = kNew;
  LockWaiter* next = nullptr;
  LockWaiter* previous = nullptr;
};

// A reader who need not wait. False: it has to.
inline bool ReadAtOnce(std::atomic<uint32_t>& word) {
  uint32_t seen = word.load(std::memory_order_relaxed);
  while (seen == 0 ||
         ((seen & kCoroutineReads) != 0 && (seen & kCoroutineWaits) == 0)) {
    if (word.compare_exchange_weak(seen, (seen | kCoroutineReads) + 1,
                                   std::memory_order_acquire,
                                   std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

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
      const bool is_open =
          owner == 0 || (waiter.reads && (owner & kCoroutineReads) != 0 &&
                         (owner & kCoroutineWaits) == 0);
      if (is_open) {
        const uint32_t taken =
            waiter.reads ? (owner | kCoroutineReads) + 1 : waiter.owner;
        if (word.compare_exchange_weak(owner, taken, std::memory_order_acquire,
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

  // By the owner. Those that have the lock now, for ResumeAll(): one, or
  // readers. The lock may be gone afterwards.
  LockWaiter* Pass(std::atomic<uint32_t>& word) {
    const std::lock_guard guard(guard_);
    if (first_ == nullptr) {
      word.store(0, std::memory_order_release);
      return nullptr;
    }
    return PassLocked(word);
  }
  // The same by a reader.
  LockWaiter* PassReading(std::atomic<uint32_t>& word) {
    uint32_t seen = word.load(std::memory_order_relaxed);
    while ((seen & kCoroutineReads) != 0) {
      const bool is_last = (seen & ~kCoroutineWaits) == kCoroutineReads + 1;
      if (is_last && (seen & kCoroutineWaits) != 0) {
        const std::lock_guard guard(guard_);
        seen = word.load(std::memory_order_relaxed);
        if (seen == (kCoroutineWaits | kCoroutineReads) + 1) {
          return PassLocked(word);
        }
      } else if (word.compare_exchange_weak(seen, is_last ? 0 : seen - 1,
                                            std::memory_order_release,
                                            std::memory_order_relaxed)) {
        return nullptr;
      }
    }
    return nullptr;
  }
  // After a writer that was in front of readers has given up: those of them
  // that read now, as others do.
  LockWaiter* Admit(std::atomic<uint32_t>& word) {
    const std::lock_guard guard(guard_);
    uint32_t seen = word.load(std::memory_order_relaxed);
    if (first_ == nullptr || !first_->reads || (seen & kCoroutineReads) == 0) {
      return nullptr;
    }
    uint32_t count;
    LockWaiter* const admitted = TakeReaders(&count);
    // Other readers may stop meanwhile, but for the last.
    const uint32_t no_more = first_ == nullptr ? kCoroutineWaits : 0;
    while (!word.compare_exchange_weak(seen, (seen + count) & ~no_more,
                                       std::memory_order_release,
                                       std::memory_order_relaxed)) {
    }
    return admitted;
  }

  // The waiter waits no more, and need not have begun to. False: it did not, or
  // it has got the lock meanwhile. Readers may have to be admitted.
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
  // Of which one is first. They stay linked.
  LockWaiter* TakeReaders(uint32_t* count) {
    LockWaiter* const readers = first_;
    LockWaiter* last = nullptr;
    for (*count = 0; first_ != nullptr && first_->reads; ++*count) {
      last = first_;
      last->state = LockWaiter::kHasLock;
      Unlink(*last);
    }
    last->next = nullptr;
    return readers;
  }
  LockWaiter* PassLocked(std::atomic<uint32_t>& word) {
    LockWaiter* const waiter = first_;
    uint32_t taken = waiter->owner;
    if (waiter->reads) {
      uint32_t count;
      TakeReaders(&count);
      taken = kCoroutineReads + count;
    } else {
      Unlink(*waiter);
      waiter->next = nullptr;
      waiter->state = LockWaiter::kHasLock;
    }
    const uint32_t bit = first_ == nullptr ? 0 : kCoroutineWaits;
    word.store(taken | bit, std::memory_order_release);
    return waiter;
  }

  std::mutex guard_;
  LockWaiter* first_ = nullptr;
  LockWaiter* last_ = nullptr;
};

// Each of them may be gone as soon as it is resumed.
inline void ResumeAll(LockWaiter* waiter) {
  while (waiter != nullptr) {
    Chain* const chain = waiter->chain;
    waiter = waiter->next;
    PushIfAny(chain);
  }
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_COROUTINE_LOCK_H_
