// Threads that wait for what coroutines hold, which only these threads could
// resume.
#include <lockcheck/coroutine/context.h>
#include <lockcheck/coroutine/event.h>
#include <lockcheck/coroutine/mutex.h>
#include <lockcheck/coroutine/task_group.h>
#include <lockcheck/lockcheck.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <latch>
#include <memory>
#include <system_error>

#include "tests/programs/stories.h"

namespace {

using lockcheck::coroutine::context;
using lockcheck::coroutine::event;
using lockcheck::coroutine::task;
using lockcheck::coroutine::yield;

lockcheck::mutex g_m("m");
lockcheck::timed_mutex g_timed("timed");

void Pause(int ms) {
  timespec time = {0, ms * 1'000'000L};
  nanosleep(&time, nullptr);
}

template <typename Mutex>
task<> HoldAcross(Mutex& m) {
  const std::lock_guard guard(m);
  co_await yield();
}
task<> HoldUntil(event& e) {
  const lockcheck::lock_guard guard(g_m);
  co_await e.wait();
}
task<> Lock() {
  const lockcheck::lock_guard guard(g_m);
  co_return;
}

// ---- Deadlocks ----

// The one thread that there is waits for what it would have to resume.
void Alone() {
  context c;
  c.spawn(HoldAcross(g_m), "holder");
  c.spawn(Lock(), "other");
  c.run();
}

// By the thread itself, and not by a coroutine.
void AfterRun() {
  event never("never");
  context c;
  c.spawn(HoldUntil(never), "holder");
  c.run();
  const lockcheck::lock_guard guard(g_m);
}

// Both threads in run() wait.
void OnTwoThreads() {
  event never("never");
  std::latch both(2);
  context c;
  const context::work work(c);
  const auto lock = [&]() -> task<> {
    both.arrive_and_wait();
    const lockcheck::lock_guard guard(g_m);
    co_return;
  };
  c.spawn(HoldUntil(never), "holder");
  c.spawn(lock(), "first");
  c.spawn(lock(), "second");
  lockcheck::thread other([&] { c.run(); });
  c.run();
}

// Each of two suspended ones has what the other's thread waits for.
void TwoContexts() {
  lockcheck::mutex first("first"), second("second");
  std::latch both(2);
  const auto run = [&](lockcheck::mutex& own, lockcheck::mutex& others) {
    context c;
    const auto lock = [&]() -> task<> {
      both.arrive_and_wait();
      const lockcheck::lock_guard guard(others);
      co_return;
    };
    c.spawn(HoldAcross(own), "holder");
    c.spawn(lock(), "other");
    c.run();
  };
  lockcheck::thread other([&] { run(second, first); });
  run(first, second);
}

// The thread in run() waits for one that waits for the lock.
void ThroughJoin() {
  context c;
  const auto join = []() -> task<> {
    lockcheck::thread waits([] { const lockcheck::lock_guard guard(g_m); });
    waits.join();
    co_return;
  };
  c.spawn(HoldAcross(g_m), "holder");
  c.spawn(join(), "joins");
  c.run();
}

// Somebody else is there, but one thread is to run the context.
void WithHint() {
  std::atomic<bool> stop = false;
  lockcheck::thread helper([&] {
    while (!stop) Pause(1);
  });
  context c(1);
  c.spawn(HoldAcross(g_m), "holder");
  c.spawn(Lock(), "other");
  c.run();
  stop = true;
  helper.join();
}

// Somebody else is there, and nobody will wake it.
void WithIdleHelper() {
  lockcheck::event work("work");
  lockcheck::thread helper([&] { work.wait(); });
  context c;
  c.spawn(HoldAcross(g_m), "holder");
  c.spawn(Lock(), "other");
  c.run();
  work.set();
  helper.join();
}

// The last one who could have come ends while they wait.
void UntilHelperEnds() {
  std::latch about(1);
  lockcheck::thread helper([&] {
    about.wait();
    Pause(50);
  });
  helper.detach();
  context c;
  const auto lock = [&]() -> task<> {
    about.count_down();
    const lockcheck::lock_guard guard(g_m);
    co_return;
  };
  c.spawn(HoldAcross(g_m), "holder");
  c.spawn(lock(), "other");
  c.run();
}

// ---- Threads and coroutines that wait for each other ----

// While this lives, two threads are in run() that could resume anybody.
class Runners {
 public:
  explicit Runners(context& c)
      : work_(c), first_([&] { c.run(); }), second_([&] { c.run(); }) {}

