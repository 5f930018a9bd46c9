// Tests as a user writes them, of which tests/check/gtest_test.cc runs some.
#include <barrier>
#include <cstdlib>
#include <thread>
#include <vector>

#include "lockcheck/gtest.h"
#include "tests/check/pair.h"

namespace watched {
namespace {

TEST(Watched, BothOrders) {
  Pair p;
  InTwoThreads([&] { p.AThenB(); }, [&] { p.BThenA(); });
}

// A ring of more locks than are looked at in one cycle, by threads whose joins
// are not seen.
TEST(Watched, AVeryLongRing) {
  constexpr size_t kLocks = 40;
  std::vector<lockcheck::mutex> locks(kLocks);
  for (size_t i = 0; i < kLocks; ++i) {
    std::thread([&] {
      lockcheck::lock_guard first(locks[i]);
      lockcheck::lock_guard second(locks[(i + 1) % kLocks]);
    }).join();
  }
}

TEST(Watched, OneOrder) {
  Pair p;
  InTwoThreads([&] { p.AThenB(); }, [&] { p.AThenB(); });
}

TEST(Watched, OneThread) {
  Pair p;
  p.AThenB();
  p.BThenA();
}

TEST(Watched, OneAfterTheOther) {
  Pair p;
  lockcheck::thread([&] { p.AThenB(); }).join();
  lockcheck::thread([&] { p.BThenA(); }).join();
}

TEST(Watched, Misuse) {
  Pair p;
  p.a.unlock();
}

// Of one file and without names.
lockcheck::mutex one;
lockcheck::mutex two;
lockcheck::mutex three;

void Both(lockcheck::mutex& first, lockcheck::mutex& second) {
  lockcheck::lock_guard outer(first);
  lockcheck::lock_guard inner(second);
}

// Declared before any test begins.
lockcheck::mutex early("early"), late("late");
[[maybe_unused]] const bool is_declared =
    (lockcheck::acquired_before(early, late), true);

TEST(Watched, BrokenOrder) { Both(late, early); }
TEST(Watched, KeptOrder) { Both(early, late); }

TEST(Globals, One) { lockcheck::lock_guard guard(one); }

TEST(Globals, OneAndTwo) {
  InTwoThreads([] { Both(one, two); }, [] { Both(two, one); });
}

TEST(Globals, TwoAndThree) {
  InTwoThreads([] { Both(two, three); }, [] { Both(three, two); });
}

TEST(Watched, LocksUp) {
  Pair p;
  LockUp(p);
}

TEST(Watched, LocksItselfUp) {
  Pair p;
  p.a.lock();
  p.a.lock();
}

TEST(Watched, LocksUpWithThisThread) {
  Pair p;
  std::barrier both(2);
  lockcheck::thread t([&] {
    lockcheck::lock_guard first(p.a);
    both.arrive_and_wait();
    lockcheck::lock_guard second(p.b);
  });
  {
    lockcheck::lock_guard first(p.b);
    both.arrive_and_wait();
    lockcheck::lock_guard second(p.a);
  }
  t.join();
}

TEST(Watched, JoinsAThreadThatWantsWhatItHolds) {
  Pair p;
  lockcheck::lock_guard hold(p.a);
  lockcheck::thread t([&] { lockcheck::lock_guard wants(p.a); });
  t.join();
}

TEST(Watched, WaitsForAPostThatNeedsWhatItHolds) {
  Pair p;
  lockcheck::binary_semaphore posted(0);
  lockcheck::lock_guard hold(p.a);
  lockcheck::thread t([&] {
    lockcheck::lock_guard needs(p.a);
    posted.release();
  });
  posted.acquire();
  t.join();
}

// The lock is held before the test's own thread comes to need it: by luck here.
void PostsAndWaitsUnder(lockcheck::mutex& m) {
  lockcheck::counting_semaphore<> posted(0, "posted");
  InTwoThreads(
      [&] {
        { lockcheck::lock_guard needs(m); }
        posted.release();
      },
      [&] {
        lockcheck::lock_guard hold(m);
        posted.acquire();
      });
}

TEST(Watched, MayWaitForAPostThatNeedsWhatItHolds) {
  Pair p;
  PostsAndWaitsUnder(p.a);
}

// A lock that was used before the test began.
TEST(Watched, MayWaitForAPostUnderAnOldLock) {
  static Pair pair;
  for (int i = 0; i < 2; ++i) pair.AThenB();
  PostsAndWaitsUnder(pair.a);
}

TEST(Watched, WaitsForAPostWithEmptyHands) {
  Pair p;
  lockcheck::counting_semaphore<> posted(0, "posted");
  InTwoThreads(
      [&] {
        { lockcheck::lock_guard needs(p.a); }
        posted.release();
      },
      [&] {
        posted.acquire();
        lockcheck::lock_guard hold(p.a);
      });
}

// Of a semaphore from before, what is there now cannot be known.
lockcheck::counting_semaphore<> g_posted(0, "old");
TEST(Watched, APostIsKept) { g_posted.release(2); }
TEST(Watched, WaitsForAPostThatIsThere) {
  Pair p;
  InTwoThreads(
      [&] {
        { lockcheck::lock_guard needs(p.a); }
        g_posted.release();
      },
      [&] {
        lockcheck::lock_guard hold(p.a);
        g_posted.acquire();
      });
}

TEST(Watched, WritesInBlocks) {
  Pair p;
  int writes = 0;
  LOCKCHECK_EXPECT_DEADLOCK(possible) {
    ++writes;
    InTwoThreads([&] { p.AThenB(); }, [&] { p.BThenA(); });
  };
  EXPECT_EQ(writes, 1);
  LOCKCHECK_EXPECT_NO_DEADLOCK { ++writes; };
  EXPECT_EQ(writes, 2);
  LOCKCHECK_EXPECT_DEADLOCK(actual) {
    ++writes;
    LockUp(p);
  };
  EXPECT_EQ(writes, 2);
}

TEST(Watched, FailsBeforeABlock) {
  Pair p;
  InTwoThreads([&] { p.AThenB(); }, [&] { p.BThenA(); });
  LOCKCHECK_EXPECT_NO_DEADLOCK { p.AThenB(); };
}

TEST(Watched, ExpectsWhatIsThere) {
  Pair p;
  LOCKCHECK_EXPECT_DEADLOCK(possible) {
    InTwoThreads([&] { p.AThenB(); }, [&] { p.BThenA(); });
  };
  LOCKCHECK_EXPECT_DEADLOCK(actual) { LockUp(p); };
  LOCKCHECK_EXPECT_NO_DEADLOCK {
    InTwoThreads([&] { p.AThenB(); }, [&] { p.AThenB(); });
  };
}

TEST(Watched, ExpectsWhatIsNotThere) {
  Pair p;
  LOCKCHECK_EXPECT_DEADLOCK(possible) { p.AThenB(); };
  LOCKCHECK_EXPECT_DEADLOCK(actual) { p.AThenB(); };
  LOCKCHECK_EXPECT_NO_DEADLOCK {
    InTwoThreads([&] { p.AThenB(); }, [&] { p.BThenA(); });
  };
}

TEST(Watched, KnowsWhatItHolds) {
  Pair p;
  lockcheck::assert_none_held();
  lockcheck::lock_guard hold(p.a);
  lockcheck::assert_held(p.a);
}

TEST(Watched, HoldsNoLockButPermits) {
  lockcheck::counting_semaphore<> permits(1);
  permits.acquire();
  lockcheck::assert_none_held();
  lockcheck::thread([&] { permits.release(); }).join();
  lockcheck::assert_none_held();
}

TEST(Watched, DoesNotKnowWhatItHolds) {
  Pair p;
  lockcheck::lock_guard hold(p.a);
  lockcheck::assert_none_held();
  lockcheck::assert_held(p.b);
}

// ---- What goes on from test to test -----------------------------------------

TEST(Half, TheWorkerTakesAThenB) {
  TheWorker().Do([] { ThePair().AThenB(); });
}

TEST(Half, ThisThreadTakesBThenA) { ThePair().BThenA(); }

// The one half when it is run first, the other one later.
TEST(HalfEachTime, AThenBOrBThenA) {
  static int runs = 0;
  if (runs++ == 0) {
    TheWorker().Do([] { ThePair().AThenB(); });
  } else {
    ThePair().BThenA();
  }
}

TEST(WithTheWorker, BothOrdersInOneTest) {
  TheWorker().Do([] { ThePair().AThenB(); });
  ThePair().BThenA();
}

// The same locks, threads and places: what the first has shown the second
// shows.
TEST(Again, First) {
  TheWorker().Do([] { ThePair().AThenB(); });
  ThePair().BThenA();
}
TEST(Again, Second) {
  TheWorker().Do([] { ThePair().AThenB(); });
  ThePair().BThenA();
}

// The worker holds a over the end of one test, and takes b in the next.
TEST(Held, FromOneTest) {
  TheWorker().Do([] { ThePair().a.lock(); });
}
TEST(Held, ToTheNext) {
  TheWorker().Do([] {
    ThePair().b.lock();
    ThePair().b.unlock();
    ThePair().a.unlock();
  });
  ThePair().BThenA();
}

// More than a small log takes.
void FillTheLog(Pair& p) {
  for (int i = 0; i < 300'000; ++i) {
    lockcheck::lock_guard hold(i % 2 == 0 ? p.a : p.b);
  }
}
TEST(Long, Fills) {
  Pair p;
  FillTheLog(p);
}
TEST(Long, Follows) {
  Pair p;
  InTwoThreads([&] { p.AThenB(); }, [&] { p.AThenB(); });
}
TEST(Long, ForgetsHowItBegan) {
  Pair p;
  InTwoThreads(
      [&] {
        p.AThenB();
        FillTheLog(p);
      },
      [&] { p.BThenA(); });
}

// ---- What ends the program --------------------------------------------------

class LockedUpSuite : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    Pair p;
    LockUp(p);
  }
};
TEST_F(LockedUpSuite, NeverBegins) {}

TEST(Exits, WithZero) { std::exit(0); }
TEST(Exits, WithSeven) { std::exit(7); }
TEST(Exits, InADeathTest) {
  for (const char* style : {"fast", "threadsafe"}) {
    GTEST_FLAG_SET(death_test_style, style);
    EXPECT_EXIT(std::exit(0), testing::ExitedWithCode(0), "");
  }
}
TEST(Last, Passes) {}

}  // namespace
}  // namespace watched
