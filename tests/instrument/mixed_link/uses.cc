#include "lockcheck/lockcheck.h"

void Guard(lockcheck::mutex& mutex);

int main() {
  lockcheck::mutex mutex;
  Guard(mutex);
}
