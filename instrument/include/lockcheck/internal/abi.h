// Names the ABI: everything in lockcheck:: lives in an inline namespace that
// says which version of the runtime it belongs to and whether instrumentation
// is on, so that mixing two kinds fails at link time and not at run time.
#ifndef LOCKCHECK_INTERNAL_ABI_H_
#define LOCKCHECK_INTERNAL_ABI_H_

#if !defined(__x86_64__) || !defined(__linux__)
#error "lockcheck supports Linux on x86-64 only."
#endif
#if __cplusplus < 202002L
#error "lockcheck needs C++20: compile with -std=c++20 or newer."
#endif

#if defined(LOCKCHECK_DISABLED)
#define LOCKCHECK_ABI abi_1_disabled
#else
#define LOCKCHECK_ABI abi_1
#endif

#define LOCKCHECK_ALWAYS_INLINE [[gnu::always_inline]] inline
// Behind a lambda's parameters. A lambda that passes a SiteSlot on must have
// it: the stack of an operation is the slot's function and that one's callers,
// and would begin again within that function if the lambda had a frame of its
// own.
#define LOCKCHECK_INLINE_LAMBDA __attribute__((always_inline))

#endif  // LOCKCHECK_INTERNAL_ABI_H_
