// What events, latches, barriers, futures and once_flags are waited for: each
// story is made by threads that order themselves, or stands still at its end.
//   waits_program STORY
// A story that stands prints "stands" before its last wait.
#include <lockcheck/lockcheck.h>

#include <chrono>
#include <future>
#include <latch>
#include <mutex>
#include <thread>

#include "tests/programs/in_turn.h"
#include "tests/programs/left_waiting.h"
#include "tests/programs/mutex_and_other.h"
#include "tests/programs/once_stories.h"
#include "tests/programs/stories.h"
#include "tests/programs/waits_stories.h"

namespace {

using lockcheck::testing::AtOnce;
using lockcheck::testing::InTurn;
using lockcheck::testing::LeaveWaiting;
using lockcheck::testing::OneAfterTheOther;
using lockcheck::this_thread::set_name;
using std::chrono::milliseconds;

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
