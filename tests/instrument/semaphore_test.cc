// The rules of counting_semaphore, binary_semaphore and bounded_semaphore
// beside those of semaphores of all levels (any_semaphore_test_body.h).
#include "lockcheck/semaphore.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <iterator>
#include <new>
#include <stdexcept>
#include <thread>
#include <type_traits>

#include "lockcheck/thread.h"
#include "tests/rounds.h"

namespace lockcheck {
namespace {

constinit counting_semaphore<> g_constant_initialized(3);
static_assert(!std::is_copy_constructible_v<counting_semaphore<>> &&
              !std::is_copy_assignable_v<counting_semaphore<>>);
static_assert(std::is_same_v<binary_semaphore, counting_semaphore<1>>);
static_assert(counting_semaphore<7>::max() >= 7);
static_assert(noexcept(g_constant_initialized.try_acquire()));

// One thread posts and another waits and destroys, in memory of which each byte
// is looked at when the post has returned.
template <typename Semaphore>
void DestroyAsSoonAsAcquired(std::ptrdiff_t begins_with) {
  const int rounds = tests::Rounds(1000);
  constexpr unsigned char kGone = 0xa5;
  alignas(Semaphore) unsigned char memory[sizeof(Semaphore)];
  std::atomic<Semaphore*> to_post = nullptr;
  std::atomic<int> posted = 0;
  std::atomic<bool> over = false;
  thread poster([&] {
    while (!over) {
      Semaphore* const s = to_post.exchange(nullptr);
      if (s == nullptr) continue;
      s->release();
      ++posted;
    }
  });
  for (int round = 0; round < rounds && !::testing::Test::HasFailure();
       ++round) {
    auto* const s = new (memory) Semaphore(begins_with);
    if (begins_with != 0) s->acquire();
    to_post = s;
    s->acquire();
    s->~Semaphore();
    std::fill(std::begin(memory), std::end(memory), kGone);
    while (posted == round) std::this_thread::yield();
    EXPECT_EQ(std::count(std::begin(memory), std::end(memory), kGone),
              static_cast<std::ptrdiff_t>(sizeof(memory)))
        << "round " << round;
  }
  over = true;
  poster.join();
}

TEST(Semaphore, MayBeDestroyedAsSoonAsItIsAcquired) {
  DestroyAsSoonAsAcquired<counting_semaphore<>>(0);
  DestroyAsSoonAsAcquired<counting_semaphore<>>(1);
  DestroyAsSoonAsAcquired<bounded_semaphore>(1);
}

TEST(Semaphore, CannotBeReleasedAboveItsMaximum) {
  counting_semaphore<> s(1);
  EXPECT_THROW(s.release(s.max()), std::logic_error);
  EXPECT_THROW(s.release(-1), std::logic_error);
  EXPECT_TRUE(s.try_acquire());
  EXPECT_FALSE(s.try_acquire());
  s.release(s.max());
  EXPECT_THROW(s.release(), std::logic_error);
}

// Each way to acquire and to release counts what is out, the inlined ones, too.
TEST(BoundedSemaphore, KnowsItsBoundHoweverOftenItWasPassed) {
  bounded_semaphore s(2);
  for (int i = 0; i < 1000; ++i) {
    s.acquire();
    s.release();
  }
  EXPECT_THROW(s.release(), std::logic_error);
  for (int i = 0; i < 2; ++i) s.acquire();
  EXPECT_FALSE(s.try_acquire());
  thread([&] { s.release(); }).join();
  s.release();
  EXPECT_THROW(s.release(), std::logic_error);
  EXPECT_TRUE(s.try_acquire());
  EXPECT_TRUE(s.try_acquire());
  EXPECT_FALSE(s.try_acquire());
  s.release(2);
}

// Of two who release the same permit one is refused, whoever comes first.
TEST(BoundedSemaphore, IsReleasedByOneOfTwo) {
  for (int i = 0; i < 1000; ++i) {
    bounded_semaphore s(1);
    std::barrier both(2);
    std::atomic<int> refused = 0;
    const auto release = [&] {
      both.arrive_and_wait();
      try {
        s.release();
      } catch (const std::logic_error&) {
        ++refused;
      }
    };
    s.acquire();
    s.release();
    s.acquire();
    thread other(release);
    release();
    other.join();
    EXPECT_EQ(refused, 1);
    EXPECT_TRUE(s.try_acquire());
    EXPECT_FALSE(s.try_acquire());
    s.release();
  }
}

TEST(BoundedSemaphore, MayBeReleasedByAnotherThread) {
  bounded_semaphore s(1);
  s.acquire();
  thread([&] { s.release(); }).join();
  EXPECT_TRUE(s.try_acquire());
  s.release();
}

}  // namespace
}  // namespace lockcheck
