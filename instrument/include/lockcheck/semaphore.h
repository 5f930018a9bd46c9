// counting_semaphore, binary_semaphore: std's types of the same names,
// recorded; bounded_semaphore: one that must not be released above what it
// began with, as Python's threading.BoundedSemaphore.
//
// Interface, blocking behaviour, memory order and exceptions are std's, with
// these differences:
//   * who has waited longest gets the permit, and no running thread takes it
//     away in between; std leaves that open;
//   * max() is 2^31 - 1 for every least_max_value; release() beyond it throws
//     std::logic_error and changes nothing (std: undefined);
//   * bounded_semaphore::release() above the initial count throws
//     std::logic_error, is reported as misuse, and changes nothing;
//   * it may be destroyed as soon as an acquisition has returned, whoever is
//     still within release().
// Each constructor takes an optional name, which must outlive the semaphore.
//
// As long as every release is by an actor that has acquired, permits are held
// like locks: a semaphore that begins with one is a lock, and takes part in the
// order of locks. From the first release by an actor that holds none the
// semaphore is a signal: its acquisitions are waits for whoever posts.
//
// Misuse: destruction while somebody waits; over-release of a bounded one.
// Cost: inline, about a mutex's, as long as permits are held, of a bounded one
// two atomic operations more; else one call for each operation. Size: 128
// bytes. Any thread may use it.
#ifndef LOCKCHECK_SEMAPHORE_H_
#define LOCKCHECK_SEMAPHORE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/semaphore_disabled.h"
#else
#include "lockcheck/internal/deadline.h"
#include "lockcheck/internal/hot_permit.h"
#include "lockcheck/internal/semaphore.h"
#include "lockcheck/internal/tsan.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

// What the three types share.
template <bool kBounded>
class SemaphoreBase {
 public:
  static constexpr ptrdiff_t max() noexcept { return kMostPermits; }

  constexpr SemaphoreBase(ptrdiff_t permits, uint32_t bound, const char* name,
                          source_location where) noexcept
      : state_(static_cast<uint32_t>(permits), bound, name, where) {}
  ~SemaphoreBase() {
    if (state_.users.load(std::memory_order_acquire) != 0) {
      AwaitUsersEnd(state_.queue, state_.users);
      state_.users.load(std::memory_order_acquire);  // for ThreadSanitizer
    }
    DestroySemaphore(state_);
  }
  SemaphoreBase(const SemaphoreBase&) = delete;
  SemaphoreBase& operator=(const SemaphoreBase&) = delete;

  LOCKCHECK_ALWAYS_INLINE void acquire() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    if (!AcquirePermitHot<kBounded>(state_, slot) &&
        !WarmAcquirePermit(state_, slot)) {
      AcquirePermit(state_, slot, LOCKCHECK_CALLER(), nullptr);
    }
    AnnounceAcquired(&state_);
  }
  LOCKCHECK_ALWAYS_INLINE bool try_acquire() noexcept {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return Announced(TryAcquirePermit(state_, slot, LOCKCHECK_CALLER()));
  }
  // Blocks for at most `duration`; not at all if it is not positive.
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool try_acquire_for(
      const std::chrono::duration<Rep, Period>& duration) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Deadline deadline = DeadlineAfter(duration);
    return Announced(
        AcquirePermit(state_, slot, LOCKCHECK_CALLER(), &deadline));
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool try_acquire_until(
      const std::chrono::time_point<Clock, Duration>& time) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    return Announced(Until(time, [&](const Deadline& deadline) {
      return AcquirePermit(state_, slot, caller, &deadline);
    }));
  }
  LOCKCHECK_ALWAYS_INLINE void release(ptrdiff_t update = 1) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    AnnounceRelease(&state_);
    if (update == 1 &&
        (ReleasePermitHot<kBounded>(state_) || WarmReleasePermit(state_))) {
      return;
    }
    ReleasePermits(state_, update, slot, LOCKCHECK_CALLER());
  }

 private:
  LOCKCHECK_ALWAYS_INLINE bool Announced(bool acquired) {
    if (acquired) AnnounceAcquired(&state_);
    return acquired;
  }
  SemaphoreState state_;
};

}  // namespace internal

template <ptrdiff_t kLeastMaxValue = internal::kMostPermits>
class counting_semaphore : public internal::SemaphoreBase<false> {
  static_assert(kLeastMaxValue >= 0 &&
                kLeastMaxValue <= internal::kMostPermits);

 public:
  constexpr explicit counting_semaphore(
      ptrdiff_t desired,
      source_location where = source_location::current()) noexcept
      : internal::SemaphoreBase<false>(desired, internal::kMostPermits, nullptr,
                                       where) {}
  constexpr counting_semaphore(
      ptrdiff_t desired, const char* name,
      source_location where = source_location::current()) noexcept
      : internal::SemaphoreBase<false>(desired, internal::kMostPermits, name,
                                       where) {}
};

using binary_semaphore = counting_semaphore<1>;

class bounded_semaphore : public internal::SemaphoreBase<true> {
 public:
  constexpr explicit bounded_semaphore(
      ptrdiff_t bound,
      source_location where = source_location::current()) noexcept
      : internal::SemaphoreBase<true>(bound, static_cast<uint32_t>(bound),
                                      nullptr, where) {}
  constexpr bounded_semaphore(
      ptrdiff_t bound, const char* name,
      source_location where = source_location::current()) noexcept
      : internal::SemaphoreBase<true>(bound, static_cast<uint32_t>(bound), name,
                                      where) {}
};

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // !LOCKCHECK_DISABLED
#endif  // LOCKCHECK_SEMAPHORE_H_
