// Threads that are joined by who keeps them from ending.
#include <lockcheck/lockcheck.h>

#include <latch>
#include <mutex>
#include <system_error>

#include "tests/programs/stories.h"

namespace {

using lockcheck::this_thread::set_name;

lockcheck::mutex g_mutex("mutex"), g_other("other");

enum class WorkerLocks { kFirst, kAtOnce };

// Main joins the worker with the mutex held, and the worker needs `needed`:
// before main has the mutex, or at the same time.
template <WorkerLocks when>
void JoinHolding(lockcheck::mutex& needed) {
  std::latch main_has_it(1), worker_is_done(1);
  lockcheck::thread worker([&] {
    set_name("worker");
    if (when == WorkerLocks::kAtOnce) main_has_it.wait();
    { const std::lock_guard needs(needed); }
    worker_is_done.count_down();
  });
  if (when == WorkerLocks::kFirst) worker_is_done.wait();
  const std::lock_guard hold(g_mutex);
  main_has_it.count_down();
  worker.join();
}

void JoinUnderMutexLatent() { JoinHolding<WorkerLocks::kFirst>(g_mutex); }
void JoinUnderMutexHangs() { JoinHolding<WorkerLocks::kAtOnce>(g_mutex); }
// Safe: the worker needs another one.
void JoinUnderAnother() { JoinHolding<WorkerLocks::kAtOnce>(g_other); }

// Safe: it is joined before.
void JoinBeforeMutex() {
  lockcheck::thread worker([] { const std::lock_guard needs(g_mutex); });
  worker.join();
  const std::lock_guard hold(g_mutex);
}

// It is refused, so the program ends.
void JoinsItself() {
  lockcheck::thread self;
  std::latch is_set(1), is_refused(1);
  self = lockcheck::thread([&] {
    set_name("self");
    is_set.wait();
    try {
      self.join();
    } catch (const std::system_error&) {
      is_refused.count_down();
    }
  });
  is_set.count_down();
  is_refused.wait();
  self.join();
}

// What nothing refuses: each of two joins the other one.
void JoinEachOther() {
  static lockcheck::thread one, two;
  static std::latch both_are_set(1);
  one = lockcheck::thread([] {
    set_name("one");
    both_are_set.wait();
    two.join();
  });
  two = lockcheck::thread([] {
    set_name("two");
    both_are_set.wait();
    one.join();
  });
  both_are_set.count_down();
  std::latch(1).wait();
}

// Safe: each is joined by who comes after it.
void JoinedInARow() {
  lockcheck::thread one([] {});
  lockcheck::thread two([&] { one.join(); });
  two.join();
}

constexpr Story kStories[] = {
    {"join-under-mutex-latent", JoinUnderMutexLatent},
    {"join-under-mutex-hangs", JoinUnderMutexHangs},
    {"join-under-mutex-safe", JoinBeforeMutex},
    {"join-under-mutex-safe-other", JoinUnderAnother},
    {"self-join-latent", JoinsItself},
    {"self-join-hangs", JoinEachOther},
    {"self-join-safe", JoinedInARow},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
