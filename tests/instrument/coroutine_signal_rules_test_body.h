// What becomes of permits, notifications, items and room when who waits for
// them is destroyed, or a thread posts; for the recorded types and for their
// plain twins.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_COROUTINE_SIGNAL_RULES_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_COROUTINE_SIGNAL_RULES_TEST_BODY_H_

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <thread>

#include "lockcheck/coroutine.h"

namespace lockcheck {
namespace {

using coroutine::condition_variable;
using coroutine::context;
using coroutine::mutex;
using coroutine::queue;
using coroutine::semaphore;
using coroutine::task;

constinit semaphore g_constant_initialized(1, "constant");
constinit condition_variable g_constant_condition("constant");

// Runs it until it waits; what it waits for is posted, and it is destroyed
// before it goes on.
template <typename Post>
void DestroyWhenPosted(task<> t, Post post) {
  std::optional<context> c(std::in_place);
  c->spawn_background(std::move(t));
  EXPECT_EQ(c->run(), 0u);
  post();
  c.reset();
}

TEST(CoroutineSignalRules, APermitOfWhoIsDestroyedIsAnothers) {
  semaphore s(1);
  ASSERT_TRUE(s.try_acquire());
  const auto acquire = [&]() -> task<> { co_await s.acquire(); };
  DestroyWhenPosted(acquire(), [&] {
    s.release();
    EXPECT_FALSE(s.try_acquire());
  });
  EXPECT_TRUE(s.try_acquire());
  EXPECT_FALSE(s.try_acquire());
  s.release();
}

// One that waits still, in another context, gets it.
TEST(CoroutineSignalRules, APermitThatIsGivenBackIsHandedOver) {
  semaphore s(0);
  bool acquired = false;
  const auto acquire = [&]() -> task<> { co_await s.acquire(); };
  const auto other = [&]() -> task<> {
    co_await s.acquire();
    acquired = true;
  };
  context c;
  DestroyWhenPosted(acquire(), [&] {
    c.spawn(other());
    EXPECT_EQ(c.run(), 1u);
    s.release();
    EXPECT_EQ(c.run(), 1u);
  });
  EXPECT_EQ(c.run(), 0u);
  EXPECT_TRUE(acquired);
}

TEST(CoroutineSignalRules, WhoIsDestroyedWaitsForNoPermit) {
  semaphore s(0);
  const auto acquire = [&]() -> task<> { co_await s.acquire(); };
  DestroyWhenPosted(acquire(), [] {});
  s.release();
  EXPECT_TRUE(s.try_acquire());
}

TEST(CoroutineSignalRules,
     WhoIsDestroyedWhileItWaitsForANotificationDoesNotHold) {
  mutex m;
  condition_variable condition;
  const auto wait = [&]() -> task<> {
    auto guard = co_await m.scoped_lock();
    co_await condition.wait(guard);
  };
  for (const bool is_notified : {false, true}) {
    DestroyWhenPosted(wait(), [&] {
      // Held by somebody else when the guard is destroyed.
      ASSERT_TRUE(m.try_lock());
      if (is_notified) condition.notify_one();
    });
    EXPECT_FALSE(m.try_lock());
    m.unlock();
  }
  condition.notify_all();
  ASSERT_TRUE(m.try_lock());
  m.unlock();
}

TEST(CoroutineSignalRules, AnItemOfWhoIsDestroyedIsAnothers) {
  queue<int> q;
  const auto get = [&]() -> task<> { co_await q.get(); };
  DestroyWhenPosted(get(), [&] {
    EXPECT_TRUE(q.put_nowait(7));
    EXPECT_EQ(q.get_nowait(), std::nullopt);
  });
  EXPECT_EQ(q.get_nowait(), 7);
  DestroyWhenPosted(get(), [] {});
  EXPECT_TRUE(q.put_nowait(8));
  EXPECT_EQ(q.get_nowait(), 8);
}

TEST(CoroutineSignalRules, RoomOfWhoIsDestroyedIsAnothers) {
  queue<int> q(1);
  EXPECT_TRUE(q.put_nowait(1));
  const auto put = [&]() -> task<> { co_await q.put(2); };
  DestroyWhenPosted(put(), [&] {
    EXPECT_EQ(q.get_nowait(), 1);
    EXPECT_FALSE(q.put_nowait(3));
  });
  EXPECT_TRUE(q.put_nowait(3));
  EXPECT_EQ(q.get_nowait(), 3);
}

TEST(CoroutineSignalRules, AJoinOfWhoIsDestroyedIsOver) {
  queue<int> q;
  EXPECT_TRUE(q.put_nowait(1));
  const auto join = [&]() -> task<> { co_await q.join(); };
  DestroyWhenPosted(join(), [&] { q.task_done(); });
  EXPECT_TRUE(q.put_nowait(2));
  DestroyWhenPosted(join(), [] {});
  q.task_done();
}

TEST(CoroutineSignalRules, AThreadWithWorkMayPost) {
  context c;
  semaphore s(0);
  queue<int> q;
  mutex m;
  condition_variable condition;
  bool ready = false;
  int got = 0;
  const auto wait = [&]() -> task<> {
    co_await s.acquire();
    got = co_await q.get();
    auto guard = co_await m.scoped_lock();
    co_await condition.wait(guard, [&] { return ready; });
  };
  c.spawn(wait());
  auto work = std::make_unique<context::work>(c);
  std::thread poster([&] {
    s.release();
    q.put_nowait(5);
    while (!m.try_lock()) std::this_thread::yield();
    ready = true;
    condition.notify_one();
    m.unlock();
    work.reset();
  });
  EXPECT_EQ(c.run(), 0u);
  poster.join();
  EXPECT_EQ(got, 5);
}

}  // namespace
}  // namespace lockcheck

#endif  // LOCKCHECK_TESTS_INSTRUMENT_COROUTINE_SIGNAL_RULES_TEST_BODY_H_
