// process::semaphore: permits that threads of several processes acquire and
// release; process::bounded_semaphore: one that must not be released above what
// it began with. They must lie in memory that the processes share: see
// process/shared.h.
//
// Interface, blocking behaviour and exceptions are
// lockcheck::counting_semaphore's and lockcheck::bounded_semaphore's: who has
// waited longest gets the permit, whatever process it is of; release() beyond
// max(), or above the bound, throws std::logic_error and changes nothing.
//
// Whoever is killed, and whenever, the others go on. A permit that was for a
// waiter who died before it had it is for the next one, at the latest a quarter
// of a second later. A permit that a process dies with is not given back: only
// the program knows whether what it stands for is free again; then anybody may
// release it. That it died with one is a hazard in the log, as far as it is
// known who had it.
//
// The name is copied; 63 bytes are kept. It is destroyed when no process uses
// it any more. Not for signal handlers.
//
// In the log: as lockcheck::counting_semaphore, one object for all processes of
// a recording: permits are held like locks as long as every release is by a
// thread that has acquired; from the first one that is not, acquisitions are
// waits for whoever releases. A thread of a process that does not record counts
// as one that has not acquired, and so does a forked child for what its parent
// has acquired.
// Misuse: destruction while somebody waits; over-release of a bounded one.
//
// Cost: two robust pthread mutexes for a pair, and their records; see also
// process/event.h for waiting. Size: about 2 KB. Any thread may use it.
#ifndef LOCKCHECK_PROCESS_SEMAPHORE_H_
#define LOCKCHECK_PROCESS_SEMAPHORE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/process_semaphore_disabled.h"
#else
#include "lockcheck/internal/process_semaphore.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

// What both types share.
class ProcessSemaphoreBase {
 public:
  static constexpr ptrdiff_t max() noexcept { return kMostProcessPermits; }

  ProcessSemaphoreBase(ptrdiff_t permits, ptrdiff_t bound, const char* name,
                       source_location where) noexcept
      : state_(permits, bound, name, where) {}
  ~ProcessSemaphoreBase() { DestroyProcessSemaphore(state_); }
  ProcessSemaphoreBase(const ProcessSemaphoreBase&) = delete;
  ProcessSemaphoreBase& operator=(const ProcessSemaphoreBase&) = delete;

  LOCKCHECK_ALWAYS_INLINE void acquire() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    AcquireProcessPermit(state_, slot, LOCKCHECK_CALLER(), nullptr);
  }
  LOCKCHECK_ALWAYS_INLINE bool try_acquire() noexcept {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return TryAcquireProcessPermit(state_, slot, LOCKCHECK_CALLER());
  }
  // Blocks for at most `duration`; not at all if it is not positive.
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool try_acquire_for(
      const std::chrono::duration<Rep, Period>& duration) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Deadline deadline = DeadlineAfter(duration);
    return AcquireProcessPermit(state_, slot, LOCKCHECK_CALLER(), &deadline);
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool try_acquire_until(
      const std::chrono::time_point<Clock, Duration>& time) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    return Until(time, [&](const Deadline& deadline) {
      return AcquireProcessPermit(state_, slot, caller, &deadline);
    });
  }
  LOCKCHECK_ALWAYS_INLINE void release(ptrdiff_t update = 1) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    ReleaseProcessPermits(state_, update, slot, LOCKCHECK_CALLER());
  }

 private:
  ProcessSemaphoreState state_;
};

}  // namespace internal

namespace process {

class semaphore : public internal::ProcessSemaphoreBase {
 public:
  explicit semaphore(ptrdiff_t desired, source_location where =
                                            source_location::current()) noexcept
      : internal::ProcessSemaphoreBase(desired, max(), nullptr, where) {}
  semaphore(ptrdiff_t desired, const char* name,
            source_location where = source_location::current()) noexcept
      : internal::ProcessSemaphoreBase(desired, max(), name, where) {}
};

class bounded_semaphore : public internal::ProcessSemaphoreBase {
 public:
  explicit bounded_semaphore(
      ptrdiff_t bound,
      source_location where = source_location::current()) noexcept
      : internal::ProcessSemaphoreBase(bound, bound, nullptr, where) {}
  bounded_semaphore(ptrdiff_t bound, const char* name,
                    source_location where = source_location::current()) noexcept
      : internal::ProcessSemaphoreBase(bound, bound, name, where) {}
};

}  // namespace process
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // !LOCKCHECK_DISABLED
#endif  // LOCKCHECK_PROCESS_SEMAPHORE_H_
