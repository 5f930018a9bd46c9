// Two threads whose order is made by what lockcheck does not see: so nothing
// but luck, for all it knows.
#ifndef LOCKCHECK_TESTS_PROGRAMS_IN_TURN_H_
#define LOCKCHECK_TESTS_PROGRAMS_IN_TURN_H_

#include <atomic>
#include <cstdint>
#include <latch>
#include <thread>

#include "lockcheck/thread.h"

namespace lockcheck::testing {

// One after the other. Both threads live until both have done it.
template <typename First, typename Second>
void InTurn(First first, Second second) {
  std::latch first_is_done(1), second_is_done(1);
  thread x([&] {
    first();
    first_is_done.count_down();
    second_is_done.wait();
  });
  thread y([&] {
    first_is_done.wait();
    second();
    second_is_done.count_down();
  });
  x.join();
  y.join();
}

// The two orders in which a story of two threads is told, each of which is
// given a function `meet`. Bugs are latent in the first one, and happen in the
// second.

// `meet()` does nothing.
struct OneAfterTheOther {
  template <typename First, typename Second>
  static void Tell(First first, Second second) {
    InTurn([&] { first([] {}); }, [&] { second([] {}); });
  }
};

// Nobody passes `meet()` before the other has come there, too.
struct AtOnce {
  template <typename First, typename Second>
  static void Tell(First first, Second second) {
    std::latch both(2);
    const auto meet = [&] { both.arrive_and_wait(); };
    thread x([&] { first(meet); });
    thread y([&] { second(meet); });
    x.join();
    y.join();
  }
};

// Waits until a thread sleeps on the lock: its word says so.
template <typename Mutex>
void AwaitSleeper(const Mutex& m) {
  const auto* word = reinterpret_cast<const std::atomic<uint32_t>*>(&m);
  while ((word->load() & (1u << 31)) == 0) std::this_thread::yield();
}

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_PROGRAMS_IN_TURN_H_
