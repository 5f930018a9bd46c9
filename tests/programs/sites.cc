// Takes locks in every way at places that it says itself: each lock is taken at
// one place, and its name stands for that place. Prints "lock function line".
// Compiled at several levels of optimization by two compilers; see
// sites_test.cc.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "lockcheck/lockcheck.h"

namespace {

// What comes next stands in the line below.
#define NEXT_LINE_TAKES(lock)         \
  lockcheck::timed_mutex lock(#lock); \
  Say(#lock, __func__, __LINE__ + 1)
#define NEXT_LINE_TAKES_ALSO(lock) Say(#lock, __func__, __LINE__ + 1)

void Say(const char* lock, const char* function, int line) {
  printf("%s %s %d\n", lock, function, line);
}

// Keeps calls from being the last thing a function does.
int g_calls = 0;

[[gnu::noinline]] void Members() {
  NEXT_LINE_TAKES(by_lock);
  by_lock.lock();
  by_lock.unlock();
  NEXT_LINE_TAKES(by_try_lock);
  if (by_try_lock.try_lock()) by_try_lock.unlock();
  NEXT_LINE_TAKES(by_try_lock_for);
  if (by_try_lock_for.try_lock_for(std::chrono::seconds(1))) {
    by_try_lock_for.unlock();
  }
  ++g_calls;
}

[[gnu::noinline]] void OwnGuards() {
  NEXT_LINE_TAKES(by_own_guard);
  const lockcheck::lock_guard guard(by_own_guard);
  NEXT_LINE_TAKES(by_own_unique);
  const lockcheck::unique_lock unique(by_own_unique);
  lockcheck::mutex by_own_deferred("by_own_deferred");
  lockcheck::unique_lock deferred(by_own_deferred, lockcheck::defer_lock);
  NEXT_LINE_TAKES_ALSO(by_own_deferred);
  deferred.lock();
  NEXT_LINE_TAKES(by_own_scoped);
  const lockcheck::scoped_lock scoped(by_own_scoped);
  ++g_calls;
}

[[gnu::noinline]] void OwnMany() {
  lockcheck::mutex own_many_1("own_many_1"), own_many_2("own_many_2");
  {
    NEXT_LINE_TAKES_ALSO(own_many_1), NEXT_LINE_TAKES_ALSO(own_many_2);
    const lockcheck::scoped_lock scoped(own_many_1, own_many_2);
  }
  lockcheck::mutex own_lock_1("own_lock_1"), own_lock_2("own_lock_2");
  NEXT_LINE_TAKES_ALSO(own_lock_1), NEXT_LINE_TAKES_ALSO(own_lock_2);
  lockcheck::lock(own_lock_1, own_lock_2);
  own_lock_1.unlock();
  own_lock_2.unlock();
  lockcheck::mutex own_try_1("own_try_1"), own_try_2("own_try_2");
  NEXT_LINE_TAKES_ALSO(own_try_1), NEXT_LINE_TAKES_ALSO(own_try_2);
  if (lockcheck::try_lock(own_try_1, own_try_2) >= 0) std::abort();
  own_try_1.unlock();
  own_try_2.unlock();
  ++g_calls;
}

[[gnu::noinline]] void StdGuards() {
  NEXT_LINE_TAKES(by_std_guard);
  const std::lock_guard guard(by_std_guard);
  NEXT_LINE_TAKES(by_std_unique);
  const std::unique_lock unique(by_std_unique);
  NEXT_LINE_TAKES(by_std_try);
  const std::unique_lock tried(by_std_try, std::try_to_lock);
  lockcheck::mutex by_std_deferred("by_std_deferred");
  std::unique_lock deferred(by_std_deferred, std::defer_lock);
  NEXT_LINE_TAKES_ALSO(by_std_deferred);
  deferred.lock();
  NEXT_LINE_TAKES(by_std_scoped);
  const std::scoped_lock scoped(by_std_scoped);
  ++g_calls;
}

[[gnu::noinline]] void StdMany() {
  lockcheck::mutex std_many_1("std_many_1"), std_many_2("std_many_2");
  {
    NEXT_LINE_TAKES_ALSO(std_many_1), NEXT_LINE_TAKES_ALSO(std_many_2);
    const std::scoped_lock scoped(std_many_1, std_many_2);
  }
  lockcheck::mutex std_lock_1("std_lock_1"), std_lock_2("std_lock_2");
  NEXT_LINE_TAKES_ALSO(std_lock_1), NEXT_LINE_TAKES_ALSO(std_lock_2);
  std::lock(std_lock_1, std_lock_2);
  std_lock_1.unlock();
  std_lock_2.unlock();
  ++g_calls;
}

// Takes its lock twice: when it locks, and when the wait is over.
[[gnu::noinline]] void Waits() {
  lockcheck::mutex waited("waited");
  lockcheck::condition_variable never("never");
  lockcheck::unique_lock lock(waited);
  (void)never.wait_for(lock, std::chrono::milliseconds(1));
  ++g_calls;
}

// The same guard, the same type, one after the other: four places.
[[gnu::noinline]] void FourInARow() {
  NEXT_LINE_TAKES(row_1);
  { const std::lock_guard guard(row_1); }
  NEXT_LINE_TAKES(row_2);
  { const std::lock_guard guard(row_2); }
  NEXT_LINE_TAKES(row_3);
  { const lockcheck::lock_guard guard(row_3); }
  NEXT_LINE_TAKES(row_4);
  { const lockcheck::lock_guard guard(row_4); }
  ++g_calls;
}

// The compiler may put it into its callers: the place stays this line.
inline void Inlined(lockcheck::mutex& inlined) {
  NEXT_LINE_TAKES_ALSO(inlined);
  const std::lock_guard guard(inlined);
  ++g_calls;
}

[[gnu::noinline]] void Inner() {
  NEXT_LINE_TAKES(deep);
  const std::lock_guard guard(deep);
  ++g_calls;
}
[[gnu::noinline]] void Middle() {
  Inner();
  ++g_calls;
}
[[gnu::noinline]] void Outer() {
  Middle();
  ++g_calls;
}

// A project's own guard, in a function of its own: one site for every lock.
class OwnersGuard {
 public:
  [[gnu::noinline]] explicit OwnersGuard(lockcheck::mutex& m) : m_(m) {
    m_.lock();
    ++g_calls;
  }
  [[gnu::noinline]] ~OwnersGuard() {
    m_.unlock();
    ++g_calls;
  }
  OwnersGuard(const OwnersGuard&) = delete;
  OwnersGuard& operator=(const OwnersGuard&) = delete;

 private:
  lockcheck::mutex& m_;
};
lockcheck::mutex g_books("books");
lockcheck::mutex g_cash("cash");

[[gnu::noinline]] void Startup() {
  { const OwnersGuard books(g_books); }
  { const OwnersGuard cash(g_cash); }
  ++g_calls;
}
[[gnu::noinline]] void Pay() {
  const OwnersGuard books(g_books);
  const OwnersGuard cash(g_cash);
  ++g_calls;
}
[[gnu::noinline]] void Refund() {
  const OwnersGuard cash(g_cash);
  const OwnersGuard books(g_books);
  ++g_calls;
}

}  // namespace

int main() {
  Startup();
  for (int i = 0; i < 100; ++i) {
    Pay();
    Refund();
  }
  Members();
  OwnGuards();
  OwnMany();
  StdGuards();
  StdMany();
  Waits();
  FourInARow();
  Outer();
  lockcheck::mutex inlined("inlined");
  Inlined(inlined);
  return g_calls > 0 ? 0 : 1;
}
