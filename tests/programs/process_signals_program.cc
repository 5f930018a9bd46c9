// Stories of processes that wait for each other's signals.
#include <lockcheck/lockcheck.h>
#include <lockcheck/process.h>
#include <signal.h>

#include <mutex>
#include <utility>

#include "tests/programs/process_turns.h"
#include "tests/programs/stories.h"

namespace {

namespace process = lockcheck::process;
using lockcheck::this_thread::set_name;
using process::child;

struct Shared : Turns {
  process::mutex a{"a"}, b{"b"};
  process::event event{"event"};
  process::semaphore items{0, "items"};
  process::mutex mutex{"mutex"};
  process::condition_variable condition{"condition"};
  bool said = false;
  process::barrier barrier{2, "barrier"};
};
using Lock = process::mutex Shared::*;

// What one process waits for and another one does.
struct Signal {
  void (*wait)(Shared&);
  void (*post)(Shared&);
};
constexpr Signal kEvent = {[](Shared& s) { s.event.wait(); },
                           [](Shared& s) { s.event.set(); }};
constexpr Signal kSemaphore = {[](Shared& s) { s.items.acquire(); },
                               [](Shared& s) { s.items.release(); }};
constexpr Signal kCondition = {[](Shared& s) {
                                 std::unique_lock lock(s.mutex);
                                 s.condition.wait(lock, [&] { return s.said; });
                               },
                               [](Shared& s) {
                                 const std::lock_guard lock(s.mutex);
                                 s.said = true;
                                 s.condition.notify_one();
                               }};
constexpr Signal kBarrier = {[](Shared& s) { s.barrier.arrive_and_wait(); },
                             [](Shared& s) { (void)s.barrier.arrive(); }};

// ---- A wait under a lock that who ends it needs -----------------------------
// `waiter_first`: it waits before the other one has had the lock.
void UnderLock(const Signal& signal, Lock held, Lock needed,
               bool waiter_first) {
  process::shared<Shared> s;
  child waiter([&] {
    BeginChild("waiter");
    if (!waiter_first) s->Await(1);
    const std::lock_guard lock((*s).*held);
    if (waiter_first) s->Arrive();
    signal.wait(*s);
  });
  child poster([&] {
    BeginChild("poster");
    if (waiter_first) s->Await(1);
    { const std::lock_guard lock((*s).*needed); }
    signal.post(*s);
    if (!waiter_first) s->Arrive();
  });
  if (waiter_first && held == needed) Stand();
  waiter.join();
  poster.join();
}
template <const Signal& kSignal>
void Hangs() {
  UnderLock(kSignal, &Shared::a, &Shared::a, true);
}
template <const Signal& kSignal>
void Latent() {
  UnderLock(kSignal, &Shared::a, &Shared::a, false);
}
template <const Signal& kSignal>
void Safe() {
  UnderLock(kSignal, &Shared::a, &Shared::b, true);
}

// Safe: it sets the event before it needs the lock.
void EventSetFirst() {
  process::shared<Shared> s;
  child waiter([&] {
    BeginChild("waiter");
    const std::lock_guard lock(s->a);
    s->Arrive();
    s->event.wait();
  });
  child poster([&] {
    BeginChild("poster");
    s->Await(1);
    s->event.set();
    const std::lock_guard lock(s->a);
  });
  waiter.join();
  poster.join();
}

// ---- A semaphore as a lock --------------------------------------------------
struct Inverted : Turns {
  process::mutex mutex{"mutex"};
  process::semaphore slot{1, "slot"};

