// Locks with order keys: accounts are taken in the order of theirs, shelves are
// not, and one of the boxes has none. Keys are given before and after the first
// use. Of two crates that lie at one address, one after the other, the first
// has a key. Files and trays, which are timed, are taken in their order,
// several times each and by readers.
#include <mutex>
#include <new>
#include <shared_mutex>

#include "lockcheck/lockcheck.h"

namespace {

template <typename Lock>
void TakeBoth(Lock& first, Lock& second) {
  const std::lock_guard outer(first);
  const std::lock_guard inner(second);
}

// The second one lies where the first one lay.
void TakeCrates() {
  alignas(lockcheck::mutex) unsigned char memory[sizeof(lockcheck::mutex)];
  for (const bool has_key : {true, false}) {
    auto* const crate = new (memory) lockcheck::mutex("crate");
    if (has_key) lockcheck::order_key(*crate, 5);
    crate->lock();
    crate->unlock();
    crate->~mutex();
  }
}

void TakeFiles() {
  lockcheck::recursive_timed_mutex first("file"), second("file");
  lockcheck::order_key(first, 1);
  lockcheck::order_key(second, 2);
  const std::lock_guard outer(first);
  const std::lock_guard again(first);
  TakeBoth(second, second);
}

void ReadTrays() {
  lockcheck::shared_timed_mutex first("tray"), second("tray");
  lockcheck::order_key(first, 1);
  lockcheck::order_key(second, 2);
  const std::shared_lock outer(first);
  const std::shared_lock inner(second);
}

}  // namespace

int main() {
  lockcheck::mutex small_account("account"), large_account("account");
  lockcheck::order_key(small_account, 0);
  lockcheck::order_key(large_account, 4'000'000'000);
  TakeBoth(small_account, large_account);

  lockcheck::recursive_mutex upper_shelf("shelf"), lower_shelf("shelf");
  TakeBoth(upper_shelf, lower_shelf);
  lockcheck::order_key(lower_shelf, 1);
  lockcheck::order_key(upper_shelf, 2);

  lockcheck::shared_mutex red_box("box"), blue_box("box");
  lockcheck::order_key(blue_box, 3);
  lockcheck::order_key(blue_box, 7);
  TakeBoth(red_box, blue_box);

  TakeCrates();
  TakeFiles();
  ReadTrays();
}
