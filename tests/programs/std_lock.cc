// Orders of locks with std's ways to take several at once, each made by two
// threads one after the other. Compiled at several levels of optimization.
#include <lockcheck/lockcheck.h>

#include <cstdlib>
#include <latch>
#include <mutex>
#include <string_view>

namespace {

lockcheck::mutex g("g"), a("a"), b("b"), c("c"), d("d");

template <typename First, typename Second>
void Both(First first, Second second) {
  std::latch first_is_done(1), second_is_done(1);
  lockcheck::thread x([&] {
    first();
    first_is_done.count_down();
    second_is_done.wait();
  });
  lockcheck::thread y([&] {
    first_is_done.wait();
    second();
    second_is_done.count_down();
  });
  x.join();
  y.join();
}

template <typename Outer, typename Inner>
void Nested(Outer& outer, Inner& inner) {
  std::lock_guard first(outer);
  std::lock_guard second(inner);
}

void Run(std::string_view story) {
  if (story == "scoped") {
    Both(
        [] {
          std::lock_guard outer(g);
          std::scoped_lock both(a, b);
        },
        [] { Nested(b, g); });
  } else if (story == "deferred") {
    Both(
        [] {
          std::lock_guard outer(g);
          std::unique_lock x(a, std::defer_lock), y(b, std::defer_lock),
              z(c, std::defer_lock);
          std::lock(x, y, z);
        },
        [] { Nested(c, g); });
  } else if (story == "within") {
    Both(
        [] {
          std::scoped_lock both(a, b);
          std::scoped_lock more(c, d);
        },
        [] { Nested(d, b); });
  } else if (story == "crossed") {  // safe: nobody waits with a member in hand
    Both([] { std::scoped_lock both(a, b); },
         [] { std::scoped_lock both(b, a); });
  } else if (story == "one by one") {  // safe, for the same reason
    Both([] { std::scoped_lock both(a, b); }, [] { Nested(b, a); });
  } else if (story == "try") {  // safe: it gives up
    Both(
        [] {
          std::lock_guard outer(g);
          if (std::try_lock(a, b) != -1) std::abort();
          a.unlock();
          b.unlock();
        },
        [] { Nested(b, g); });
  } else if (story == "gate") {  // safe: both under one lock
    Both(
        [] {
          std::lock_guard gate(d);
          std::lock_guard outer(g);
          std::scoped_lock both(a, b);
        },
        [] {
          std::lock_guard gate(d);
          Nested(b, g);
        });
  } else {
    std::abort();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2) Run(argv[1]);
}
