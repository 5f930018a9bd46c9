// Names the ABI: everything in lockcheck:: lives in an inline namespace that
// says which version of the runtime it belongs to and whether instrumentation
// is on, so that mixing two kinds fails at link time and not at run time.
#ifndef LOCKCHECK_INTERNAL_ABI_H_
#define LOCKCHECK_INTERNAL_ABI_H_

#if !defined(__x86_64__) || !defined(__linux__)
#error "lockcheck supports Linux on x86-64 only."
#endif

#if defined(LOCKCHECK_DISABLED)
#define LOCKCHECK_ABI abi_1_disabled
#else
#define LOCKCHECK_ABI abi_1
#endif

#define LOCKCHECK_ALWAYS_INLINE [[gnu::always_inline]] inline

#endif  // LOCKCHECK_INTERNAL_ABI_H_
