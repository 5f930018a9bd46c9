// Tests that never end by themselves, of which tests/check/stuck_test.cc runs
// some.
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrier>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "lockcheck/gtest.h"
#include "tests/check/pair.h"
#include "tests/programs/in_turn.h"

namespace watched {
namespace {

using lockcheck::testing::AwaitSleeper;

// ---- Nobody is left ---------------------------------------------------------

TEST(NobodyLeft, Semaphore) {
  lockcheck::binary_semaphore posted(0, "posted");
  posted.acquire();
}
TEST(NobodyLeft, Event) {
  lockcheck::event set;
  set.wait();
}
TEST(NobodyLeft, Queue) {
  lockcheck::queue<int> items;
  items.get();
}
TEST(NobodyLeft, LostWakeup) {
  lockcheck::mutex m("m");
  lockcheck::condition_variable changed("changed");
  lockcheck::thread([&] {
    lockcheck::lock_guard lock(m);
    changed.notify_one();
  }).join();
  lockcheck::unique_lock lock(m);
  changed.wait(lock);
}
TEST(NobodyLeft, IdleWorker) {
  bool never = false;
  lockcheck::mutex m("m");
  lockcheck::condition_variable changed("changed");
  const auto wait = [&] {
    lockcheck::unique_lock lock(m);
    while (!never) changed.wait(lock);
  };
  lockcheck::thread worker(wait);
  wait();
  worker.join();
}
TEST(NobodyLeft, InABlock) {
  lockcheck::binary_semaphore posted(0, "posted");
  LOCKCHECK_EXPECT_DEADLOCK(actual) { posted.acquire(); };
}
// A child waits for ever, as one does that is to be killed.
TEST(NobodyLeft, InAChildThatIsKilled) {
  int told[2];
  ASSERT_EQ(pipe(told), 0);
  const pid_t child = fork();
  if (child == 0) {
    // The parent reads what the runtime says of it.
    dup2(told[1], 2);
    lockcheck::binary_semaphore posted(0, "posted");
    posted.acquire();
    _exit(0);
  }
  char c;
  ASSERT_EQ(read(told[0], &c, 1), 1);
  kill(child, SIGKILL);
  int status;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
}

// ---- Waits of std's ---------------------------------------------------------

TEST(StdWaits, Join) {
  Pair p;
  lockcheck::lock_guard hold(p.a);
  std::thread t([&] { lockcheck::lock_guard wants(p.a); });
  t.join();
}
TEST(StdWaits, Async) {
  Pair p;
  lockcheck::lock_guard hold(p.a);
  std::async(std::launch::async, [&] {
    lockcheck::lock_guard wants(p.a);
  }).get();
}
TEST(StdWaits, ConditionOfAnUnknownThread) {
  std::mutex m;
  std::condition_variable changed;
  bool never = false;
  std::thread t([&] {
    std::unique_lock lock(m);
    while (!never) changed.wait(lock);
  });
  lockcheck::binary_semaphore posted(0, "posted");
  posted.acquire();
  t.join();
}
TEST(StdWaits, EndOfAnUnknownThread) {
  std::mutex m;
  std::condition_variable changed;
  bool never = false;
  std::thread unknown([&] {
    std::unique_lock lock(m);
    while (!never) changed.wait(lock);
  });
  Pair p;
  lockcheck::lock_guard hold(p.a);
  lockcheck::thread t([&] { lockcheck::lock_guard wants(p.a); });
  unknown.join();
}

// Each is a wait that ends, of who has what another thread waits for.
template <typename Wait>
void HoldDuring(Wait wait) {
  Pair p;
  std::thread t;
  {
    lockcheck::lock_guard hold(p.a);
    t = std::thread([&] { lockcheck::lock_guard wants(p.a); });
    wait();
  }
  t.join();
}
constexpr std::chrono::milliseconds kLong(600);

TEST(StdWaitsThatEnd, Sleep) {
  HoldDuring([] { std::this_thread::sleep_for(kLong); });
}
TEST(StdWaitsThatEnd, Poll) {
  HoldDuring([] { poll(nullptr, 0, kLong.count()); });
}
TEST(StdWaitsThatEnd, TimedCondition) {
  HoldDuring([] {
    std::mutex m;
    std::condition_variable changed;
    std::unique_lock lock(m);
    changed.wait_for(lock, kLong, [] { return false; });
  });
}
TEST(StdWaitsThatEnd, JoinOfWhoSleeps) {
  HoldDuring(
      [] { std::thread([] { std::this_thread::sleep_for(kLong); }).join(); });
}
TEST(StdWaitsThatEnd, ReadOfWhatAnotherWrites) {
  HoldDuring([] {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    std::thread writer([&] {
      std::this_thread::sleep_for(kLong);
      EXPECT_EQ(write(ends[1], "x", 1), 1);
    });
    char c;
    EXPECT_EQ(read(ends[0], &c, 1), 1);
    writer.join();
  });
}

// ---- Threads of nobody's ----------------------------------------------------

// They are in each other's way when the barrier lets them go, or later.
void LockUpBesides() {
  auto* const p = new Pair;
  auto* const both = new std::barrier<>(2);
  const auto in_order = [both](lockcheck::mutex& one, lockcheck::mutex& two) {
    lockcheck::thread([&one, &two, both] {
      lockcheck::lock_guard first(one);
      both->arrive_and_wait();
      lockcheck::lock_guard second(two);
    }).detach();
  };
  in_order(p->a, p->b);
  in_order(p->b, p->a);
}
TEST(Besides, One) { LockUpBesides(); }
TEST(Besides, Two) {
  LockUpBesides();
  LockUpBesides();
}
TEST(BesidesThen, Goes) {}
TEST(BesidesThen, GoesOn) { Pair().AThenB(); }
TEST(BesidesThen, Stays) {
  while (true) pause();
}

// ---- Under on_deadlock=throw ------------------------------------------------

TEST(DoesNotThrow, Join) {
  Pair p;
  lockcheck::lock_guard hold(p.a);
  lockcheck::thread t([&] { lockcheck::lock_guard wants(p.a); });
  AwaitSleeper(p.a);
  t.join();
}
TEST(DoesNotThrow, TheLockThatAWaitTakesAgain) {
  Pair p;
  lockcheck::condition_variable changed("changed");
  bool ready = false;
  std::barrier waits(2);
  lockcheck::thread t([&] {
    lockcheck::lock_guard outer(p.b);
    lockcheck::unique_lock lock(p.a);
    waits.arrive_and_wait();
    while (!ready) changed.wait(lock);
  });
  waits.arrive_and_wait();
  lockcheck::lock_guard hold(p.a);  // when the other one waits
  ready = true;
  lockcheck::thread notifier([&] {
    AwaitSleeper(p.b);
    changed.notify_all();
  });
  lockcheck::lock_guard wants(p.b);
}

// ---- Between tests ----------------------------------------------------------

TEST(Earlier, Passes) {}

class SuiteThatLocksUp : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    Pair p;
    LockUp(p);
  }
};
TEST_F(SuiteThatLocksUp, NeverBegins) {}

TEST(Later, Passes) {}

}  // namespace
}  // namespace watched
