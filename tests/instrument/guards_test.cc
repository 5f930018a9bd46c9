// lockcheck's own guards and lock(): std's rules.
#include "lockcheck/guards.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "lockcheck/thread.h"
#include "tests/instrument/other_thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck::testing {
namespace {

TEST(LockGuard, HoldsFromItsConstructionToItsEnd) {
  mutex m;
  {
    const lock_guard guard(m);
    EXPECT_FALSE(OtherGets(m));
  }
  EXPECT_TRUE(OtherGets(m));
  m.lock();
  {
    const lock_guard guard(m, adopt_lock);
    EXPECT_FALSE(OtherGets(m));
  }
  EXPECT_TRUE(OtherGets(m));
}

TEST(UniqueLock, OwnsWhatItTook) {
  mutex m;
  unique_lock<mutex> empty;
  EXPECT_FALSE(empty.owns_lock());
  EXPECT_EQ(empty.mutex(), nullptr);

  unique_lock deferred(m, defer_lock);
  EXPECT_FALSE(deferred);
  EXPECT_TRUE(OtherGets(m));
  deferred.lock();
  EXPECT_TRUE(deferred);
  EXPECT_FALSE(OtherGets(m));
  deferred.unlock();
  EXPECT_TRUE(OtherGets(m));

  EXPECT_TRUE(deferred.try_lock());
  unique_lock refused(m, try_to_lock);
  EXPECT_FALSE(refused.owns_lock());
  unique_lock moved = std::move(deferred);
  EXPECT_FALSE(deferred.owns_lock());
  EXPECT_TRUE(moved.owns_lock());
  swap(moved, empty);
  EXPECT_TRUE(empty.owns_lock());
  EXPECT_EQ(empty.release(), &m);
  EXPECT_FALSE(empty.owns_lock());
  EXPECT_FALSE(OtherGets(m));
  unique_lock adopted(m, adopt_lock);
  adopted = unique_lock<mutex>();
  EXPECT_TRUE(OtherGets(m));
}

TEST(UniqueLock, ThrowsAsStdsDoes) {
  mutex m;
  unique_lock<mutex> empty;
  EXPECT_EQ(ErrorOf([&] { empty.lock(); }), std::errc::operation_not_permitted);
  EXPECT_EQ(ErrorOf([&] { (void)empty.try_lock(); }),
            std::errc::operation_not_permitted);
  EXPECT_EQ(ErrorOf([&] { empty.unlock(); }),
            std::errc::operation_not_permitted);
  unique_lock owner(m);
  EXPECT_EQ(ErrorOf([&] { owner.lock(); }),
            std::errc::resource_deadlock_would_occur);
  EXPECT_EQ(ErrorOf([&] { (void)owner.try_lock(); }),
            std::errc::resource_deadlock_would_occur);
  EXPECT_TRUE(owner.owns_lock());
  owner.unlock();
  EXPECT_EQ(ErrorOf([&] { owner.unlock(); }),
            std::errc::operation_not_permitted);
}

TEST(UniqueLock, WaitsAsLongAsItIsTold) {
  timed_mutex m;
  {
    const unique_lock guard(m, std::chrono::hours(1));
    EXPECT_TRUE(guard.owns_lock());
    Sleeper([&] {
      const unique_lock late(m, std::chrono::milliseconds(1));
      EXPECT_FALSE(late.owns_lock());
      unique_lock later(m, std::chrono::steady_clock::now());
      EXPECT_FALSE(later.owns_lock());
      EXPECT_FALSE(later.try_lock_for(std::chrono::milliseconds(1)));
      EXPECT_FALSE(later.try_lock_until(std::chrono::system_clock::now()));
    }).Join();
  }
  EXPECT_TRUE(OtherGets(m));
}

TEST(ScopedLock, TakesAnyNumberOfAnyKind) {
  mutex a;
  timed_mutex b;
  recursive_mutex c;
  [[maybe_unused]] const scoped_lock<> none;
  {
    const scoped_lock one(a);
    EXPECT_FALSE(OtherGets(a));
  }
  {
    const scoped_lock two(a, b);
    EXPECT_FALSE(OtherGets(a));
    EXPECT_FALSE(OtherGets(b));
  }
  {
    const scoped_lock three(c, b, a);
    EXPECT_FALSE(OtherGets(a));
    EXPECT_FALSE(OtherGets(b));
    EXPECT_FALSE(OtherGets(c));
  }
  a.lock();
  b.lock();
  { const scoped_lock adopted(adopt_lock, a, b); }
  EXPECT_TRUE(OtherGets(a));
  EXPECT_TRUE(OtherGets(b));
  EXPECT_TRUE(OtherGets(c));
}

TEST(Lock, WaitsForTheBusyOneAndHoldsNoneMeanwhile) {
  mutex a, b, c;
  b.lock();
  Sleeper waiter([&] {
    lock(a, b, c);
    a.unlock();
    b.unlock();
    c.unlock();
  });
  EXPECT_TRUE(waiter.UntilAsleep());
  EXPECT_TRUE(a.try_lock());
  EXPECT_TRUE(c.try_lock());
  a.unlock();
  c.unlock();
  b.unlock();
  waiter.Join();
  EXPECT_TRUE(OtherGets(a) && OtherGets(b) && OtherGets(c));
}

TEST(Lock, InOppositeOrdersItNeverDeadlocks) {
  mutex a;
  timed_mutex b;
  recursive_mutex c;
  int counter = 0;
  const auto many = [&](auto act) {
    return [&, act] {
      for (int i = 0; i < 3000; ++i) {
        act();
        ++counter;
        a.unlock();
        b.unlock();
        c.unlock();
      }
    };
  };
  thread t1(many([&] { lock(a, b, c); }));
  thread t2(many([&] { lock(c, b, a); }));
  thread t3(many([&] { lock(b, c, a); }));
  t1.join();
  t2.join();
  t3.join();
  EXPECT_EQ(counter, 9000);
}

struct Thrower {
  void lock() { throw std::runtime_error("no"); }
  bool try_lock() { throw std::runtime_error("no"); }
  void unlock() {}
};

TEST(Lock, GivesBackWhatItTookIfOneThrows) {
  mutex a, b;
  Thrower thrower;
  EXPECT_THROW(lock(a, thrower), std::runtime_error);
  EXPECT_THROW(lock(a, b, thrower), std::runtime_error);
  EXPECT_THROW(lock(thrower, a), std::runtime_error);
  EXPECT_TRUE(OtherGets(a));
  EXPECT_TRUE(OtherGets(b));
}

}  // namespace
}  // namespace lockcheck::testing
