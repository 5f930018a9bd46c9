// Two threads take two locks in opposite orders, one after the other, so it
// never hangs. Ends with the status that it is told.
#include <lockcheck/lockcheck.h>

#include <barrier>
#include <cstdlib>

namespace {

lockcheck::mutex books("books");
lockcheck::mutex cash("cash");

void Take(lockcheck::mutex& outer, lockcheck::mutex& inner) {
  lockcheck::lock_guard hold_outer(outer);
  lockcheck::lock_guard hold_inner(inner);
}

}  // namespace

int main(int argc, char** argv) {
  // Both threads live at one time, or the join would put them in order.
  std::barrier both(2);
  lockcheck::thread other([&] {
    Take(books, cash);
    both.arrive_and_wait();
  });
  both.arrive_and_wait();
  Take(cash, books);
  other.join();
  return argc > 1 ? std::atoi(argv[1]) : 0;
}