  // Waits in between until `n` have arrived, itself included.
  void SlotFirst(int n) {
    slot.acquire();
    Arrive();
    Await(n);
    { const std::lock_guard lock(mutex); }
    slot.release();
  }
  void MutexFirst(int n) {
    const std::lock_guard lock(mutex);
    Arrive();
    Await(n);
    slot.acquire();
    slot.release();
  }
};

void InversionHangs() {
  process::shared<Inverted> s;
  child one([&] {
    BeginChild("one");
    s->SlotFirst(2);
  });
  child other([&] {
    BeginChild("other");
    s->MutexFirst(2);
  });
  s->Await(2);
  Stand();
  one.join();
  other.join();
}

void InTurn(void (Inverted::*second)(int)) {
  process::shared<Inverted> s;
  child one([&] {
    BeginChild("one");
    s->SlotFirst(1);
    s->Arrive();
  });
  child other([&] {
    BeginChild("other");
    s->Await(2);
    ((*s).*second)(3);
  });
  one.join();
  other.join();
}
void InversionLatent() { InTurn(&Inverted::MutexFirst); }
void InversionSafe() { InTurn(&Inverted::SlotFirst); }

// ---- A wake-up that is lost -------------------------------------------------
// The notification comes before the wait; what it says is looked at, or not.
void Notified(bool looks) {
  process::shared<Shared> s;
  child notifier([&] {
    BeginChild("notifier");
    kCondition.post(*s);
    s->Arrive();
  });
  child waiter([&] {
    BeginChild("waiter");
    s->Await(1);
    std::unique_lock lock(s->mutex);
    if (!looks) s->condition.wait(lock);
    s->condition.wait(lock, [&] { return s->said; });
  });
  notifier.join();
  if (!looks) Stand();
  waiter.join();
}
void LostWakeupHangs() { Notified(false); }
void LostWakeupSafe() { Notified(true); }

// ---- Who would end it dies --------------------------------------------------
void WaitForSetter(bool sets) {
  process::shared<Shared> s;
  set_name("main");
  child setter([&] {
    BeginChild("setter");
    const std::lock_guard lock(s->b);
    if (sets) s->event.set();
    raise(SIGKILL);
  });
  setter.join();
  if (!sets) Stand();
  s->event.wait();
}
void SetterDiesHangs() { WaitForSetter(false); }
void SetterDiesAfterwards() { WaitForSetter(true); }

// With a permit of two, or of one that it has given back.
void DieWithPermit(bool gives_back) {
  process::shared<process::semaphore> permits(2, "permits");
  child([&] {
    BeginChild("owner");
    permits->acquire();
    if (gives_back) permits->release();
    raise(SIGKILL);
  }).join();
  permits->acquire();
  permits->release();
}
void PermitDies() { DieWithPermit(false); }
void PermitIsGivenBack() { DieWithPermit(true); }
// What is only signalled is nobody's.
void SignalledDies() {
  process::shared<process::semaphore> items(0, "items");
  child taker([&] {
    BeginChild("taker");
    items->acquire();
    raise(SIGKILL);
  });
  items->release();
  taker.join();
}

// ---- With threads -----------------------------------------------------------
lockcheck::mutex g_mutex("of_threads");

// A thread waits for the child's event with a lock of threads; the main thread
// has what the child needs, and wants that lock.
void Mixed(bool hangs) {
  process::shared<Shared> s;
  child poster([&] {
    BeginChild("child");
    s->Await(hangs ? 2 : 0);
    { const std::lock_guard lock(s->a); }
    s->event.set();
    s->Arrive();
  });
  lockcheck::thread waits([&] {
    set_name("thread");
    if (!hangs) s->Await(1);
    const std::lock_guard lock(g_mutex);
    s->Arrive();
    s->event.wait();
  });
  set_name("main");
  {
    if (!hangs) s->Await(2);
    const std::lock_guard first(s->a);
    s->Arrive();
    if (hangs) {
      s->Await(2);
      Stand();
    }
    const std::lock_guard second(g_mutex);
  }
  waits.join();
  poster.join();
}
void MixedHangs() { Mixed(true); }
void MixedLatent() { Mixed(false); }

// The threads of the parent wait for locks and for nothing else: the main
// thread for the child's, and who would set the event for the main thread's.
void MixedAtLocksHangs() {
  process::shared<Shared> s;
  child holder([&] {
    BeginChild("child");
    const std::lock_guard lock(s->a);
    s->Arrive();
    s->event.wait();
  });
  s->Await(1);
  set_name("main");
  const std::lock_guard first(g_mutex);
  lockcheck::thread setter([&] {
    set_name("thread");
    { const std::lock_guard lock(g_mutex); }
    s->event.set();
  });
  Stand();
  { const std::lock_guard second(s->a); }
  setter.join();
  holder.join();
}

constexpr Story kStories[] = {
    {"event-hangs", &Hangs<kEvent>},
    {"event-latent", &Latent<kEvent>},
    {"event-safe", &Safe<kEvent>},
    {"event-set-first", &EventSetFirst},
    {"semaphore-hangs", &Hangs<kSemaphore>},
    {"semaphore-latent", &Latent<kSemaphore>},
    {"semaphore-safe", &Safe<kSemaphore>},
    {"condition-hangs", &Hangs<kCondition>},
    {"condition-latent", &Latent<kCondition>},
    {"condition-safe", &Safe<kCondition>},
    {"barrier-hangs", &Hangs<kBarrier>},
    {"barrier-latent", &Latent<kBarrier>},
    {"barrier-safe", &Safe<kBarrier>},
    {"inversion-hangs", &InversionHangs},
    {"inversion-latent", &InversionLatent},
    {"inversion-safe", &InversionSafe},
    {"lost-wakeup-hangs", &LostWakeupHangs},
    {"lost-wakeup-safe", &LostWakeupSafe},
    {"setter-dies-hangs", &SetterDiesHangs},
    {"setter-dies-afterwards", &SetterDiesAfterwards},
    {"permit-dies", &PermitDies},
    {"permit-is-given-back", &PermitIsGivenBack},
    {"signalled-dies", &SignalledDies},
    {"mixed-hangs", &MixedHangs},
    {"mixed-latent", &MixedLatent},
    {"mixed-at-locks-hangs", &MixedAtLocksHangs},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
