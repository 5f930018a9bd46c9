// The rules of readers-writer locks of threads and of coroutines, for the
// recorded types and for their plain twins: included by a test of each.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_ANY_SHARED_MUTEX_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_ANY_SHARED_MUTEX_TEST_BODY_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lockcheck/coroutine/shared_mutex.h"
#include "lockcheck/shared_mutex.h"
#include "tests/instrument/levels.h"

namespace lockcheck {
namespace {

using coroutine::task;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;
using testing::DoneWith;

constinit coroutine::shared_mutex g_constant_initialized("constant");
static_assert(!std::is_copy_constructible_v<coroutine::shared_mutex>);
static_assert(
    std::is_nothrow_move_constructible_v<coroutine::shared_mutex::guard> &&
    !std::is_copy_constructible_v<coroutine::shared_mutex::shared_guard>);

struct OfThreads : testing::Threads {
  static constexpr bool kInTurn = false;
  class Mutex : public shared_timed_mutex {
    using Base = shared_timed_mutex;

   public:
    auto lock() {
      return DoneWith([&] { Base::lock(); });
    }
    auto lock_shared() {
      return DoneWith([&] { Base::lock_shared(); });
    }
    auto try_lock_for(milliseconds time) {
      return DoneWith([&] { return Base::try_lock_for(time); });
    }
    auto try_lock_shared_for(milliseconds time) {
      return DoneWith([&] { return Base::try_lock_shared_for(time); });
    }
    template <typename Time>
    auto try_lock_until(const Time& time) {
      return DoneWith([&] { return Base::try_lock_until(time); });
    }
    template <typename Time>
    auto try_lock_shared_until(const Time& time) {
      return DoneWith([&] { return Base::try_lock_shared_until(time); });
    }
  };
};

struct OfCoroutines : testing::Coroutines {
  static constexpr bool kInTurn = true;
  using Mutex = coroutine::shared_mutex;
};

template <typename Level>
class AnySharedMutex : public ::testing::Test {
 protected:
  using Mutex = typename Level::Mutex;
  using Actor = typename Level::Actor;

  // Tries of another actor.
  task<bool> OthersWrite() {
    bool got = false;
    const auto ask = [&]() -> task<> {
      got = m_.try_lock();
      if (got) m_.unlock();
      co_return;
    };
    Actor other(ask());
    co_await other.UntilItEnds();
    co_return got;
  }
  task<bool> OthersRead() {
    bool got = false;
    const auto ask = [&]() -> task<> {
      got = m_.try_lock_shared();
      if (got) m_.unlock_shared();
      co_return;
    };
    Actor other(ask());
    co_await other.UntilItEnds();
    co_return got;
  }

