#include "lockcheck/lockcheck.h"

void Guard(lockcheck::mutex& mutex) {
  const lockcheck::lock_guard guard(mutex);
}
