// Locks with order keys: accounts are taken in the order of theirs, shelves are
// not, and one of the boxes has none. Keys are given before and after the first
// use.
#include <mutex>

#include "lockcheck/lockcheck.h"

namespace {

template <typename Lock>
void TakeBoth(Lock& first, Lock& second) {
  const std::lock_guard outer(first);
  const std::lock_guard inner(second);
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
}
