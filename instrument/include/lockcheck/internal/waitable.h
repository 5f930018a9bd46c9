// What event, latch, barrier and future have in common: threads wait until
// something is so, and an act that makes it so is a post.
//
// Problem: who finds it so returns, and may destroy the object, while the act
// that made it so has still to wake others and to be recorded. So everything
// but the shortest way is counted as a use, from before the change on, and the
// destructor waits until the uses are over: a moment, if the object was rightly
// destroyed. Who still waits then is misuse and is not waited for.
//
// Threading: all functions but the destructor may run at the same time.
#ifndef LOCKCHECK_INTERNAL_WAITABLE_H_
#define LOCKCHECK_INTERNAL_WAITABLE_H_

#include <atomic>
#include <chrono>
#include <cstdint>

#include "lockcheck/internal/deadline.h"
#include "lockcheck/internal/hot.h"
#include "lockcheck/internal/seen.h"
#include "lockcheck/internal/wait_queue.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

template <WaitKind kKind>
class Waitable {
 public:
  Waitable(const Waitable&) = delete;
  Waitable& operator=(const Waitable&) = delete;

 protected:
  constexpr Waitable(const char* name, source_location where,
                     uint32_t begins_with = 0) noexcept
      : queue_(name, where, begins_with) {}
  ~Waitable() {
    if (users_.load(std::memory_order_acquire) != 0) {
      AwaitUsersEnd(queue_, users_);
      users_.load(std::memory_order_acquire);  // where ThreadSanitizer sees it
    }
    DestroyWaitQueue(queue_);
  }

  // While one of these lives, the object does.
  class Use {
   public:
    explicit Use(const Waitable& used) : used_(used) {
      used_.users_.fetch_add(1, std::memory_order_relaxed);
    }
    ~Use() { used_.users_.fetch_sub(1, std::memory_order_release); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    const Waitable& used_;
  };

  uint32_t BeginsWith() const { return queue_.initial; }

  // Whether the thread need not record again that it found this.
  LOCKCHECK_ALWAYS_INLINE bool IsTaken(uint32_t sequence, How how) const {
    return HasSeen(queue_.tag.load(std::memory_order_relaxed), sequence, how) ||
           IsOff();
  }
  // What is asked for so long.
  template <typename Rep, typename Period>
  static constexpr How HowFor(
      const std::chrono::duration<Rep, Period>& duration) {
    return duration > duration.zero() ? How::kTimed : How::kTry;
  }

  // Where it is made, if its constructor was not told.
  void MadeAt(SiteSlot* slot, Caller caller) {
    NoteMade(queue_, kKind, slot, caller);
  }
  // The rest is for users.
  void PostAt(const PostFacts& facts, SiteSlot* slot, Caller caller) {
    Post(queue_, kKind, facts, slot, caller);
  }
  // Each thread records it once.
  void TakeAt(uint32_t sequence, How how, SiteSlot* slot, Caller caller) const {
    if (IsTaken(sequence, how)) return;
    Take(queue_, kKind, {how, sequence, 0}, slot, caller);
    NoteSeen(queue_.tag.load(std::memory_order_relaxed), sequence, how);
  }
  [[noreturn]] void ArrivedTooOftenAt(SiteSlot* slot, Caller caller) {
    ArrivedTooOften(queue_, kKind, slot, caller);
  }

  // Blocks until it is so (true), or the deadline has passed; then says whether
  // it is so all the same. `is_so` is asked before each sleep and after it.
  template <typename IsSo>
  bool AwaitAt(SiteSlot* slot, Caller caller, const Deadline* deadline,
               IsSo is_so) const {
    while (!is_so()) {
      Waiter waiter;
      Enqueue(queue_, kKind, waiter, slot, caller);
      if (is_so()) {
        Withdraw(queue_, waiter);
        return true;
      }
      if (!SleepUntilSignalled(queue_, waiter, slot, caller, deadline)) {
        return is_so();
      }
    }
    return true;
  }

  // AwaitAt() for any of std::chrono's times. A duration that is over already
  // asks, and does not wait.
  template <typename Rep, typename Period, typename IsSo>
  bool AwaitFor(SiteSlot* slot, Caller caller,
                const std::chrono::duration<Rep, Period>& duration,
                IsSo is_so) const {
    if (HowFor(duration) == How::kTry) return AskAt(slot, caller, is_so);
    const Deadline deadline = DeadlineAfter(duration);
    return AwaitAt(slot, caller, &deadline, is_so);
  }
  template <typename Clock, typename Duration, typename IsSo>
  bool AwaitUntil(SiteSlot* slot, Caller caller,
                  const std::chrono::time_point<Clock, Duration>& time,
                  IsSo is_so) const {
    return Until(time, [&](const Deadline& deadline) {
      return AwaitAt(slot, caller, &deadline, is_so);
    });
  }
  template <typename IsSo>
  bool AskAt(SiteSlot* slot, Caller caller, IsSo is_so) const {
    if (is_so()) return true;
    TryFailed(queue_, kKind, slot, caller);
    return false;
  }

 private:
  [[no_unique_address]] mutable WaitQueue queue_;
  mutable std::atomic<uint32_t> users_{0};
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_WAITABLE_H_
