// Locks, and threads that take two of them in one order and in the other.
#ifndef LOCKCHECK_TESTS_PROGRAMS_LIVE_LOCKS_H_
#define LOCKCHECK_TESTS_PROGRAMS_LIVE_LOCKS_H_

#include <functional>
#include <latch>
#include <mutex>

#include "lockcheck/lockcheck.h"

namespace {

lockcheck::mutex g_a("a"), g_b("b"), g_c("c"), g_d("d"), g_gate("gate");
lockcheck::shared_mutex g_x("x"), g_y("y");

template <typename First, typename Second>
void InOrder(First& first, Second& second) {
  std::lock_guard outer(first);
  std::lock_guard inner(second);
}

// Both threads live all the time, but one acts after the other.
void OneAfterTheOther(const std::function<void()>& first,
                      const std::function<void()>& second) {
  std::latch turn(1), done(1);
  lockcheck::thread one([&] {
    first();
    turn.count_down();
    done.wait();
  });
  lockcheck::thread two([&] {
    turn.wait();
    second();
    done.count_down();
  });
  one.join();
  two.join();
}

void Abba() {
  OneAfterTheOther([] { InOrder(g_a, g_b); }, [] { InOrder(g_b, g_a); });
}

void OtherCouldLockUp() {
  OneAfterTheOther([] { InOrder(g_c, g_d); }, [] { InOrder(g_d, g_c); });
}

}  // namespace

#endif  // LOCKCHECK_TESTS_PROGRAMS_LIVE_LOCKS_H_
