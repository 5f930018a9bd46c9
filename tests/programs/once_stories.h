// Stories of once_flags, and of what passing one puts in order.
#ifndef LOCKCHECK_TESTS_PROGRAMS_ONCE_STORIES_H_
#define LOCKCHECK_TESTS_PROGRAMS_ONCE_STORIES_H_

#include <latch>
#include <mutex>
#include <stdexcept>

#include "lockcheck/lockcheck.h"
#include "tests/programs/in_turn.h"
#include "tests/programs/mutex_and_other.h"

namespace {

using lockcheck::testing::AwaitSleeper;
using lockcheck::testing::InTurn;
using lockcheck::this_thread::set_name;

lockcheck::once_flag g_once("once");

template <typename Meet>
void LockInOnce(Meet meet) {
  set_name("once first");
  lockcheck::call_once(g_once, [&] {
    meet();
    const std::lock_guard hold(g_mutex);
  });
}
template <typename Meet>
void OnceUnderLock(Meet meet) {
  set_name("mutex first");
  const std::lock_guard hold(g_mutex);
  meet();
  lockcheck::call_once(g_once, [] {});
}
void Nothing() {}

template <typename Order>
void OnceAndMutex() {
  Order::Tell([](auto meet) { LockInOnce(meet); },
              [](auto meet) { OnceUnderLock(meet); });
}

// Safe: who has passed a flag never waits for it again. But it is seen that
// another lock is held at the second pass.
void OnceAndMutexLater() {
  InTurn([] { LockInOnce(Nothing); },
         [] {
           lockcheck::mutex other("other");
           for (lockcheck::mutex* m : {&other, &g_mutex}) {
             const std::lock_guard hold(*m);
             lockcheck::call_once(g_once, [] {});
           }
         });
}

// The function takes two locks that are taken in the other order after it.
void OtherThenMutexAfterOnce() {
  lockcheck::call_once(g_once, MutexThenOther);
  OtherThenMutex();
}

// Safe: the function has returned when anybody goes on.
void OnceOrders() { InTurn(OtherThenMutexAfterOnce, OtherThenMutexAfterOnce); }

// Safe: who waited for the function goes on when it has returned.
void OnceOrdersWhoWaits() {
  std::latch runs(1);
  lockcheck::thread first([&] {
    lockcheck::call_once(g_once, [&] {
      runs.count_down();
      AwaitSleeper(g_once);
      MutexThenOther();
    });
  });
  lockcheck::thread second([&] {
    runs.wait();
    OtherThenMutexAfterOnce();
  });
  first.join();
  second.join();
}

void OnceAgain() {
  for (int i = 0; i < 4; ++i) lockcheck::call_once(g_once, Nothing);
}

// The bug: the second one does not call it.
void OnceNotPassed() { InTurn(OtherThenMutexAfterOnce, OtherThenMutex); }

// The bug: who comes second would run the function if it came first, so what
// the first one did before its call is in no order with what is done after it.
void BeforeOnce() {
  InTurn(
      [] {
        MutexThenOther();
        lockcheck::call_once(g_once, Nothing);
      },
      [] {
        lockcheck::call_once(g_once, Nothing);
        OtherThenMutex();
      });
}

// The bug: the first one's function has thrown, so it has passed nothing.
void OnceThrows() {
  InTurn(
      [] {
        try {
          lockcheck::call_once(g_once, [] { throw std::runtime_error("no"); });
        } catch (const std::runtime_error&) {
        }
        OtherThenMutex();
      },
      [] { lockcheck::call_once(g_once, MutexThenOther); });
}

// Safe: always in this order.
void OnceUnderMutex() {
  const auto under = [] { OnceUnderLock(Nothing); };
  InTurn(under, under);
}

// Safe: the function has been run before there are threads.
void OnceBefore() {
  LockInOnce(Nothing);
  OnceUnderMutex();
}

}  // namespace

#endif  // LOCKCHECK_TESTS_PROGRAMS_ONCE_STORIES_H_
