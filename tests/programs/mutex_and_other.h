// Two locks, taken in one order and in the other.
#ifndef LOCKCHECK_TESTS_PROGRAMS_MUTEX_AND_OTHER_H_
#define LOCKCHECK_TESTS_PROGRAMS_MUTEX_AND_OTHER_H_

#include <mutex>

#include "lockcheck/mutex.h"

namespace {

lockcheck::mutex g_mutex("mutex"), g_other("other");

void MutexThenOther() {
  const std::lock_guard hold(g_mutex);
  const std::lock_guard inner(g_other);
}
void OtherThenMutex() {
  const std::lock_guard hold(g_other);
  const std::lock_guard inner(g_mutex);
}

}  // namespace

#endif  // LOCKCHECK_TESTS_PROGRAMS_MUTEX_AND_OTHER_H_
