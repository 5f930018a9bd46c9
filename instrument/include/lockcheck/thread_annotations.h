// clang's thread safety attributes, active only with LOCKCHECK_THREAD_SAFETY
// defined and a compiler that has them. clang does not know libstdc++'s guards,
// so code that is checked uses lockcheck's own. It looks at a lambda on its
// own, so a predicate that reads what is guarded says what it requires:
//   cv.wait(guard, [this]() LOCKCHECK_REQUIRES(mu_) { return ready_; });
//
// LOCKCHECK_ACQUIRED_BEFORE and _AFTER are of members and globals, and clang
// looks at them only with -Wthread-safety-beta, within one function, successful
// tries included. lockcheck::acquired_before() and acquired_after()
// (lock_order.h) are of objects, and what the program did is held against them.
#ifndef LOCKCHECK_THREAD_ANNOTATIONS_H_
#define LOCKCHECK_THREAD_ANNOTATIONS_H_

#if defined(LOCKCHECK_THREAD_SAFETY) && defined(__clang__)
#define LOCKCHECK_TSA(x) __attribute__((x))
#else
#define LOCKCHECK_TSA(x)
#endif

#define LOCKCHECK_CAPABILITY(name) LOCKCHECK_TSA(capability(name))
#define LOCKCHECK_SCOPED_CAPABILITY LOCKCHECK_TSA(scoped_lockable)
#define LOCKCHECK_GUARDED_BY(x) LOCKCHECK_TSA(guarded_by(x))
#define LOCKCHECK_PT_GUARDED_BY(x) LOCKCHECK_TSA(pt_guarded_by(x))
#define LOCKCHECK_ACQUIRED_BEFORE(...) \
  LOCKCHECK_TSA(acquired_before(__VA_ARGS__))
#define LOCKCHECK_ACQUIRED_AFTER(...) LOCKCHECK_TSA(acquired_after(__VA_ARGS__))
#define LOCKCHECK_ACQUIRE(...) LOCKCHECK_TSA(acquire_capability(__VA_ARGS__))
#define LOCKCHECK_RELEASE(...) LOCKCHECK_TSA(release_capability(__VA_ARGS__))
#define LOCKCHECK_TRY_ACQUIRE(...) \
  LOCKCHECK_TSA(try_acquire_capability(__VA_ARGS__))
#define LOCKCHECK_SHARED_CAPABILITY(name) LOCKCHECK_TSA(capability(name))
#define LOCKCHECK_ACQUIRE_SHARED(...) \
  LOCKCHECK_TSA(acquire_shared_capability(__VA_ARGS__))
#define LOCKCHECK_RELEASE_SHARED(...) \
  LOCKCHECK_TSA(release_shared_capability(__VA_ARGS__))
#define LOCKCHECK_RELEASE_GENERIC(...) \
  LOCKCHECK_TSA(release_generic_capability(__VA_ARGS__))
#define LOCKCHECK_TRY_ACQUIRE_SHARED(...) \
  LOCKCHECK_TSA(try_acquire_shared_capability(__VA_ARGS__))
#define LOCKCHECK_REQUIRES_SHARED(...) \
  LOCKCHECK_TSA(requires_shared_capability(__VA_ARGS__))
#define LOCKCHECK_REQUIRES(...) LOCKCHECK_TSA(requires_capability(__VA_ARGS__))
#define LOCKCHECK_EXCLUDES(...) LOCKCHECK_TSA(locks_excluded(__VA_ARGS__))
#define LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS \
  LOCKCHECK_TSA(no_thread_safety_analysis)

#endif  // LOCKCHECK_THREAD_ANNOTATIONS_H_
