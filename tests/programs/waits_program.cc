// What events, latches, barriers, futures and once_flags are waited for: each
// story is made by threads that order themselves, or stands still at its end.
//   waits_program STORY
// A story that stands prints "stands" before its last wait.
#include <lockcheck/lockcheck.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <future>
#include <latch>
#include <mutex>

#include "tests/programs/in_turn.h"

namespace {

using lockcheck::testing::InTurn;
using std::chrono::milliseconds;

lockcheck::mutex g_mutex("mutex");

void SayThatItStands() {
  std::puts("stands");
  std::fflush(stdout);
}

// ---- What can be waited for, as the stories need it -------------------------

struct Event {
  lockcheck::event it{"ready"};
  void End() { it.set(); }
  void Wait() { it.wait(); }
  void WaitAgain() { it.wait(); }
  bool WaitFor(auto duration) { return it.wait_for(duration); }
};

struct Latch {
  lockcheck::latch it{1, "ready"};
  void End() { it.count_down(); }
  void Wait() { it.wait(); }
  void WaitAgain() { it.wait(); }
};

struct Barrier {
  lockcheck::barrier<> it{2, "ready"};
  void End() { (void)it.arrive(); }
  void Wait() { it.arrive_and_wait(); }
  void WaitAgain() {}
};

struct Future {
  lockcheck::promise<void> it{"ready"};
  lockcheck::shared_future<void> future = it.get_future().share();
  void End() { it.set_value(); }
  void Wait() { future.wait(); }
  void WaitAgain() { future.get(); }
  bool WaitFor(auto duration) {
    return future.wait_for(duration) == std::future_status::ready;
  }
};

// ---- Stories ----------------------------------------------------------------

template <typename Waited>
void Stands() {
  static Waited waited;
  SayThatItStands();
  waited.Wait();
}

// Safe: it gives up, and leaves nothing.
template <typename Waited>
void TimesOut() {
  Waited waited;
  const std::lock_guard hold(g_mutex);
  if (waited.WaitFor(milliseconds(1))) std::puts("not as documented");
}

// Safe: who ends the wait needs nothing that the waiter has.
template <typename Waited>
void Ends() {
  Waited waited;
  lockcheck::thread other([&] {
    { const std::lock_guard hold(g_mutex); }
    waited.End();
  });
  waited.Wait();
  {
    const std::lock_guard hold(g_mutex);
    waited.WaitAgain();
  }
  other.join();
}

// Who would end the wait needs what the waiter holds.
template <typename Waited>
void StandsHolding() {
  static Waited waited;
  static lockcheck::event held;
  lockcheck::thread other([] {
    held.wait();
    SayThatItStands();
    const std::lock_guard hold(g_mutex);
    waited.End();
  });
  const std::lock_guard hold(g_mutex);
  held.set();
  waited.Wait();
  other.join();
}

// ---- once_flags -------------------------------------------------------------

lockcheck::once_flag g_once("once");

void LockInOnce() {
  lockcheck::call_once(g_once, [] { const std::lock_guard hold(g_mutex); });
}
void OnceUnderLock() {
  const std::lock_guard hold(g_mutex);
  lockcheck::call_once(g_once, [] {});
}

void OnceAndMutex() { InTurn(LockInOnce, OnceUnderLock); }

// Not seen at the first pass: the lock is another one then.
void OnceAndMutexLater() {
  InTurn(LockInOnce, [] {
    lockcheck::mutex other("other");
    for (lockcheck::mutex* m : {&other, &g_mutex}) {
      const std::lock_guard hold(*m);
      lockcheck::call_once(g_once, [] {});
    }
  });
}

// Safe: always in this order.
void OnceUnderMutex() { InTurn(OnceUnderLock, OnceUnderLock); }

// Safe: the function has been run before there are threads.
void OnceBefore() {
  LockInOnce();
  InTurn(OnceUnderLock, OnceUnderLock);
}

// Each has what the other one asks for.
void OnceDeadlock() {
  std::latch both(2);
  lockcheck::thread runs([&] {
    lockcheck::call_once(g_once, [&] {
      both.arrive_and_wait();
      const std::lock_guard hold(g_mutex);
    });
  });
  const std::lock_guard hold(g_mutex);
  both.arrive_and_wait();
  lockcheck::call_once(g_once, [] {});
  runs.join();
}

// ---- async ------------------------------------------------------------------

template <typename Get>
void GetOfAsync(Get get) {
  std::latch done(1);
  auto future = lockcheck::async(std::launch::async, [&] {
    { const std::lock_guard hold(g_mutex); }
    done.count_down();
  });
  done.wait();
  get(future);
}

// The thread might have needed what is held.
void AsyncUnderLock() {
  GetOfAsync([](auto& future) {
    const std::lock_guard hold(g_mutex);
    future.get();
  });
}

// Safe.
void AsyncWithoutLock() {
  GetOfAsync([](auto& future) {
    future.get();
    const std::lock_guard hold(g_mutex);
  });
}

struct Story {
  const char* name;
  void (*tell)();
};
constexpr Story kStories[] = {
    {"event-stands", Stands<Event>},
    {"event-stands-holding", StandsHolding<Event>},
    {"event-times-out", TimesOut<Event>},
    {"event-ends", Ends<Event>},
    {"latch-stands", Stands<Latch>},
    {"latch-stands-holding", StandsHolding<Latch>},
    {"latch-ends", Ends<Latch>},
    {"barrier-stands", Stands<Barrier>},
    {"barrier-stands-holding", StandsHolding<Barrier>},
    {"barrier-ends", Ends<Barrier>},
    {"future-stands", Stands<Future>},
    {"future-stands-holding", StandsHolding<Future>},
    {"future-times-out", TimesOut<Future>},
    {"future-ends", Ends<Future>},
    {"once-and-mutex", OnceAndMutex},
    {"once-and-mutex-later", OnceAndMutexLater},
    {"once-under-mutex", OnceUnderMutex},
    {"once-before", OnceBefore},
    {"once-deadlock", OnceDeadlock},
    {"async-under-lock", AsyncUnderLock},
    {"async-without-lock", AsyncWithoutLock},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  for (const Story& story : kStories) {
    if (std::strcmp(story.name, argv[1]) != 0) continue;
    story.tell();
    return 0;
  }
  return 2;
}
