// Stories of one who waits and of one who ends the wait, told of everything
// that can be waited for.
#ifndef LOCKCHECK_TESTS_PROGRAMS_WAITS_STORIES_H_
#define LOCKCHECK_TESTS_PROGRAMS_WAITS_STORIES_H_

#include <chrono>
#include <cstdio>
#include <future>
#include <mutex>

#include "lockcheck/lockcheck.h"
#include "tests/programs/mutex_and_other.h"

namespace {

using lockcheck::this_thread::set_name;
using std::chrono::milliseconds;

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

// Joined when its only item is done.
struct Queue {
  lockcheck::queue<int> it{"ready"};
  Queue() { it.put(1); }
  void End() {
    it.get();
    it.task_done();
  }
  void Wait() { it.join(); }
};

// Its consumer waits for the close.
struct Closed {
  lockcheck::queue<int> it{"ready"};
  void End() { it.close(); }
  void Wait() {
    try {
      it.get();
      std::puts("not as documented");
    } catch (const lockcheck::queue_closed&) {
    }
  }
};

// ---- Stories ----------------------------------------------------------------

void SayThatItStands() {
  std::puts("stands");
  std::fflush(stdout);
}

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

template <typename Waited, typename Meet>
void EndUnderMutex(Waited& waited, Meet meet) {
  set_name("ender");
  meet();
  const std::lock_guard needs(g_mutex);
  waited.End();
}
template <typename Waited, typename Meet>
void WaitUnderMutex(Waited& waited, Meet meet) {
  set_name("waiter");
  const std::lock_guard hold(g_mutex);
  meet();
  waited.Wait();
}

// Whoever ends the wait needs what the waiter holds, which it may have first.
template <typename Waited, typename Order>
void UnderMutex() {
  Waited waited;
  Order::Tell([&](auto meet) { EndUnderMutex(waited, meet); },
              [&](auto meet) { WaitUnderMutex(waited, meet); });
}

// Safe: it needs that afterwards.
template <typename Waited, typename Order>
void EndsBefore() {
  Waited waited;
  Order::Tell(
      [&](auto meet) {
        meet();
        waited.End();
        const std::lock_guard needs(g_mutex);
      },
      [&](auto meet) { WaitUnderMutex(waited, meet); });
}

// Safe: the waiter has it afterwards.
template <typename Waited, typename Order>
void HoldsAfter() {
  Waited waited;
  Order::Tell([&](auto meet) { EndUnderMutex(waited, meet); },
              [&](auto meet) {
                meet();
                waited.Wait();
                const std::lock_guard hold(g_mutex);
              });
}

}  // namespace

#endif  // LOCKCHECK_TESTS_PROGRAMS_WAITS_STORIES_H_
