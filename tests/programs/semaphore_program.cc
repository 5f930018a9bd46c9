// What semaphores are used for, each story made by threads one after the other.
#include <lockcheck/lockcheck.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <stdexcept>

#include "tests/programs/in_turn.h"
#include "tests/programs/stories.h"

namespace {

using lockcheck::binary_semaphore;
using lockcheck::counting_semaphore;
using lockcheck::testing::InTurn;

lockcheck::mutex g_mutex("mutex");
binary_semaphore g_one(1, "one"), g_other(1, "other");

template <typename Outer, typename Inner>
void Nested(Outer& outer, Inner& inner) {
  outer.acquire();
  inner.acquire();
  inner.release();
  outer.release();
}

void Order() {
  InTurn([] { Nested(g_one, g_other); }, [] { Nested(g_other, g_one); });
}

void AndMutex() {
  InTurn(
      [] {
        g_one.acquire();
        { std::lock_guard inner(g_mutex); }
        g_one.release();
      },
      [] {
        std::lock_guard outer(g_mutex);
        g_one.acquire();
        g_one.release();
      });
}

// Safe: of two permits one is always there for these two.
void Counting() {
  static counting_semaphore<> a(2, "a"), b(2, "b");
  InTurn([] { Nested(a, b); }, [] { Nested(b, a); });
}

// Safe: under one mutex.
void Gate() {
  InTurn(
      [] {
        std::lock_guard gate(g_mutex);
        Nested(g_one, g_other);
      },
      [] {
        std::lock_guard gate(g_mutex);
        Nested(g_other, g_one);
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
    {"order", Order},       {"and-mutex", AndMutex},
    {"counting", Counting}, {"gate", Gate},
    {"signal", Signal},     {"handed-on", HandedOn},
    {"twice", Twice},       {"over-release", OverRelease},
    {"acts", Acts},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
