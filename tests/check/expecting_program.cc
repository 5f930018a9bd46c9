// Tests with blocks that are judged for themselves, of which
// tests/check/expect_test.cc runs some.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>

#include "lockcheck/gtest.h"
#include "tests/check/pair.h"

namespace watched {
namespace {

TEST(Child, Throws) {
  LOCKCHECK_EXPECT_DEADLOCK(actual) { throw std::runtime_error("boom"); };
}
TEST(Child, ThrowsNoException) {
  LOCKCHECK_EXPECT_DEADLOCK(actual) { throw 7; };
}
TEST(ChildThen, Runs) {}

TEST(Child, EndsItsProcess) {
  LOCKCHECK_EXPECT_DEADLOCK(actual) { std::exit(66); };
}
TEST(Child, IsKilled) {
  LOCKCHECK_EXPECT_DEADLOCK(actual) { raise(SIGKILL); };
}
TEST(Child, FailsAndLocksUp) {
  Pair p;
  LOCKCHECK_EXPECT_DEADLOCK(actual) {
    EXPECT_EQ(1, 2) << "in the block";
    LockUp(p);
  };
}
TEST(Child, WaitsForWhatAThreadOfTheTestHolds) {
  Pair p;
  std::barrier both(2);
  lockcheck::thread t([&] {
    lockcheck::lock_guard hold(p.a);
    both.arrive_and_wait();
    both.arrive_and_wait();
  });
  both.arrive_and_wait();
  LOCKCHECK_EXPECT_DEADLOCK(actual) { lockcheck::lock_guard hold(p.a); };
  both.arrive_and_wait();
  t.join();
}
TEST(Child, RunsForEverAndTakesNoAlarm) {
  lockcheck::testing::SetActualDeadlockLimit(std::chrono::milliseconds(300));
  LOCKCHECK_EXPECT_DEADLOCK(actual) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    while (true) pause();
  };
}
TEST(Child, LocksUpWhereNobodyWaitsForChildren) {
  Pair p;
  signal(SIGCHLD, SIG_IGN);
  LOCKCHECK_EXPECT_DEADLOCK(actual) { LockUp(p); };
  signal(SIGCHLD, SIG_DFL);
}

// ---- In place ---------------------------------------------------------------

void BothOrders(Pair& p) {
  InTwoThreads([&] { p.AThenB(); }, [&] { p.BThenA(); });
}

TEST(Block, ExpectsADeadlockAndShowsMisuse) {
  Pair p;
  LOCKCHECK_EXPECT_DEADLOCK(possible) {
    BothOrders(p);
    p.a.unlock();
  };
}
TEST(Block, HasOneHalfOfACycle) {
  Pair p;
  InTwoThreads([&] { p.AThenB(); },
               [&] {
                 LOCKCHECK_EXPECT_NO_DEADLOCK { p.BThenA(); };
               });
}
TEST(Block, ExpectsNoneInOneThatExpectsOne) {
  Pair p;
  LOCKCHECK_EXPECT_DEADLOCK(possible) {
    BothOrders(p);
    LOCKCHECK_EXPECT_NO_DEADLOCK { p.AThenB(); };
  };
}
TEST(Block, ExpectsOneInOneThatExpectsNone) {
  Pair p;
  LOCKCHECK_EXPECT_NO_DEADLOCK {
    p.AThenB();
    LOCKCHECK_EXPECT_DEADLOCK(possible) { BothOrders(p); };
  };
}
TEST(Block, HasOneHalfOfACycleInABlock) {
  Pair p, q;
  LOCKCHECK_EXPECT_DEADLOCK(possible) {
    InTwoThreads([&] { p.AThenB(); },
                 [&] {
                   LOCKCHECK_EXPECT_NO_DEADLOCK { p.BThenA(); };
                 });
  };
}
TEST(Block, ThrowsAfterADeadlock) {
  Pair p;
  try {
    LOCKCHECK_EXPECT_DEADLOCK(possible) {
      BothOrders(p);
      throw std::runtime_error("boom");
    };
  } catch (const std::runtime_error&) {
  }
}

}  // namespace
}  // namespace watched
