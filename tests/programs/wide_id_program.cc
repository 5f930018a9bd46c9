// Two locks whose ids have the same low 17 bits, of which a short record of one
// has no more: the one with the wide id is let go of first.
#include <deque>

#include "lockcheck/lockcheck.h"

int main() {
  constexpr int kShortIds = 1 << 17, kNumber = 5;
  std::deque<lockcheck::mutex> locks(kShortIds + kNumber);
  for (lockcheck::mutex& lock : locks) {  // ids from 1 on
    lock.lock();
    lock.unlock();
  }
  lockcheck::mutex& narrow = locks[kNumber - 1];
  lockcheck::mutex& wide = locks[kShortIds + kNumber - 1];
  for (int i = 0; i < 3; ++i) {
    wide.lock();
    narrow.lock();
    wide.unlock();
    narrow.unlock();
  }
}
