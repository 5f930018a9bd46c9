// The rules of notify_all_at_thread_exit().
#include <gtest/gtest.h>

#include <mutex>
#include <system_error>
#include <utility>

#include "lockcheck/condition_variable.h"
#include "lockcheck/guards.h"
#include "lockcheck/mutex.h"
#include "lockcheck/thread.h"

namespace lockcheck {
namespace {

// Written by the destructor of a thread_local object, read by who is notified.
bool g_destroyed = false;
struct SetsAtDestruction {
  bool used = false;
  ~SetsAtDestruction() { g_destroyed = true; }
};
thread_local SetsAtDestruction t_object;

template <typename Guard>
class AtThreadExit : public ::testing::Test {};
using Guards = ::testing::Types<std::unique_lock<mutex>, unique_lock<mutex>>;
TYPED_TEST_SUITE(AtThreadExit, Guards);

TYPED_TEST(AtThreadExit, NotifiesWhenTheThreadsObjectsAreDestroyed) {
  mutex m;
  condition_variable ended;
  bool ready = false;
  g_destroyed = false;
  TypeParam guard(m);
  thread worker([&] {
    t_object.used = true;
    TypeParam mine(m);
    ready = true;
    notify_all_at_thread_exit(ended, std::move(mine));
    EXPECT_FALSE(g_destroyed);
  });
  ended.wait(guard, [&] { return ready; });
  EXPECT_TRUE(g_destroyed) << "the lock was let go before";
  guard.unlock();
  worker.join();
}

TYPED_TEST(AtThreadExit, HoldsTheLockUntilThenAndNoLonger) {
  mutex m;
  condition_variable ended;
  bool free = true, owns = true;
  thread([&] {
    TypeParam mine(m);
    notify_all_at_thread_exit(ended, std::move(mine));
    owns = mine.owns_lock();
    thread([&] {
      free = m.try_lock();
      if (free) m.unlock();
    }).join();
  }).join();
  EXPECT_FALSE(owns);
  EXPECT_FALSE(free);
  ASSERT_TRUE(m.try_lock());
  m.unlock();
}

TYPED_TEST(AtThreadExit, ServesSeveralLocksOfOneThread) {
  mutex first, second;
  condition_variable ended;
  thread([&] {
    notify_all_at_thread_exit(ended, TypeParam(first));
    notify_all_at_thread_exit(ended, TypeParam(second));
  }).join();
  EXPECT_TRUE(first.try_lock() && second.try_lock());
  first.unlock();
  second.unlock();
}

TYPED_TEST(AtThreadExit, RefusesALockThatIsNotOwned) {
  mutex m;
  condition_variable ended;
  EXPECT_THROW(notify_all_at_thread_exit(ended, TypeParam(m, std::defer_lock)),
               std::system_error);
  EXPECT_TRUE(m.try_lock());
  m.unlock();
}

}  // namespace
}  // namespace lockcheck