 private:
  const context::work work_;
  lockcheck::thread first_, second_;
};

// One has a lock of threads and awaits what the other has, which waits for that
// lock in its thread.
void Mixed() {
  std::latch both(2);
  lockcheck::coroutine::mutex x("x");
  context c;
  const auto awaits = [&]() -> task<> {
    const lockcheck::lock_guard guard(g_m);
    both.arrive_and_wait();
    const auto other = co_await x.scoped_lock();
  };
  const auto waits = [&]() -> task<> {
    const auto other = co_await x.scoped_lock();
    both.arrive_and_wait();
    const lockcheck::lock_guard guard(g_m);
  };
  c.spawn(awaits(), "awaits");
  c.spawn(waits(), "waits");
  const Runners runners(c);
  c.run();
}

// A thread has what the coroutine awaits.
void MixedWithThread() {
  std::latch has(1);
  lockcheck::coroutine::mutex x("x");
  x.try_lock();
  context c;
  const auto awaits = [&]() -> task<> {
    const lockcheck::lock_guard guard(g_m);
    has.count_down();
    const auto other = co_await x.scoped_lock();
  };
  c.spawn(awaits(), "awaits");
  const Runners runners(c);
  has.wait();
  const lockcheck::lock_guard guard(g_m);
}

// It awaits the end of one that waits for the lock in its thread.
void MixedWithJoin() {
  context c;
  const auto joins = [&]() -> task<> {
    const lockcheck::lock_guard guard(g_m);
    lockcheck::coroutine::task_group<> group;
    group.spawn(Lock(), "waits");
    co_await group.join();
  };
  c.spawn(joins(), "awaits");
  const Runners runners(c);
  c.run();
}

// Safe: one of them gives up.
void MixedGivesUp() {
  std::latch both(2);
  lockcheck::coroutine::mutex x("x");
  context c;
  const auto awaits = [&]() -> task<> {
    const lockcheck::lock_guard guard(g_m);
    both.arrive_and_wait();
    if (co_await x.try_lock_for(std::chrono::milliseconds(20))) x.unlock();
  };
  const auto waits = [&]() -> task<> {
    const auto other = co_await x.scoped_lock();
    both.arrive_and_wait();
    const lockcheck::lock_guard guard(g_m);
  };
  c.spawn(awaits(), "awaits");
  c.spawn(waits(), "waits");
  lockcheck::thread other([&] { c.run(); });
  c.run();
  other.join();
}

// ---- Stacks of awaits ----

lockcheck::coroutine::mutex g_first("first"), g_second("second");

task<> Innermost(lockcheck::coroutine::mutex& inner) {
  const auto guard = co_await inner.scoped_lock();
}
task<int> Middle(lockcheck::coroutine::mutex& inner) {
  co_await yield();
  co_await Innermost(inner);
  co_return 1;
}
task<> Outermost(lockcheck::coroutine::mutex& outer,
                 lockcheck::coroutine::mutex& inner) {
  const auto guard = co_await outer.scoped_lock();
  const int one = co_await Middle(inner);
  if (one != 1) std::puts("wrong");
}
void Deep() {
  context c;
  c.spawn(Outermost(g_first, g_second), "one");
  c.spawn(Outermost(g_second, g_first), "two");
  c.run();
}

// With on_deadlock=throw.
void Refused() {
  for (int i = 0; i < 2; ++i) {
    context c;
    const auto lock = []() -> task<> {
      try {
        const lockcheck::lock_guard guard(g_m);
      } catch (const std::system_error& error) {
        std::puts(error.code() == std::errc::resource_deadlock_would_occur
                      ? "refused"
                      : "wrong");
      }
      co_return;
    };
    c.spawn(HoldAcross(g_m), "holder");
    c.spawn(lock(), "other");
    c.run();
  }
}

// ---- Safe ----

// A second thread is in run(), and resumes the holder.
void SecondThread() {
  event go("go");
  std::latch both(2);
  context c;
  const auto lock = [&]() -> task<> {
    both.arrive_and_wait();
    const lockcheck::lock_guard guard(g_m);
    co_return;
  };
  const auto set = [&]() -> task<> {
    both.arrive_and_wait();
    Pause(20);
    go.set();
    co_return;
  };
  c.spawn(HoldUntil(go), "holder");
  c.spawn(lock(), "waits");
  c.spawn(set(), "sets");
  lockcheck::thread other([&] { c.run(); });
  c.run();
  other.join();
}

// A second thread comes to run() when the first one waits.
void LateThread() {
  std::latch about(1);
  context c;
  const auto lock = [&]() -> task<> {
    about.count_down();
    const lockcheck::lock_guard guard(g_m);
    co_return;
  };
  c.spawn(HoldAcross(g_m), "holder");
  c.spawn(lock(), "waits");
  lockcheck::thread first([&] { c.run(); });
  about.wait();
  Pause(20);
  c.run();
  first.join();
}

// Who waits gives up.
void GivesUp() {
  context c;
  const auto lock = []() -> task<> {
    if (g_timed.try_lock_for(std::chrono::milliseconds(20))) std::puts("wrong");
    co_return;
  };
  c.spawn(HoldAcross(g_timed), "holder");
  c.spawn(lock(), "waits");
  c.run();
}

constexpr Story kStories[] = {
    {"alone", &Alone},
    {"after-run", &AfterRun},
    {"on-two-threads", &OnTwoThreads},
    {"two-contexts", &TwoContexts},
    {"through-join", &ThroughJoin},
    {"with-hint", &WithHint},
    {"with-idle-helper", &WithIdleHelper},
    {"until-helper-ends", &UntilHelperEnds},
    {"mixed", &Mixed},
    {"mixed-with-thread", &MixedWithThread},
    {"mixed-with-join", &MixedWithJoin},
    {"mixed-gives-up", &MixedGivesUp},
    {"deep", &Deep},
    {"refused", &Refused},
    {"second-thread", &SecondThread},
    {"late-thread", &LateThread},
    {"gives-up", &GivesUp},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