  Mutex m_;
};
using Levels = ::testing::Types<OfThreads, OfCoroutines>;
TYPED_TEST_SUITE(AnySharedMutex, Levels);

TYPED_TEST(AnySharedMutex, AWriterExcludesAllAndReadersOnlyWriters) {
  TypeParam::Run([&]() -> task<> {
    co_await this->m_.lock();
    EXPECT_FALSE(co_await this->OthersWrite());
    EXPECT_FALSE(co_await this->OthersRead());
    this->m_.unlock();
    co_await this->m_.lock_shared();
    EXPECT_FALSE(co_await this->OthersWrite());
    EXPECT_TRUE(co_await this->OthersRead());
    this->m_.unlock_shared();
    EXPECT_TRUE(co_await this->OthersWrite());
    EXPECT_TRUE(co_await this->OthersRead());
  });
}

TYPED_TEST(AnySharedMutex, AWriterWaitsForAllReaders) {
  TypeParam::Run([&]() -> task<> {
    auto& m = this->m_;
    std::atomic<int> stage = 0;
    const auto read = [&](int until) -> task<> {
      co_await m.lock_shared();
      ++stage;
      while (stage < until) co_await TypeParam::Turn();
      m.unlock_shared();
    };
    typename TypeParam::Actor one(read(10)), other(read(20));
    while (stage < 2) co_await TypeParam::Turn();
    bool has_written = false;
    const auto write = [&]() -> task<> {
      co_await m.lock();
      has_written = true;
      m.unlock();
    };
    typename TypeParam::Actor writer(write());
    EXPECT_TRUE(co_await writer.UntilItWaits());
    stage = 10;
    co_await one.UntilItEnds();
    EXPECT_TRUE(co_await writer.UntilItWaits());
    stage = 20;
    co_await other.UntilItEnds();
    co_await writer.UntilItEnds();
    EXPECT_TRUE(has_written);
  });
}

TYPED_TEST(AnySharedMutex, ReadersThatWaitGoOnTogether) {
  TypeParam::Run([&]() -> task<> {
    auto& m = this->m_;
    co_await m.lock();
    std::atomic<int> reading = 0;
    const auto read = [&]() -> task<> {
      co_await m.lock_shared();
      ++reading;
      while (reading < 3) co_await TypeParam::Turn();
      m.unlock_shared();
    };
    std::vector<std::unique_ptr<typename TypeParam::Actor>> readers;
    for (int i = 0; i < 3; ++i) {
      readers.push_back(std::make_unique<typename TypeParam::Actor>(read()));
      EXPECT_TRUE(co_await readers.back()->UntilItWaits());
    }
    m.unlock();
    for (auto& reader : readers) co_await reader->UntilItEnds();
    EXPECT_EQ(reading, 3);
  });
}

TYPED_TEST(AnySharedMutex, TimedRequestsGiveUpOrAreServed) {
  TypeParam::Run([&]() -> task<> {
    auto& m = this->m_;
    bool read = false, wrote = false;
    co_await m.lock();
    const auto give_up = [&]() -> task<> {
      read |= co_await m.try_lock_shared_for(milliseconds(2));
      wrote |= co_await m.try_lock_for(milliseconds(2));
      read |= co_await m.try_lock_shared_until(steady_clock::now());
      wrote |= co_await m.try_lock_until(system_clock::now());
    };
    typename TypeParam::Actor other(give_up());
    co_await other.UntilItEnds();
    EXPECT_FALSE(read || wrote);
    const auto wait = [&]() -> task<> {
      read = co_await m.try_lock_shared_until(steady_clock::now() + hours(1));
      if (read) m.unlock_shared();
      wrote = co_await m.try_lock_for(hours(1));
      if (wrote) m.unlock();
    };
    typename TypeParam::Actor served(wait());
    EXPECT_TRUE(co_await served.UntilItWaits());
    m.unlock();
    co_await served.UntilItEnds();
    EXPECT_TRUE(read && wrote);
  });
}

// Those who come by do not read meanwhile, but when the writer gives up.
TYPED_TEST(AnySharedMutex, WhoAsksBehindAWriterThatGivesUpReadsThen) {
  TypeParam::Run([&]() -> task<> {
    auto& m = this->m_;
    co_await m.lock_shared();
    bool wrote = true, read = false;
    const auto give_up = [&]() -> task<> {
      wrote = co_await m.try_lock_for(milliseconds(5));
    };
    const auto ask = [&]() -> task<> {
      read = co_await m.try_lock_shared_for(hours(1));
      if (read) m.unlock_shared();
    };
    typename TypeParam::Actor writer(give_up());
    typename TypeParam::Actor reader(ask());
    co_await writer.UntilItEnds();
    co_await reader.UntilItEnds();
    EXPECT_FALSE(wrote);
    EXPECT_TRUE(read);
    EXPECT_TRUE(co_await this->OthersRead());
    m.unlock_shared();
    EXPECT_TRUE(co_await this->OthersWrite());
  });
}

TYPED_TEST(AnySharedMutex, NobodyOvertakesWhoWaits) {
  if constexpr (TypeParam::kInTurn) {
    TypeParam::Run([&]() -> task<> {
      auto& m = this->m_;
      co_await m.lock_shared();
      std::string order;
      const auto read = [&](char name) -> task<> {
        co_await m.lock_shared();
        order += name;
        m.unlock_shared();
      };
      const auto write = [&](char name) -> task<> {
        co_await m.lock();
        order += name;
        m.unlock();
      };
      typename TypeParam::Actor first(write('A'));
      EXPECT_TRUE(co_await first.UntilItWaits());
      // Readers, too, are behind the writer.
      EXPECT_FALSE(m.try_lock_shared());
      typename TypeParam::Actor second(read('b')), third(read('c'));
      EXPECT_TRUE(co_await third.UntilItWaits());
      typename TypeParam::Actor fourth(write('D')), fifth(read('e'));
      EXPECT_TRUE(co_await fifth.UntilItWaits());
      EXPECT_EQ(order, "");
      m.unlock_shared();
      EXPECT_FALSE(m.try_lock());
      co_await fifth.UntilItEnds();
      co_await fourth.UntilItEnds();
      EXPECT_EQ(order, "AbcDe");
      co_await first.UntilItEnds();
      co_await second.UntilItEnds();
      co_await third.UntilItEnds();
    });
  }
}

TYPED_TEST(AnySharedMutex, GuardsDataOfManyReadersAndWriters) {
  auto& m = this->m_;
  constexpr int kActors = 5, kRounds = 60;
#if defined(__SANITIZE_THREAD__) && defined(LOCKCHECK_DISABLED)
  // ThreadSanitizer does not know pthread_rwlock_clockrdlock(), by which std's
  // lock waits with a time limit.
  std::atomic<int> counter = 0;
#else
  int counter = 0;
#endif
  std::atomic<int> readers = 0, most_readers = 0, wrong = 0;
  const auto work = [&](int n) -> task<> {
    for (int i = 0; i < kRounds; ++i) {
      if ((i + n) % 4 == 0) {
        co_await m.lock();
        const int before = counter;
        wrong += readers != 0;
        if (i % 3 == 0) co_await TypeParam::Turn();
        counter = before + 1;
        m.unlock();
      } else if (co_await m.try_lock_shared_for(
                     milliseconds(i % 5 == 0 ? 0 : 10000))) {
        const int before = counter;
        most_readers = std::max<int>(most_readers, ++readers);
        co_await TypeParam::Turn();
        --readers;
        wrong += before != counter;
        m.unlock_shared();
      } else if (co_await m.try_lock_for(milliseconds(1))) {
        m.unlock();
      }
    }
  };
  std::vector<task<>> tasks;
  for (int i = 0; i < kActors; ++i) tasks.push_back(work(i));
  TypeParam::RunAll(std::move(tasks));
  EXPECT_EQ(wrong, 0);
  int writes = 0;
  for (int n = 0; n < kActors; ++n) {
    for (int i = 0; i < kRounds; ++i) writes += (i + n) % 4 == 0;
  }
  EXPECT_EQ(counter, writes);
  EXPECT_TRUE(m.try_lock());
  m.unlock();
}

// ---- Coroutines' ------------------------------------------------------------

TEST(CoroutineSharedMutex, AGuardLetsGoOnce) {
  testing::Coroutines::Run([]() -> task<> {
    coroutine::shared_mutex m;
    {
      auto reader = co_await m.scoped_lock_shared();
      auto moved = std::move(reader);
      EXPECT_FALSE(reader.owns_lock());
      EXPECT_TRUE(moved.owns_lock());
      EXPECT_TRUE(m.try_lock_shared());
      m.unlock_shared();
      EXPECT_FALSE(m.try_lock());
    }
    auto writer = co_await m.scoped_lock();
    EXPECT_FALSE(m.try_lock_shared());
    writer.unlock();
    EXPECT_FALSE(writer.owns_lock());
    EXPECT_TRUE(m.try_lock());
    m.unlock();
  });
}

// Who waits and who holds is destroyed; what is left is whole.
TEST(CoroutineSharedMutex, WhoIsDestroyedNeitherHoldsNorWaits) {
  coroutine::shared_mutex m, never;
  EXPECT_TRUE(never.try_lock_shared());
  {
    coroutine::context c;
    const auto hold = [&]() -> task<> {
      const auto guard = co_await m.scoped_lock_shared();
      co_await never.lock();
    };
    const auto write = [&]() -> task<> {
      const auto guard = co_await m.scoped_lock();
    };
    const auto read = [&]() -> task<> {
      const auto guard = co_await m.scoped_lock_shared();
    };
    c.spawn_background(hold());
    c.spawn_background(write());
    c.spawn_background(read());
    c.spawn_background(write());
    const auto end = []() -> task<> {
      for (int i = 0; i < 5; ++i) co_await coroutine::yield();
    };
    c.spawn(end());
    EXPECT_EQ(c.run(), 0u);
    EXPECT_FALSE(m.try_lock_shared());
    // It is the waiter's, which is destroyed before it goes on.
    never.unlock_shared();
    EXPECT_FALSE(never.try_lock_shared());
  }
  EXPECT_TRUE(never.try_lock());
  never.unlock();
  EXPECT_TRUE(m.try_lock());
  m.unlock();
  EXPECT_TRUE(m.try_lock_shared());
  m.unlock_shared();
}

}  // namespace
}  // namespace lockcheck

#endif  // LOCKCHECK_TESTS_INSTRUMENT_ANY_SHARED_MUTEX_TEST_BODY_H_
