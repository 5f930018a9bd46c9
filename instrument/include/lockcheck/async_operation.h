// async_operation: something that the outside does while the actor that asked
// for it goes on: a read that was submitted, a request that was sent.
//
//   lockcheck::async_operation read("read config");
//   read.start();                    // and hand it to the kernel
//   ...                              // other work
//   read.wait();                     // or wait_for, wait_until, is_done()
//
// Whoever handles the reply calls complete(), or cancel() if there will be
// none: any thread, once for each start(). wait() blocks until then and returns
// at once if nothing was started; wait_for() and wait_until() return whether it
// is over. What was done before complete() is seen after the wait that it ends.
//
// In the log: start, end, the waits, and of each thread that it found nothing
// in flight. What ends it is the outside, so nobody is known to be stuck in a
// wait for it; a lock that is held meanwhile and that others ask for is a
// finding (hazard blocking-call), and so is one that each thread needs that was
// seen to complete it (a possible deadlock).
//
// complete() and cancel() of what was not started throw std::logic_error; the
// rest throws nothing. The name must outlive the operation. Misuse: destruction
// while somebody waits. Cost: that of an event. Any thread may use it.
#ifndef LOCKCHECK_ASYNC_OPERATION_H_
#define LOCKCHECK_ASYNC_OPERATION_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/plain_wait_disabled.h"
#else
#include "lockcheck/internal/waitable.h"
#endif

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

[[noreturn]] inline void ThrowNotStarted() {
#if defined(__cpp_exceptions)
  throw std::logic_error("lockcheck: operation ended that was not started");
#else
  std::abort();
#endif
}

#if defined(LOCKCHECK_DISABLED)

// How many were started and are not over.
class Outstanding {
 public:
  // The number before.
  uint32_t Add() noexcept {
    return count_.fetch_add(1, std::memory_order_relaxed);
  }
  // The number after.
  uint32_t Remove() {
    uint32_t count = count_.load(std::memory_order_relaxed);
    do {
      if (count == 0) ThrowNotStarted();
    } while (!count_.compare_exchange_weak(count, count - 1,
                                           std::memory_order_acq_rel,
                                           std::memory_order_relaxed));
    return count - 1;
  }
  bool IsNone() const noexcept {
    return count_.load(std::memory_order_acquire) == 0;
  }
  std::atomic<uint32_t>& word() const noexcept { return count_; }

 private:
  mutable std::atomic<uint32_t> count_{0};
};

}  // namespace internal

class async_operation {
 public:
  explicit async_operation(const char* = nullptr,
                           source_location = {}) noexcept {}
  async_operation(const async_operation&) = delete;
  async_operation& operator=(const async_operation&) = delete;

  void start() noexcept { outstanding_.Add(); }
  void complete() {
    if (outstanding_.Remove() == 0) internal::WakeAll(outstanding_.word());
  }
  void cancel() { complete(); }
  bool is_done() const noexcept { return outstanding_.IsNone(); }
  void wait() const noexcept {
    internal::SleepUntil(outstanding_.word(), 0, nullptr, IsZero);
  }
  template <typename Rep, typename Period>
  bool wait_for(const std::chrono::duration<Rep, Period>& duration) const {
    return internal::SleepFor(outstanding_.word(), 0, duration, IsZero);
  }
  template <typename Clock, typename Duration>
  bool wait_until(const std::chrono::time_point<Clock, Duration>& time) const {
    return internal::SleepUntilTime(outstanding_.word(), 0, time, IsZero);
  }

 private:
  static bool IsZero(uint32_t count) { return count == 0; }
  internal::Outstanding outstanding_;
};

#else

// How many were started and are not over, and how often that has changed: in
// one word, so that the acts on an operation have numbers in their order.
class Outstanding {
 public:
  struct Now {
    uint32_t count, number;
  };
  Now Get() const noexcept { return Of(word_.load(std::memory_order_acquire)); }
  // What is so after it.
  Now Add() noexcept {
    constexpr uint64_t kChange = kAct + 1;
    return Of(word_.fetch_add(kChange, std::memory_order_relaxed) + kChange);
  }
  // What is so after it.
  Now Remove() {
    uint64_t word = word_.load(std::memory_order_relaxed);
    do {
      if (Of(word).count == 0) ThrowNotStarted();
    } while (!word_.compare_exchange_weak(word, word + kAct - 1,
                                          std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
    return Of(word + kAct - 1);
  }

 private:
  static constexpr uint64_t kAct = uint64_t{1} << 32;
  static constexpr Now Of(uint64_t word) {
    return {static_cast<uint32_t>(word), static_cast<uint32_t>(word >> 32)};
  }
  std::atomic<uint64_t> word_{0};
};

}  // namespace internal

class async_operation : internal::Waitable<internal::WaitKind::kOperation> {
  using Base = internal::Waitable<internal::WaitKind::kOperation>;

 public:
  constexpr explicit async_operation(
      const char* name = nullptr,
      source_location where = source_location::current()) noexcept
      : Base(name, where) {}

  LOCKCHECK_ALWAYS_INLINE void start() noexcept {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Use use(*this);
    const auto now = outstanding_.Add();
    PostAt({internal::PostKind::kClear, 0, now.number, now.count}, slot,
           LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE void complete() {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    EndAt(slot, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE void cancel() {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    EndAt(slot, LOCKCHECK_CALLER());
  }
  bool is_done() const noexcept { return outstanding_.Get().count == 0; }

  LOCKCHECK_ALWAYS_INLINE void wait() const noexcept {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const internal::Caller caller = LOCKCHECK_CALLER();
    TakeAfter(How::kBlocking, slot, caller, [&](auto is_done) {
      return AwaitAt(slot, caller, nullptr, is_done);
    });
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool wait_for(
      const std::chrono::duration<Rep, Period>& duration) const {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const internal::Caller caller = LOCKCHECK_CALLER();
    return TakeAfter(HowFor(duration), slot, caller, [&](auto is_done) {
      return AwaitFor(slot, caller, duration, is_done);
    });
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool wait_until(
      const std::chrono::time_point<Clock, Duration>& time) const {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const internal::Caller caller = LOCKCHECK_CALLER();
    return TakeAfter(How::kTimed, slot, caller, [&](auto is_done) {
      return AwaitUntil(slot, caller, time, is_done);
    });
  }

 private:
  using How = internal::How;

  // Waits by `wait`, a function of what is waited for, and records that it was
  // so, if anything was ever started.
  template <typename Wait>
  bool TakeAfter(How how, internal::SiteSlot* slot, internal::Caller caller,
                 Wait wait) const {
    const Use use(*this);
    internal::Outstanding::Now now{};
    const bool done = wait([this, &now] {
      now = outstanding_.Get();
      return now.count == 0;
    });
    if (done && now.number != 0) TakeAt(now.number, how, slot, caller);
    return done;
  }
  void EndAt(internal::SiteSlot* slot, internal::Caller caller) {
    const Use use(*this);
    const auto now = outstanding_.Remove();
    PostAt({internal::PostKind::kComplete,
            now.count == 0 ? internal::kAllWaiters : 0, now.number, now.count},
           slot, caller);
  }

  internal::Outstanding outstanding_;
};

#endif

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_ASYNC_OPERATION_H_
