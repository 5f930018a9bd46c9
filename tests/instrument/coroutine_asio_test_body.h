// What a coroutine of Boost.Asio may await of lockcheck, recorded and plain:
// included by a test of each, which names the suite.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_COROUTINE_ASIO_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_COROUTINE_ASIO_TEST_BODY_H_

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "lockcheck/coroutine/asio.h"

namespace lockcheck {
namespace {

namespace asio = ::boost::asio;
using asio::awaitable;
using asio::use_awaitable;
using std::chrono::hours;
using std::chrono::milliseconds;

class COROUTINE_ASIO_TEST_NAME : public ::testing::Test {
 protected:
  template <typename T>
  void Spawn(awaitable<T> its) {
    coroutine::co_spawn(io_, std::move(its), asio::detached);
  }
  size_t Run() {
    io_.restart();
    return coroutine::run(io_);
  }

  asio::io_context io_;
  coroutine::mutex mutex_{"mutex"};
  coroutine::event event_{"event"};
  std::string said_;
};

awaitable<void> Turn() {
  co_await asio::post(co_await asio::this_coro::executor, use_awaitable);
}

TEST_F(COROUTINE_ASIO_TEST_NAME, ACoroutineGivesItsValueToWhoSpawnedIt) {
  const auto seven = []() -> awaitable<int> {
    co_await Turn();
    co_return 7;
  };
  int got = 0;
  coroutine::co_spawn(io_, seven(),
                      [&](std::exception_ptr, int value) { got = value; });
  EXPECT_EQ(Run(), 0u);
  EXPECT_EQ(got, 7);
  const auto asks = [&]() -> awaitable<void> {
    got = 1 + co_await coroutine::co_spawn(io_, seven(), use_awaitable);
  };
  Spawn(asks());
  EXPECT_EQ(Run(), 0u);
  EXPECT_EQ(got, 8);
}

TEST_F(COROUTINE_ASIO_TEST_NAME, WhatItThrowsWhoSpawnedItGets) {
  const auto throws = []() -> awaitable<void> {
    co_await Turn();
    throw std::runtime_error("thrown");
  };
  coroutine::co_spawn(io_, throws(), [&](std::exception_ptr failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const std::runtime_error& error) {
      said_ = error.what();
    }
  });
  EXPECT_EQ(Run(), 0u);
  EXPECT_EQ(said_, "thrown");
}

TEST_F(COROUTINE_ASIO_TEST_NAME, AMutexIsHeldByOneAtATimeInTheOrderOfRequests) {
  const auto ask = [&](char name) -> awaitable<void> {
    const auto guard =
        co_await coroutine::async_scoped_lock(mutex_, use_awaitable);
    said_ += name;
    co_await Turn();
    said_ += name;
  };
  for (const char name : {'a', 'b', 'c', 'd'}) Spawn(ask(name));
  EXPECT_EQ(Run(), 0u);
  EXPECT_EQ(said_, "aabbccdd");
  EXPECT_TRUE(mutex_.try_lock());
  mutex_.unlock();
}

TEST_F(COROUTINE_ASIO_TEST_NAME, AnEventReleasesAllThatWaitInTheirOrder) {
  const auto wait = [&](char name) -> awaitable<void> {
    co_await coroutine::async_wait(event_, use_awaitable);
    said_ += name;
  };
  for (const char name : {'a', 'b', 'c'}) Spawn(wait(name));
  const auto set = [&]() -> awaitable<void> {
    co_await Turn();
    said_ += '!';
    event_.set();
  };
  Spawn(set());
  EXPECT_EQ(Run(), 0u);
  EXPECT_EQ(said_, "!abc");
  Spawn(wait('d'));
  EXPECT_EQ(Run(), 0u);
  EXPECT_EQ(said_, "!abcd");
}

TEST_F(COROUTINE_ASIO_TEST_NAME, ATimedRequestGivesUpOrIsServed) {
  const auto hold = [&]() -> awaitable<void> {
    co_await coroutine::async_lock(mutex_, use_awaitable);
    while (said_.empty()) co_await Turn();
    mutex_.unlock();
  };
  const auto ask = [&]() -> awaitable<void> {
    const bool first = co_await coroutine::async_try_lock_for(
        mutex_, milliseconds(1), use_awaitable);
    said_ += first ? "taken" : "given up";
    const bool second = co_await coroutine::async_try_lock_until(
        mutex_, std::chrono::steady_clock::now() + hours(1), use_awaitable);
    said_ += second ? ", taken" : ", given up";
    if (second) mutex_.unlock();
    const bool set = co_await coroutine::async_wait_for(event_, milliseconds(1),
                                                        use_awaitable);
    said_ += set ? ", set" : ", not set";
    event_.set();
    const bool then = co_await coroutine::async_wait_until(
        event_, std::chrono::system_clock::now() + hours(1), use_awaitable);
    said_ += then ? ", set" : ", not set";
  };
  Spawn(hold());
  Spawn(ask());
  EXPECT_EQ(Run(), 0u);
  EXPECT_EQ(said_, "given up, taken, not set, set");
}

TEST_F(COROUTINE_ASIO_TEST_NAME, ARequestThatIsCancelledIsPassedOver) {
  asio::cancellation_signal cancel;
  const auto hold = [&]() -> awaitable<void> {
    const auto guard =
        co_await coroutine::async_scoped_lock(mutex_, use_awaitable);
    co_await Turn();
    co_await Turn();
    cancel.emit(asio::cancellation_type::total);
    co_await Turn();
    co_await Turn();
  };
  const auto ask = [&](char name) -> awaitable<void> {
    try {
      const auto guard =
          co_await coroutine::async_scoped_lock(mutex_, use_awaitable);
      said_ += name;
    } catch (const boost::system::system_error& error) {
      EXPECT_EQ(error.code(), asio::error::operation_aborted);
      said_ += '-';
    }
  };
  Spawn(hold());
  const auto to_be_cancelled = [&]() -> awaitable<void> {
    co_await asio::this_coro::reset_cancellation_state(
        asio::enable_total_cancellation());
    co_await ask('b');
  };
  coroutine::co_spawn(
      io_, to_be_cancelled(),
      asio::bind_cancellation_slot(cancel.slot(), asio::detached));
  Spawn(ask('c'));
  EXPECT_EQ(Run(), 0u);
  EXPECT_EQ(said_, "-c");
  EXPECT_TRUE(mutex_.try_lock());
  mutex_.unlock();
}

TEST_F(COROUTINE_ASIO_TEST_NAME, ABranchIsCancelledByTheOtherOne) {
  using namespace asio::experimental::awaitable_operators;  // NOLINT
  const auto both = [&]() -> awaitable<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    timer.expires_after(milliseconds(1));
    const auto first = co_await (coroutine::async_wait(event_, use_awaitable) ||
                                 timer.async_wait(use_awaitable));
    said_ += first.index() == 0 ? "set" : "over";
    event_.set();
    timer.expires_after(hours(1));
    const auto second =
        co_await (coroutine::async_wait(event_, use_awaitable) ||
                  timer.async_wait(use_awaitable));
    said_ += second.index() == 0 ? ", set" : ", over";
  };
  Spawn(both());
  EXPECT_EQ(Run(), 0u);
  EXPECT_EQ(said_, "over, set");
}

