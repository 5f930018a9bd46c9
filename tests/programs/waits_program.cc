// What events, latches, barriers, futures and once_flags are waited for: each
// story is made by threads that order themselves, or stands still at its end.
//   waits_program STORY
// A story that stands prints "stands" before its last wait.
#include <lockcheck/lockcheck.h>

#include <chrono>
#include <cstdio>
#include <future>
#include <latch>
#include <mutex>
#include <stdexcept>

#include "tests/programs/in_turn.h"
#include "tests/programs/left_waiting.h"
#include "tests/programs/mutex_and_other.h"
#include "tests/programs/stories.h"

namespace {

using lockcheck::testing::AtOnce;
using lockcheck::testing::AwaitSleeper;
using lockcheck::testing::InTurn;
using lockcheck::testing::LeaveWaiting;
using lockcheck::testing::OneAfterTheOther;
using lockcheck::this_thread::set_name;
using std::chrono::milliseconds;

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

// ---- What a close puts in order ---------------------------------------------

struct Found {
  static void In(Closed& jobs) { jobs.Wait(); }
};
struct NotFound {
  static void In(Closed&) {}
};

// What was done before the close was done when it is found; the bug: it is not
// looked for.
template <typename Looked>
void CloseOrders() {
  Closed jobs;
  InTurn(
      [&] {
        MutexThenOther();
        jobs.End();
      },
      [&] {
        Looked::In(jobs);
        OtherThenMutex();
      });
}

// Safe: it waits until it is closed, or finds that.
void CloseOrdersWhoWaits() {
  Closed jobs;
  lockcheck::thread consumer([&] {
    jobs.Wait();
    OtherThenMutex();
  });
  std::this_thread::yield();
  MutexThenOther();
  jobs.End();
  consumer.join();
}

// The bug: who finds it closed has closed it, too.
void CloseAgain() {
  Closed jobs;
  InTurn(
      [&] {
        MutexThenOther();
        jobs.End();
      },
      [&] {
        jobs.End();
        jobs.Wait();
        OtherThenMutex();
      });
}

// ---- Events that are missed -------------------------------------------------

enum class WaiterComes { kBetweenSetAndClear, kAfterClear };

template <WaiterComes comes>
void Cleared() {
  lockcheck::event ready("ready");
  std::latch go(1), has_waited(1);
  lockcheck::thread setter([&] {
    set_name("setter");
    ready.set();
    if (comes == WaiterComes::kBetweenSetAndClear) {
      go.count_down();
      has_waited.wait();
    }
    ready.clear();
    if (comes == WaiterComes::kAfterClear) go.count_down();
  });
  lockcheck::thread waiter([&] {
    set_name("waiter");
    go.wait();
    ready.wait();
    has_waited.count_down();
  });
  setter.join();
  waiter.join();
}

// Safe: it is cleared when the waiter has said that it came.
void ClearedWhenSeen() {
  lockcheck::event ready("ready"), seen("seen");
  InTurn([&] { ready.set(); },
         [&] {
           ready.wait();
           seen.set();
         });
  seen.wait();
  ready.clear();
}

// Safe: it stays set.
void NeverCleared() {
  lockcheck::event ready("ready");
  InTurn([&] { ready.set(); }, [&] { ready.wait(); });
}

// Nobody sets it; the program does not wait for who waits.
void UnsetAtExit() {
  static auto& never = *new lockcheck::event("never");  // never destroyed
  LeaveWaiting([] { never.wait(); });
}

void UnsetAndJoined() {
  lockcheck::event never("never");
  lockcheck::thread waiter([&] {
    set_name("waiter");
    never.wait();
  });
  waiter.join();
}

// Safe.
void SetByAnother() {
  lockcheck::event ready("ready");
  lockcheck::thread waiter([&] { ready.wait(); });
  ready.set();
  waiter.join();
}

// Safe: it looks up now and then.
void UnsetWithLimit() {
  static auto& stop = *new lockcheck::event("stop");
  LeaveWaiting([] {
    while (!stop.wait_for(std::chrono::hours(1))) {
    }
  });
}

// Safe: it was set for another round, and whoever did that may do so again.
void SetOnceAndIdle() {
  static auto& wake = *new lockcheck::event("wake");
  wake.set();
  LeaveWaiting([] {
    wake.wait();
    wake.clear();
    wake.wait();
  });
}

// ---- A promise that only who waits for it could fulfil ----------------------

void UnfulfilledAtExit() {
  LeaveWaiting([] {
    lockcheck::promise<void> own("answer");
    own.get_future().wait();
  });
}

void WaitsForItself() {
  lockcheck::promise<void> own("answer");
  own.get_future().wait();
}

// Safe.
void FulfilledBefore() {
  lockcheck::promise<void> own("answer");
  own.set_value();
  own.get_future().wait();
}

// Safe.
void FulfilledByAnother() {
  lockcheck::promise<void> answer("answer");
  lockcheck::thread other([&] { answer.set_value(); });
  answer.get_future().wait();
  other.join();
}

// ---- once_flags -------------------------------------------------------------

lockcheck::once_flag g_once("once");

template <typename Meet>
void LockInOnce(Meet meet) {
  set_name("once first");
  lockcheck::call_once(g_once, [&] {
    meet();
    const std::lock_guard hold(g_mutex);
  });
}
template <typename Meet>
void OnceUnderLock(Meet meet) {
  set_name("mutex first");
  const std::lock_guard hold(g_mutex);
  meet();
  lockcheck::call_once(g_once, [] {});
}
void Nothing() {}

template <typename Order>
void OnceAndMutex() {
  Order::Tell([](auto meet) { LockInOnce(meet); },
              [](auto meet) { OnceUnderLock(meet); });
}

// Safe: who has passed a flag never waits for it again. But it is seen that
// another lock is held at the second pass.
void OnceAndMutexLater() {
  InTurn([] { LockInOnce(Nothing); },
         [] {
           lockcheck::mutex other("other");
           for (lockcheck::mutex* m : {&other, &g_mutex}) {
             const std::lock_guard hold(*m);
             lockcheck::call_once(g_once, [] {});
           }
         });
}

// The function takes two locks that are taken in the other order after it.
void OtherThenMutexAfterOnce() {
  lockcheck::call_once(g_once, MutexThenOther);
  OtherThenMutex();
}

// Safe: the function has returned when anybody goes on.
void OnceOrders() { InTurn(OtherThenMutexAfterOnce, OtherThenMutexAfterOnce); }

// Safe: who waited for the function goes on when it has returned.
void OnceOrdersWhoWaits() {
  std::latch runs(1);
  lockcheck::thread first([&] {
    lockcheck::call_once(g_once, [&] {
      runs.count_down();
      AwaitSleeper(g_once);
      MutexThenOther();
    });
  });
  lockcheck::thread second([&] {
    runs.wait();
    OtherThenMutexAfterOnce();
  });
  first.join();
  second.join();
}

void OnceAgain() {
  for (int i = 0; i < 4; ++i) lockcheck::call_once(g_once, Nothing);
}

// The bug: the second one does not call it.
void OnceNotPassed() { InTurn(OtherThenMutexAfterOnce, OtherThenMutex); }

// The bug: who comes second would run the function if it came first, so what
// the first one did before its call is in no order with what is done after it.
void BeforeOnce() {
  InTurn(
      [] {
        MutexThenOther();
        lockcheck::call_once(g_once, Nothing);
      },
      [] {
        lockcheck::call_once(g_once, Nothing);
        OtherThenMutex();
      });
}

// The bug: the first one's function has thrown, so it has passed nothing.
void OnceThrows() {
  InTurn(
      [] {
        try {
          lockcheck::call_once(g_once, [] { throw std::runtime_error("no"); });
        } catch (const std::runtime_error&) {
        }
        OtherThenMutex();
      },
      [] { lockcheck::call_once(g_once, MutexThenOther); });
}

// Safe: always in this order.
void OnceUnderMutex() {
  const auto under = [] { OnceUnderLock(Nothing); };
  InTurn(under, under);
}

// Safe: the function has been run before there are threads.
void OnceBefore() {
  LockInOnce(Nothing);
  OnceUnderMutex();
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

// Three futures of one function: waited for in vain, found, and deferred.
void AsyncThrice() {
  std::latch go(1);
  auto late = lockcheck::async(std::launch::async, [&] { go.wait(); });
  late.wait_for(std::chrono::milliseconds(1));
  go.count_down();
  auto soon = lockcheck::async(std::launch::async, [] {});
  auto deferred = lockcheck::async(std::launch::deferred, [] {});
  late.get();
  soon.get();
  deferred.get();
}

// Safe.
void AsyncWithoutLock() {
  GetOfAsync([](auto& future) {
    future.get();
    const std::lock_guard hold(g_mutex);
  });
}

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
    {"event-under-mutex-latent", UnderMutex<Event, OneAfterTheOther>},
    {"event-under-mutex-hangs", UnderMutex<Event, AtOnce>},
    {"event-under-mutex-safe", EndsBefore<Event, OneAfterTheOther>},
    {"event-under-mutex-safe-at-once", EndsBefore<Event, AtOnce>},
    {"event-under-mutex-safe-after", HoldsAfter<Event, OneAfterTheOther>},
    {"event-under-mutex-safe-after-at-once", HoldsAfter<Event, AtOnce>},
    {"latch-under-mutex-latent", UnderMutex<Latch, OneAfterTheOther>},
    {"latch-under-mutex-hangs", UnderMutex<Latch, AtOnce>},
    {"latch-under-mutex-safe", EndsBefore<Latch, OneAfterTheOther>},
    {"latch-under-mutex-safe-at-once", EndsBefore<Latch, AtOnce>},
    {"latch-under-mutex-safe-after", HoldsAfter<Latch, OneAfterTheOther>},
    {"latch-under-mutex-safe-after-at-once", HoldsAfter<Latch, AtOnce>},
    {"barrier-under-mutex-latent", UnderMutex<Barrier, OneAfterTheOther>},
    {"barrier-under-mutex-hangs", UnderMutex<Barrier, AtOnce>},
    {"barrier-under-mutex-safe", EndsBefore<Barrier, OneAfterTheOther>},
    {"barrier-under-mutex-safe-at-once", EndsBefore<Barrier, AtOnce>},
    {"barrier-under-mutex-safe-after", HoldsAfter<Barrier, OneAfterTheOther>},
    {"barrier-under-mutex-safe-after-at-once", HoldsAfter<Barrier, AtOnce>},
    {"future-under-mutex-latent", UnderMutex<Future, OneAfterTheOther>},
    {"future-under-mutex-hangs", UnderMutex<Future, AtOnce>},
    {"future-under-mutex-safe", EndsBefore<Future, OneAfterTheOther>},
    {"future-under-mutex-safe-at-once", EndsBefore<Future, AtOnce>},
    {"future-under-mutex-safe-after", HoldsAfter<Future, OneAfterTheOther>},
    {"future-under-mutex-safe-after-at-once", HoldsAfter<Future, AtOnce>},
    {"queue-join-under-mutex-latent", UnderMutex<Queue, OneAfterTheOther>},
    {"queue-join-under-mutex-hangs", UnderMutex<Queue, AtOnce>},
    {"queue-join-under-mutex-safe", EndsBefore<Queue, OneAfterTheOther>},
    {"queue-join-under-mutex-safe-at-once", EndsBefore<Queue, AtOnce>},
    {"queue-join-under-mutex-safe-after", HoldsAfter<Queue, OneAfterTheOther>},
    {"queue-join-under-mutex-safe-after-at-once", HoldsAfter<Queue, AtOnce>},
    {"queue-close-under-mutex-latent", UnderMutex<Closed, OneAfterTheOther>},
    {"queue-close-under-mutex-hangs", UnderMutex<Closed, AtOnce>},
    {"queue-close-under-mutex-safe", EndsBefore<Closed, OneAfterTheOther>},
    {"queue-close-under-mutex-safe-at-once", EndsBefore<Closed, AtOnce>},
    {"queue-close-under-mutex-safe-after",
     HoldsAfter<Closed, OneAfterTheOther>},
    {"queue-close-under-mutex-safe-after-at-once", HoldsAfter<Closed, AtOnce>},
    {"close-orders", CloseOrders<Found>},
    {"close-orders-who-waits", CloseOrdersWhoWaits},
    {"close-again", CloseAgain},
    {"close-not-found", CloseOrders<NotFound>},
    {"event-cleared-latent", Cleared<WaiterComes::kBetweenSetAndClear>},
    {"event-cleared-hangs", Cleared<WaiterComes::kAfterClear>},
    {"event-cleared-safe", ClearedWhenSeen},
    {"event-cleared-safe-never", NeverCleared},
    {"event-unset-latent", UnsetAtExit},
    {"event-unset-hangs", UnsetAndJoined},
    {"event-unset-safe", SetByAnother},
    {"event-unset-safe-limit", UnsetWithLimit},
    {"event-unset-safe-once", SetOnceAndIdle},
    {"own-promise-latent", UnfulfilledAtExit},
    {"own-promise-hangs", WaitsForItself},
    {"own-promise-safe", FulfilledBefore},
    {"own-promise-safe-by-another", FulfilledByAnother},
    {"once-latent", OnceAndMutex<OneAfterTheOther>},
    {"once-latent-later", OnceAndMutexLater},
    {"once-orders", OnceOrders},
    {"once-orders-who-waits", OnceOrdersWhoWaits},
    {"once-again", OnceAgain},
    {"once-not-passed", OnceNotPassed},
    {"once-after-locks", BeforeOnce},
    {"once-throws", OnceThrows},
    {"once-hangs", OnceAndMutex<AtOnce>},
    {"once-safe", OnceUnderMutex},
    {"once-safe-before", OnceBefore},
    {"async-under-lock", AsyncUnderLock},
    {"async-without-lock", AsyncWithoutLock},
    {"async-thrice", AsyncThrice},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
