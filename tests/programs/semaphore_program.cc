// What semaphores are used for: as locks, and as signals.
#include <lockcheck/lockcheck.h>

#include <cstdio>
#include <cstdlib>
#include <latch>
#include <mutex>
#include <stdexcept>

#include "tests/programs/in_turn.h"
#include "tests/programs/stories.h"

namespace {

using lockcheck::binary_semaphore;
using lockcheck::counting_semaphore;
using lockcheck::testing::AtOnce;
using lockcheck::testing::InTurn;
using lockcheck::testing::OneAfterTheOther;
using lockcheck::this_thread::set_name;

lockcheck::mutex g_mutex("mutex");
binary_semaphore g_one(1, "one"), g_other(1, "other");

void Nothing() {}

template <typename Outer, typename Inner, typename Meet>
void Nested(Outer& outer, Inner& inner, Meet meet) {
  outer.acquire();
  meet();
  inner.acquire();
  inner.release();
  outer.release();
}

template <typename Order>
void BothOrders() {
  Order::Tell(
      [](auto meet) {
        set_name("one then other");
        Nested(g_one, g_other, meet);
      },
      [](auto meet) {
        set_name("other then one");
        Nested(g_other, g_one, meet);
      });
}

// Safe.
void OneOrder() {
  InTurn([] { Nested(g_one, g_other, Nothing); },
         [] { Nested(g_one, g_other, Nothing); });
}

// Safe: of two permits one is always there for these two.
template <typename Order>
void Counting() {
  static counting_semaphore<> a(2, "a"), b(2, "b");
  Order::Tell([](auto meet) { Nested(a, b, meet); },
              [](auto meet) { Nested(b, a, meet); });
}

// Safe: under one mutex.
void Gate() {
  InTurn(
      [] {
        const std::lock_guard gate(g_mutex);
        Nested(g_one, g_other, Nothing);
      },
      [] {
        const std::lock_guard gate(g_mutex);
        Nested(g_other, g_one, Nothing);
      });
}

template <typename Meet>
void MutexUnderPermit(Meet meet) {
  set_name("permit first");
  g_one.acquire();
  meet();
  { const std::lock_guard inner(g_mutex); }
  g_one.release();
}
template <typename Meet>
void PermitUnderMutex(Meet meet) {
  set_name("mutex first");
  const std::lock_guard outer(g_mutex);
  meet();
  g_one.acquire();
  g_one.release();
}

template <typename Order>
void AndMutex() {
  Order::Tell([](auto meet) { MutexUnderPermit(meet); },
              [](auto meet) { PermitUnderMutex(meet); });
}

// Safe.
void AndMutexInOneOrder() {
  InTurn([] { MutexUnderPermit(Nothing); }, [] { MutexUnderPermit(Nothing); });
}

// ---- A semaphore as a signal ------------------------------------------------

counting_semaphore<> g_posted(0, "posted");

// Two post when they are done with two locks, which are then taken in the other
// order. Safe if both permits are acquired before; if one is, the other might
// not be done, and is so by luck.
template <int acquired>
void AfterPosts() {
  lockcheck::mutex other("other");
  std::latch both_are_done(2);
  const auto work = [&] {
    {
      const std::lock_guard hold(g_mutex);
      const std::lock_guard inner(other);
    }
    g_posted.release();
    both_are_done.count_down();
  };
  lockcheck::thread one(work), two(work);
  for (int i = 0; i < acquired; ++i) g_posted.acquire();
  both_are_done.wait();
  {
    const std::lock_guard hold(other);
    const std::lock_guard inner(g_mutex);
  }
  one.join();
  two.join();
}

template <typename Meet>
void PostUnderMutex(Meet meet) {
  set_name("poster");
  meet();
  const std::lock_guard needs(g_mutex);
  g_posted.release();
}
template <typename Meet>
void WaitUnderMutex(Meet meet) {
  set_name("waiter");
  const std::lock_guard hold(g_mutex);
  meet();
  g_posted.acquire();
}

// The one who would post needs what the one who waits has.
template <typename Order>
void OnePoster() {
  Order::Tell([](auto meet) { PostUnderMutex(meet); },
              [](auto meet) { WaitUnderMutex(meet); });
}

// Safe: another one does not need it.
template <typename Order>
void SecondPoster() {
  lockcheck::thread second([] { g_posted.release(); });
  OnePoster<Order>();
  second.join();
}

// Safe: the mutex comes after the wait.
template <typename Order>
void WaitsWithoutMutex() {
  Order::Tell([](auto meet) { PostUnderMutex(meet); },
              [](auto meet) {
                meet();
                g_posted.acquire();
                const std::lock_guard hold(g_mutex);
              });
}

// Safe: the box is empty at first, its filler takes that, and another gives it
// back. What the filler does later it does not do while it holds anything.
void Signal() {
  static binary_semaphore emptied(1, "emptied"), filled(0, "filled");
  InTurn(
      [] {
        emptied.acquire();
        { std::lock_guard inner(g_mutex); }
        filled.release();
      },
      [] {
        filled.acquire();
        emptied.release();
        std::lock_guard outer(g_mutex);
        emptied.acquire();
        emptied.release();
      });
}

// Safe: a permit is nobody's, so who has it may end.
void HandedOn() {
  lockcheck::thread([] { g_one.acquire(); }).join();
  g_one.release();
}

// Waits for what somebody else would have to release; nobody does.
void Twice() {
  g_one.acquire();
  std::puts("takes another");
  std::fflush(stdout);
  g_one.acquire();
}

void OverRelease() {
  lockcheck::bounded_semaphore s(1, "bounded");
  try {
    s.release();
  } catch (const std::logic_error&) {
    std::puts("refused");
  }
}

// One thread, which waits for nothing.
void Acts() {
  counting_semaphore<> s(0, "s");
  s.release(3);
  s.acquire();
  s.release();
  if (!s.try_acquire()) std::puts("not as documented");
}

constexpr Story kStories[] = {
    {"semaphores-latent", BothOrders<OneAfterTheOther>},
    {"semaphores-hangs", BothOrders<AtOnce>},
    {"semaphores-safe", OneOrder},
    {"semaphores-safe-counting", Counting<OneAfterTheOther>},
    {"semaphores-safe-counting-at-once", Counting<AtOnce>},
    {"semaphores-safe-gate", Gate},
    {"semaphore-mutex-latent", AndMutex<OneAfterTheOther>},
    {"semaphore-mutex-hangs", AndMutex<AtOnce>},
    {"semaphore-mutex-safe", AndMutexInOneOrder},
    {"signal-safe", Signal},
    {"post-under-mutex-latent", OnePoster<OneAfterTheOther>},
    {"post-under-mutex-hangs", OnePoster<AtOnce>},
    {"post-under-mutex-safe", SecondPoster<OneAfterTheOther>},
    {"post-under-mutex-safe-at-once", SecondPoster<AtOnce>},
    {"post-under-mutex-safe-after", WaitsWithoutMutex<OneAfterTheOther>},
    {"post-under-mutex-safe-after-at-once", WaitsWithoutMutex<AtOnce>},
    {"all-posts", AfterPosts<2>},
    {"one-post", AfterPosts<1>},
    {"handed-on", HandedOn},
    {"twice", Twice},
    {"over-release", OverRelease},
    {"acts", Acts},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