TEST_F(COROUTINE_ASIO_TEST_NAME, RunReturnsWithWhoIsLeftAndMayBeCalledAgain) {
  const auto wait = [&]() -> awaitable<void> {
    co_await coroutine::async_wait(event_, use_awaitable);
    said_ += "set";
  };
  Spawn(wait());
  EXPECT_EQ(Run(), 1u);
  EXPECT_EQ(said_, "");
  event_.set();
  EXPECT_EQ(Run(), 0u);
  EXPECT_EQ(said_, "set");
}

TEST_F(COROUTINE_ASIO_TEST_NAME, WhoHasAWorkGuardMaySetFromOutside) {
  auto work = std::make_unique<
      asio::executor_work_guard<asio::io_context::executor_type>>(
      io_.get_executor());
  const auto wait = [&]() -> awaitable<void> {
    co_await coroutine::async_wait(event_, use_awaitable);
    said_ += "set";
  };
  Spawn(wait());
  std::thread outside([&] {
    event_.set();
    work.reset();
  });
  EXPECT_EQ(Run(), 0u);
  outside.join();
  EXPECT_EQ(said_, "set");
}

TEST_F(COROUTINE_ASIO_TEST_NAME, SeveralThreadsRunOneContext) {
  constexpr int kEach = 100, kCoroutines = 8;
  int counter = 0;
  const auto work = [&](int n) -> awaitable<void> {
    for (int i = 0; i < kEach; ++i) {
      const auto guard =
          co_await coroutine::async_scoped_lock(mutex_, use_awaitable);
      const int before = counter;
      if (i % 3 == n % 3) co_await Turn();
      counter = before + 1;
    }
  };
  for (int i = 0; i < kCoroutines; ++i) Spawn(work(i));
  std::vector<std::thread> others;
  for (int i = 0; i < 2; ++i) others.emplace_back([&] { io_.run(); });
  coroutine::run(io_);
  for (std::thread& other : others) other.join();
  EXPECT_EQ(coroutine::run(io_), 0u);
  EXPECT_EQ(counter, kEach * kCoroutines);
}

