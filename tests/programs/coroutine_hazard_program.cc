// What coroutines do to the threads that run them.
#include <lockcheck/blocking_region.h>
#include <lockcheck/coroutine/context.h>
#include <lockcheck/coroutine/event.h>
#include <lockcheck/coroutine/mutex.h>
#include <lockcheck/lockcheck.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "tests/instrument/sleeper.h"
#include "tests/programs/stories.h"

namespace {

using lockcheck::coroutine::context;
using lockcheck::coroutine::event;
using lockcheck::coroutine::mutex;
using lockcheck::coroutine::task;
using lockcheck::coroutine::yield;

lockcheck::mutex g_m("m");
lockcheck::shared_mutex g_shared("shared");
lockcheck::counting_semaphore<2> g_permits(2, "permits");
mutex g_awaited("awaited");

task<> Nothing() { co_return; }

void ReportLeft(context& c) {
  const size_t left = c.run();
  if (left != 0) std::printf("%zu left\n", left);
}

void Run(task<> one, const char* name) {
  context c;
  c.spawn(std::move(one), name);
  ReportLeft(c);
}

// ---- Locks across awaits ----

task<> YieldWithLock() {
  const lockcheck::lock_guard guard(g_m);
  co_await yield();
}
void AcrossYield() { Run(YieldWithLock(), "holder"); }

task<> SleepReading() {
  const std::shared_lock guard(g_shared);
  co_await lockcheck::coroutine::sleep_for(std::chrono::microseconds(1));
}
void AcrossSleep() { Run(SleepReading(), "holder"); }

task<> AwaitMutexWithLock() {
  const lockcheck::lock_guard guard(g_m);
  const mutex::guard inner = co_await g_awaited.scoped_lock();
}
// The other one has it for a turn.
void AcrossMutex() {
  context c;
  const auto other = []() -> task<> {
    const mutex::guard guard = co_await g_awaited.scoped_lock();
    co_await yield();
  };
  c.spawn(other(), "other");
  c.spawn(AwaitMutexWithLock(), "holder");
  ReportLeft(c);
}

// Two places of one lock, and one of them many times.
void AcrossTwoAwaits() {
  context c;
  const auto holder = []() -> task<> {
    for (int i = 0; i < 3; ++i) {
      const lockcheck::lock_guard guard(g_m);
      co_await yield();
      co_await yield();
    }
  };
  c.spawn(holder(), "holder");
  ReportLeft(c);
}

// It goes on in another thread than the one that took the lock.
void InAnotherThread() {
  event go("go");
  context c;
  const auto holder = [&]() -> task<> {
    const lockcheck::lock_guard guard(g_m);
    co_await go.wait();
  };
  c.spawn(holder(), "holder");
  if (c.run() != 1) std::puts("not as documented");
  go.set();
  lockcheck::thread([&] { ReportLeft(c); }).join();
}

// Safe: what is held when it is suspended keeps no thread.
void NotAcross() {
  context c;
  const auto lets_go = []() -> task<> {
    { const lockcheck::lock_guard guard(g_m); }
    co_await yield();
    const mutex::guard awaited = co_await g_awaited.scoped_lock();
    co_await yield();
  };
  c.spawn(lets_go(), "lets go");
  // It is not suspended: what it awaits is there.
  const auto finds = []() -> task<> {
    event set("set");
    set.set();
    const lockcheck::lock_guard guard(g_m);
    co_await set.wait();
    mutex free("free");
    const mutex::guard awaited = co_await free.scoped_lock();
    co_await Nothing();
  };
  c.spawn(finds(), "finds");
  // Whoever comes by may give it back.
  const auto permit = []() -> task<> {
    g_permits.acquire();
    co_await yield();
    g_permits.release();
  };
  c.spawn(permit(), "permit");
  ReportLeft(c);
}

// Safe: the thread that runs the context has a lock, none of its coroutines.
void ThreadsOwn() {
  const lockcheck::lock_guard guard(g_m);
  context c;
  const auto waits = []() -> task<> { co_await yield(); };
  c.spawn(waits(), "waits");
  ReportLeft(c);
}

// ---- Waits in the thread ----

// Two more could go on meanwhile.
void RunBeside(task<> one) {
  context c;
  c.spawn(std::move(one), "waits");
  c.spawn(Nothing(), "ready");
  c.spawn(Nothing(), "ready too");
  ReportLeft(c);
}

task<> WaitForEvent(lockcheck::event& asked, lockcheck::event& ready) {
  asked.set();
  ready.wait();
  co_return;
}
// It is set when the coroutine's thread, this one, waits.
void BlockingEvent() {
  lockcheck::event asked("asked"), ready("ready");
  lockcheck::thread setter([&, waiter = gettid()] {
    asked.wait();
    while (!lockcheck::testing::IsAsleep(waiter)) sched_yield();
    ready.set();
  });
  RunBeside(WaitForEvent(asked, ready));
  setter.join();
}

task<> ReadDevice() {
  const lockcheck::blocking_region read("device");
  co_return;
}
void BlockingCall() { RunBeside(ReadDevice()); }

task<> JoinThread() {
  lockcheck::thread([] {}).join();
  co_return;
}
void BlockingJoin() { RunBeside(JoinThread()); }

// Safe: it is suspended, or need not wait, or is no coroutine.
void NotBlocking() {
  event ready("ready");
  lockcheck::event set("set");
  set.set();
  context c;
  const auto waits = [&]() -> task<> {
    set.wait();
    co_await ready.wait();
  };
  c.spawn(waits(), "waits");
  auto work = std::make_unique<context::work>(c);
  lockcheck::thread setter([&] {
    const lockcheck::blocking_region read("device");
    ready.set();
    work.reset();
  });
  ReportLeft(c);
  setter.join();
}

// ---- Long runs ----

double ThreadMs() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 +
         static_cast<double>(now.tv_nsec) / 1e6;
}
void Compute(double ms) {
  const double begin = ThreadMs();
  while (ThreadMs() - begin < ms) {
  }
}

task<> ComputeLong() {
  co_await yield();
  Compute(40);
  co_await yield();
}
void LongRun() { RunBeside(ComputeLong()); }

// It is suspended never.
task<> ComputeFromBeginningToEnd() {
  Compute(40);
  co_return;
}
void LongFromBeginning() { RunBeside(ComputeFromBeginningToEnd()); }

// What lockcheck does not see: a sleep.
task<> SleepInThread() {
  co_await yield();
  timespec time = {1, 300'000'000};
  nanosleep(&time, nullptr);
}
void LongSleep() { RunBeside(SleepInThread()); }

// Safe: the others have turns.
void ShortRuns() {
  context c;
  const auto computes = []() -> task<> {
    for (int i = 0; i < 40; ++i) {
      Compute(1);
      co_await yield();
    }
  };
  c.spawn(computes(), "computes");
  ReportLeft(c);
}

constexpr Story kStories[] = {
    {"across-yield", &AcrossYield},
    {"across-sleep", &AcrossSleep},
    {"across-mutex", &AcrossMutex},
    {"across-two-awaits", &AcrossTwoAwaits},
    {"in-another-thread", &InAnotherThread},
    {"not-across", &NotAcross},
    {"threads-own", &ThreadsOwn},
    {"blocking-event", &BlockingEvent},
    {"blocking-call", &BlockingCall},
    {"blocking-join", &BlockingJoin},
    {"not-blocking", &NotBlocking},
    {"long-run", &LongRun},
    {"long-from-beginning", &LongFromBeginning},
    {"long-sleep", &LongSleep},
    {"short-runs", &ShortRuns},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
