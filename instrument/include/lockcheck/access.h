// LOCKCHECK_READ(x), LOCKCHECK_WRITE(x): x, and its read or write is recorded.
//
//   LOCKCHECK_WRITE(state) = kReady;          // under the lock that guards it
//   if (LOCKCHECK_READ(state) == kReady) ...
//
// For variables that stay what they are; see lockcheck/shared.h for what it is
// good for, and for what is so of races. READ is a const reference, WRITE one
// to assign through; both record when they are evaluated, so neither is to be
// kept. x is an lvalue, and no bit-field.
//
// A variable is known by its address, and is the same one until
// LOCKCHECK_FORGET(x) says that what is there next is another: before memory is
// given back that held one. If it is not said, a read of the new variable may
// be taken for one of the old one's last value, and put behind its write. Up to
// 8,192 addresses are known; of others nothing is recorded, and one line on
// stderr says so. FORGET does not make room.
//
// Thread safety: any for READ and WRITE, which are no lock and order nothing
// (lockcheck/shared.h). FORGET is like a destructor: no other thread may access
// x meanwhile, nor at the same address before it is done; if one does, its
// access may be recorded of the old variable or the new one, or not at all, and
// no verdict that rests on it is to be relied upon. All may be used in signal
// handlers; what a handler accesses for the first time while this thread does
// is not recorded.
// Nothing blocks or throws. x: of any type.
// Cost: a search in a table, and what shared<T> costs. With LOCKCHECK_DISABLED
// x alone.
#ifndef LOCKCHECK_ACCESS_H_
#define LOCKCHECK_ACCESS_H_

#include <memory>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

#if !defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/variable.h"
#endif

namespace lockcheck::inline LOCKCHECK_ABI::internal {

#if defined(LOCKCHECK_DISABLED)

template <typename T>
const T& ReadVariable(const T& variable, const char* /*name*/) {
  return variable;
}
template <typename T>
T& WriteVariable(T& variable, const char* /*name*/) {
  return variable;
}
template <typename T>
void ForgetVariable(const T& /*variable*/) {}

#else

template <typename T>
LOCKCHECK_ALWAYS_INLINE const T& ReadVariable(
    const T& variable, const char* name,
    source_location where = source_location::current()) {
  if (IsOff()) return variable;
  SiteSlot* slot;
  LOCKCHECK_SITE_SLOT(slot);
  AccessedAt(std::addressof(variable), AccessKind::kRead, name, where, slot,
             LOCKCHECK_CALLER());
  return variable;
}
template <typename T>
LOCKCHECK_ALWAYS_INLINE T& WriteVariable(
    T& variable, const char* name,
    source_location where = source_location::current()) {
  if (IsOff()) return variable;
  SiteSlot* slot;
  LOCKCHECK_SITE_SLOT(slot);
  AccessedAt(std::addressof(variable), AccessKind::kWrite, name, where, slot,
             LOCKCHECK_CALLER());
  return variable;
}
template <typename T>
void ForgetVariable(const T& variable) {
  if (!IsOff()) ForgetVariableAt(std::addressof(variable));
}

#endif

// What is read must have an address that lasts.
template <typename T>
const T& ReadVariable(const T&& variable, const char* name) = delete;

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#define LOCKCHECK_READ(x) (::lockcheck::internal::ReadVariable((x), #x))
#define LOCKCHECK_WRITE(x) (::lockcheck::internal::WriteVariable((x), #x))
#define LOCKCHECK_FORGET(x) (::lockcheck::internal::ForgetVariable((x)))

#endif  // LOCKCHECK_ACCESS_H_
