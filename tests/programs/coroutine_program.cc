// What coroutines and their locks are used for.
#include <lockcheck/coroutine/context.h>
#include <lockcheck/coroutine/event.h>
#include <lockcheck/coroutine/mutex.h>
#include <lockcheck/coroutine/task_group.h>
#include <lockcheck/lockcheck.h>

#include <chrono>
#include <cstdio>
#include <latch>
#include <memory>
#include <system_error>
#include <vector>

#include "tests/programs/stories.h"

namespace {

using lockcheck::coroutine::context;
using lockcheck::coroutine::event;
using lockcheck::coroutine::mutex;
using lockcheck::coroutine::task;
using lockcheck::coroutine::task_group;
using lockcheck::coroutine::yield;

mutex g_a("a"), g_b("b"), g_c("c");
lockcheck::mutex g_of_threads("of threads"), g_other_of_threads("other");

task<> Nested(mutex& outer, mutex& inner) {
  const mutex::guard first = co_await outer.scoped_lock();
  const mutex::guard second = co_await inner.scoped_lock();
}

// The others have a turn between the two.
task<> NestedSlowly(mutex& outer, mutex& inner) {
  const mutex::guard first = co_await outer.scoped_lock();
  co_await yield();
  const mutex::guard second = co_await inner.scoped_lock();
}

void ReportLeft(context& c) {
  const size_t left = c.run();
  if (left == 0) return;
  std::printf("%zu left\n", left);
  std::fflush(stdout);
}

// Two that may have their turns in each other's midst, though they do not.
void Order() {
  context c;
  c.spawn(Nested(g_a, g_b), "first");
  c.spawn(Nested(g_b, g_a), "second");
  ReportLeft(c);
}

// Safe, as are those up to the next remark.
void OneOrder() {
  context c;
  c.spawn(NestedSlowly(g_a, g_b), "first");
  c.spawn(NestedSlowly(g_a, g_b), "second");
  ReportLeft(c);
}

void OneAfterTheOther() {
  context c;
  const auto both = []() -> task<> {
    task_group<> group;
    group.spawn(Nested(g_a, g_b), "first");
    co_await group.join();
    group.spawn(Nested(g_b, g_a), "second");
    co_await group.join();
    co_await Nested(g_a, g_b);
  };
  c.spawn(both(), "both");
  ReportLeft(c);
}

void AcrossRuns() {
  context c;
  c.spawn(Nested(g_a, g_b), "first");
  ReportLeft(c);
  c.spawn(Nested(g_b, g_a), "second");
  ReportLeft(c);
}

task<> LockOfThreads() {
  const lockcheck::lock_guard first(g_of_threads);
  const lockcheck::lock_guard second(g_other_of_threads);
  co_return;
}

void ThreadAfterCoroutine() {
  context c;
  c.spawn(LockOfThreads(), "first");
  ReportLeft(c);
  const lockcheck::lock_guard first(g_other_of_threads);
  const lockcheck::lock_guard second(g_of_threads);
}

// What they hold stays theirs, whoever runs them.
void Work() {
  context c;
  int counter = 0;
  const auto work = [&](int n) -> task<> {
    for (int i = 0; i < 200; ++i) {
      const mutex::guard a = co_await g_a.scoped_lock();
      if (i % 3 == n % 3) co_await yield();
      mutex::guard b = co_await g_b.scoped_lock();
      const int before = counter;
      if (i % 5 == n % 5) co_await yield();
      counter = before + 1;
      b.unlock();
      if (i % 7 == n % 7) {
        co_await lockcheck::coroutine::sleep_for(std::chrono::microseconds(1));
      }
    }
  };
  for (int i = 0; i < 8; ++i) c.spawn(work(i), "work");
  std::vector<lockcheck::thread> others;
  for (int i = 0; i < 2; ++i) others.emplace_back([&] { ReportLeft(c); });
  ReportLeft(c);
  for (lockcheck::thread& other : others) other.join();
  if (counter != 8 * 200) std::printf("%d\n", counter);
}

// Who gives up leaves no cycle; nor does who is destroyed.
void GivenUp() {
  context c;
  const auto ask = [](mutex& outer, mutex& inner) -> task<> {
    const mutex::guard guard = co_await outer.scoped_lock();
    co_await yield();
    if (co_await inner.try_lock_for(std::chrono::milliseconds(2))) {
      inner.unlock();
    }
  };
  c.spawn(ask(g_a, g_b), "first");
  c.spawn(ask(g_a, g_b), "second");
  ReportLeft(c);
}

// Ten thousand at a time.
void Many() {
  context c;
  const auto all = []() -> task<> {
    task_group<int> group;
    const auto one = [](int i) -> task<int> {
      co_await yield();
      co_return i;
    };
    for (int i = 0; i < 10'000; ++i) group.spawn(one(i));
    const std::vector<int> values = co_await group.join();
    if (values.size() != 10'000 || values[77] != 77) std::puts("wrong");
  };
  c.spawn(all());
  ReportLeft(c);
}

// Misuse.
void UnlockFree() {
  context c;
  const auto unlock = []() -> task<> {
    g_a.unlock();
    co_return;
  };
  c.spawn(unlock(), "careless");
  ReportLeft(c);
}

void UnlockOthers() {
  context c;
  const auto hold = []() -> task<> {
    co_await g_a.lock();
    co_await yield();
    co_await yield();
  };
  const auto unlock = []() -> task<> {
    g_a.unlock();
    co_return;
  };
  c.spawn(hold(), "holder");
  c.spawn(unlock(), "careless");
  ReportLeft(c);
}

void EndHolding() {
  context c;
  const auto hold = []() -> task<> { co_await g_a.lock(); };
  c.spawn(hold(), "careless");
  ReportLeft(c);
}

// Deadlocks. The program comes to its end all the same, for nobody sleeps.
void Abba() {
  context c;
  c.spawn(NestedSlowly(g_a, g_b), "first");
  c.spawn(NestedSlowly(g_b, g_a), "second");
  ReportLeft(c);
}

void AbbaOnTwoThreads() {
  context c;
  const context::work work(c);
  std::latch both_hold(2);
  const auto nested = [&](mutex& outer, mutex& inner) -> task<> {
    const mutex::guard first = co_await outer.scoped_lock();
    both_hold.arrive_and_wait();
    const mutex::guard second = co_await inner.scoped_lock();
  };
  c.spawn(nested(g_a, g_b), "first");
  c.spawn(nested(g_b, g_a), "second");
  // They sleep, for somebody outside might come.
  lockcheck::thread other([&] { c.run(); });
  std::puts("waits");
  std::fflush(stdout);
  c.run();
}

void RingOfThree() {
  context c;
  c.spawn(NestedSlowly(g_a, g_b), "first");
  c.spawn(NestedSlowly(g_b, g_c), "second");
  c.spawn(NestedSlowly(g_c, g_a), "third");
  // It waits behind them.
  c.spawn(NestedSlowly(g_a, g_b), "fourth");
  ReportLeft(c);
}

void JoinUnderMutex() {
  context c;
  const auto parent = []() -> task<> {
    const mutex::guard guard = co_await g_a.scoped_lock();
    task_group<> group;
    group.spawn(Nested(g_a, g_b), "child");
    co_await group.join();
  };
  c.spawn(parent(), "parent");
  ReportLeft(c);
}

// Of its own group.
void JoinsItself() {
  context c;
  const auto parent = []() -> task<> {
    task_group<> group;
    const auto member = [](task_group<>* its) -> task<> {
      co_await yield();
      co_await its->join();
    };
    group.spawn(member(&group), "member");
    co_await group.join();
  };
  c.spawn(parent(), "parent");
  ReportLeft(c);
}

void LocksTwice() {
  context c;
  const auto twice = []() -> task<> {
    const mutex::guard first = co_await g_a.scoped_lock();
    const mutex::guard second = co_await g_a.scoped_lock();
  };
  c.spawn(twice(), "careless");
  ReportLeft(c);
}

void OwnerEnds() {
  context c;
  const auto hold = []() -> task<> { co_await g_a.lock(); };
  c.spawn(hold(), "careless");
  c.spawn(Nested(g_a, g_b), "first");
  c.spawn(Nested(g_a, g_b), "second");
  ReportLeft(c);
}

// Nobody sets the event, and who waits for it holds what another one awaits.
void NobodySets() {
  event never("never");
  context c;
  const auto hold = [&]() -> task<> {
    const mutex::guard guard = co_await g_a.scoped_lock();
    co_await never.wait();
  };
  c.spawn(hold(), "holder");
  c.spawn(Nested(g_a, g_b), "other");
  ReportLeft(c);
}

// Safe: it is set from outside; who waits for ever is meant to.
void SetsFromOutside() {
  event stop("stop"), never("never");
  context c;
  const auto wait = [](event& e) -> task<> { co_await e.wait(); };
  c.spawn(wait(stop), "waits");
  c.spawn_background(wait(never), "idle");
  auto work = std::make_unique<context::work>(c);
  lockcheck::thread outside([&] {
    stop.set();
    work.reset();
  });
  ReportLeft(c);
  outside.join();
}

// Safe: run() is called again when it is set.
void SetsBetweenRuns() {
  event ready("ready");
  context c;
  const auto wait = [&]() -> task<> { co_await ready.wait(); };
  c.spawn(wait(), "waits");
  if (c.run() != 1) std::puts("not as documented");
  ready.set();
  ReportLeft(c);
}

void SetInTime() {
  event e("event");
  context c;
  const auto wait = [&]() -> task<> {
    const mutex::guard guard = co_await g_a.scoped_lock();
    co_await e.wait();
  };
  const auto set = [&]() -> task<> {
    co_await yield();
    e.set();
  };
  c.spawn(wait(), "waits");
  c.spawn(set(), "sets");
  ReportLeft(c);
}

// With on_deadlock=throw.
void Refused() {
  context c;
  const auto nested = [](mutex& outer, mutex& inner) -> task<> {
    const mutex::guard first = co_await outer.scoped_lock();
    co_await yield();
    try {
      const mutex::guard second = co_await inner.scoped_lock();
    } catch (const std::system_error& error) {
      std::puts(error.code() == std::errc::resource_deadlock_would_occur
                    ? "refused"
                    : "wrong");
    }
  };
  for (int i = 0; i < 2; ++i) {
    c.spawn(nested(g_a, g_b), "first");
    c.spawn(nested(g_b, g_a), "second");
    ReportLeft(c);
  }
}

// Safe: a thread lets go of what a coroutine waits for.
void LetGoByThread() {
  g_a.try_lock();
  context c;
  c.spawn(Nested(g_a, g_b), "first");
  c.run();
  g_a.unlock();
  ReportLeft(c);
}

constexpr Story kStories[] = {
    {"order", &Order},
    {"one-order", &OneOrder},
    {"one-after-the-other", &OneAfterTheOther},
    {"across-runs", &AcrossRuns},
    {"thread-after-coroutine", &ThreadAfterCoroutine},
    {"work", &Work},
    {"given-up", &GivenUp},
    {"many", &Many},
    {"unlock-free", &UnlockFree},
    {"unlock-others", &UnlockOthers},
    {"end-holding", &EndHolding},
    {"abba", &Abba},
    {"abba-on-two-threads", &AbbaOnTwoThreads},
    {"ring-of-three", &RingOfThree},
    {"join-under-mutex", &JoinUnderMutex},
    {"joins-itself", &JoinsItself},
    {"locks-twice", &LocksTwice},
    {"owner-ends", &OwnerEnds},
    {"nobody-sets", &NobodySets},
    {"sets-from-outside", &SetsFromOutside},
    {"sets-between-runs", &SetsBetweenRuns},
    {"set-in-time", &SetInTime},
    {"refused", &Refused},
    {"let-go-by-thread", &LetGoByThread},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
