// Tests outside the tree: one is safe, one shows a deadlock that can happen.
#include <lockcheck/gtest.h>

#include <barrier>

namespace {

lockcheck::mutex books("books");
lockcheck::mutex cash("cash");

void Take(lockcheck::mutex& outer, lockcheck::mutex& inner) {
  lockcheck::lock_guard hold_outer(outer);
  lockcheck::lock_guard hold_inner(inner);
}

TEST(Outside, OneOrder) {
  Take(books, cash);
  lockcheck::thread([] { Take(books, cash); }).join();
}

TEST(Outside, BothOrders) {
  // Both threads live at one time, or the join would put them in order.
  std::barrier both(2);
  lockcheck::thread other([&] {
    Take(books, cash);
    both.arrive_and_wait();
  });
  both.arrive_and_wait();
  Take(cash, books);
  other.join();
}

}  // namespace
