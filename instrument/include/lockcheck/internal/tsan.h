// Tells ThreadSanitizer what a lock orders.
//
// Problem: a program may be built with -fsanitize=thread and linked with a
// lockcheck that was not. The sanitizer then sees the half of a lock that is
// inlined and not the half that is in the library, and reports races that the
// lock prevents. So acquisitions and releases are announced from here, and the
// inlined half, which changes the state of the thread and gives the order in
// which threads take over that state away to the library, is left out.
//
// A runtime that is built with the sanitizer itself needs none of this, and its
// tests would prove nothing with it.
#ifndef LOCKCHECK_INTERNAL_TSAN_H_
#define LOCKCHECK_INTERNAL_TSAN_H_

#include "lockcheck/internal/abi.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LOCKCHECK_UNDER_TSAN
#endif
#elif defined(__SANITIZE_THREAD__)
#define LOCKCHECK_UNDER_TSAN
#endif

#if defined(LOCKCHECK_UNDER_TSAN) && !defined(LOCKCHECK_RUNTIME_UNDER_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace lockcheck::inline LOCKCHECK_ABI::internal {

#if defined(LOCKCHECK_UNDER_TSAN) && !defined(LOCKCHECK_RUNTIME_UNDER_TSAN)
inline constexpr bool kAnnounce = true;
// After the lock was taken, and before it is released.
LOCKCHECK_ALWAYS_INLINE void AnnounceAcquired(void* lock) {
  __tsan_acquire(lock);
}
LOCKCHECK_ALWAYS_INLINE void AnnounceRelease(void* lock) {
  __tsan_release(lock);
}
#else
inline constexpr bool kAnnounce = false;
LOCKCHECK_ALWAYS_INLINE void AnnounceAcquired(void*) {}
LOCKCHECK_ALWAYS_INLINE void AnnounceRelease(void*) {}
#endif
#undef LOCKCHECK_UNDER_TSAN

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_TSAN_H_
