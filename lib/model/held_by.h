// Whose a lock is: a coroutine's, which is suspended while it waits, or a
// thread's, which sleeps.
//
// A coroutine that holds a lock of its own kind keeps nobody's thread from
// going on; one that holds a lock of threads does, as long as it is suspended.
#ifndef LOCKCHECK_LIB_MODEL_HELD_BY_H_
#define LOCKCHECK_LIB_MODEL_HELD_BY_H_

#include "lib/model/primitives.h"

namespace lockcheck::model {

// The names of such kinds begin alike, which the table of kinds promises.
constexpr bool IsHeldByCoroutines(ObjectKind kind) {
  const char* name = PrimitiveOf(kind).name;
  for (const char* c = "coroutine_"; *c != 0; ++c, ++name) {
    if (*name != *c) return false;
  }
  return CanBeHeld(kind);
}
static_assert(IsHeldByCoroutines(ObjectKind::kCoroutineMutex));

// A lock that threads wait for, asleep. Permits are none: whoever comes by may
// give one back.
constexpr bool IsHeldByThreads(ObjectKind kind) {
  return CanBeHeld(kind) && !EndsByAnybody(kind) &&
         kind != ObjectKind::kActorEnd && kind != ObjectKind::kUnknown &&
         !IsHeldByCoroutines(kind);
}

}  // namespace lockcheck::model

#endif  // LOCKCHECK_LIB_MODEL_HELD_BY_H_