TEST_F(COROUTINE_ASIO_TEST_NAME, AThreadPoolAndAStrandDoAsWell) {
  asio::thread_pool pool(2);
  std::atomic<int> done = 0;
  int counter = 0;
  const auto work = [&]() -> awaitable<void> {
    for (int i = 0; i < 50; ++i) {
      const auto guard =
          co_await coroutine::async_scoped_lock(mutex_, use_awaitable);
      ++counter;
    }
    ++done;
  };
  for (int i = 0; i < 4; ++i) {
    coroutine::co_spawn(pool.get_executor(), work(), asio::detached);
    coroutine::co_spawn(asio::make_strand(pool), work(), asio::detached);
  }
  while (done != 8) std::this_thread::yield();
  pool.join();
  EXPECT_EQ(counter, 8 * 50);
}

TEST_F(COROUTINE_ASIO_TEST_NAME, WhatIsLeftIsDestroyedWithItsContextAndLetsGo) {
  bool destroyed = false;
  struct Notes {
    ~Notes() { *at = true; }
    bool* at;
  };
  {
    asio::io_context io;
    const auto hold = [&]() -> awaitable<void> {
      const Notes notes{&destroyed};
      const auto guard =
          co_await coroutine::async_scoped_lock(mutex_, use_awaitable);
      asio::steady_timer timer(co_await asio::this_coro::executor, hours(1));
      co_await timer.async_wait(use_awaitable);
    };
    const auto wait = [&]() -> awaitable<void> {
      const Notes notes{&destroyed};
      co_await coroutine::async_lock(mutex_, use_awaitable);
    };
    coroutine::co_spawn(io, hold(), asio::detached);
    coroutine::co_spawn(io, wait(), asio::detached);
    io.poll();
    EXPECT_FALSE(mutex_.try_lock());
    EXPECT_FALSE(destroyed);
  }
  EXPECT_TRUE(destroyed);
  EXPECT_TRUE(mutex_.try_lock());
  mutex_.unlock();
}

TEST_F(COROUTINE_ASIO_TEST_NAME, WhatIsAwaitedByAnotherCoroutineIsRefused) {
  const auto wait = [&]() -> awaitable<void> {
    try {
      co_await coroutine::async_wait(event_, use_awaitable);
    } catch (const boost::system::system_error& error) {
      EXPECT_EQ(error.code(), asio::error::operation_not_supported);
      said_ = "refused";
    }
  };
  asio::co_spawn(io_, wait(), asio::detached);
  io_.run();
  EXPECT_EQ(said_, "refused");
}

}  // namespace
}  // namespace lockcheck

#endif  // LOCKCHECK_TESTS_INSTRUMENT_COROUTINE_ASIO_TEST_BODY_H_
