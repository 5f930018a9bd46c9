// Two threads that wait for each other for ever.
#include <lockcheck/lockcheck.h>

#include <barrier>

int main() {
  lockcheck::mutex books("books"), cash("cash");
  std::barrier both(2);
  const auto take = [&](lockcheck::mutex& outer, lockcheck::mutex& inner) {
    lockcheck::lock_guard hold_outer(outer);
    both.arrive_and_wait();
    lockcheck::lock_guard hold_inner(inner);
  };
  lockcheck::thread other([&] { take(books, cash); });
  take(cash, books);
  other.join();
}
