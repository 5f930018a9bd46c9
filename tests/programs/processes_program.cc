// Stories of processes that share locks.
#include <lockcheck/lockcheck.h>
#include <lockcheck/process.h>
#include <signal.h>

#include <mutex>

#include "tests/instrument/process_children.h"
#include "tests/programs/process_turns.h"
#include "tests/programs/stories.h"

namespace {

using lockcheck::process::child;
using lockcheck::testing::AwaitSleepOf;
using lockcheck::this_thread::set_name;

struct Shared : Turns {
  lockcheck::process::mutex a{"a"}, b{"b"};
};

lockcheck::mutex g_mutex("mutex");

// ---- Two locks in both orders -----------------------------------------------
using Lock = lockcheck::process::mutex;

// Takes one, waits until `n` have arrived, itself included, and takes the
// other.
void TakeBoth(Shared& shared, const char* name, Lock& one, Lock& other, int n) {
  BeginChild(name);
  const std::lock_guard first(one);
  shared.Arrive();
  shared.Await(n);
  const std::lock_guard second(other);
}

void AbbaHangs() {
  lockcheck::process::shared<Shared> s;
  child one([&] { TakeBoth(*s, "one", s->a, s->b, 2); });
  child other([&] { TakeBoth(*s, "other", s->b, s->a, 2); });
  s->Await(2);
  Stand();
  one.join();
  other.join();
}

void InTurn(Lock Shared::*first, Lock Shared::*second) {
  lockcheck::process::shared<Shared> s;
  child one([&] {
    TakeBoth(*s, "one", s->a, s->b, 1);
    s->Arrive();
  });
  child other([&] {
    s->Await(2);
    TakeBoth(*s, "other", (*s).*first, (*s).*second, 3);
  });
  one.join();
  other.join();
}
void AbbaLatent() { InTurn(&Shared::b, &Shared::a); }
void AbbaSafe() { InTurn(&Shared::a, &Shared::b); }

// Safe: the second process is made when the first has ended.
void AbbaOneAfterTheOther() {
  lockcheck::process::shared<Shared> s;
  child([&] { TakeBoth(*s, "one", s->a, s->b, 1); }).join();
  child([&] { TakeBoth(*s, "other", s->b, s->a, 1); }).join();
}

// Safe: a third lock is held by both all the while.
void AbbaUnderAThird() {
  struct Three {
    Shared two;
    lockcheck::process::mutex gate{"gate"};
  };
  lockcheck::process::shared<Three> s;
  child one([&] {
    const std::lock_guard held(s->gate);
    TakeBoth(s->two, "one", s->two.a, s->two.b, 1);
  });
  child other([&] {
    const std::lock_guard held(s->gate);
    TakeBoth(s->two, "other", s->two.b, s->two.a, 1);
  });
  one.join();
  other.join();
}

// ---- With threads' locks ----------------------------------------------------
// The child holds a and wants b; of the parent's threads one holds b and wants
// the mutex, one holds the mutex and wants a.
void MixedHangs() {
  lockcheck::process::shared<Shared> s;
  child third([&] { TakeBoth(*s, "child", s->a, s->b, 3); });
  lockcheck::thread one([&] {
    set_name("thread");
    const std::lock_guard first(s->b);
    s->Arrive();
    s->Await(3);
    const std::lock_guard second(g_mutex);
  });
  set_name("main");
  const std::lock_guard first(g_mutex);
  s->Arrive();
  s->Await(3);
  Stand();
  const std::lock_guard second(s->a);
  one.join();
}

void MixedLatent() {
  lockcheck::process::shared<Shared> s;
  child third([&] {
    TakeBoth(*s, "child", s->a, s->b, 1);
    s->Arrive();
  });
  lockcheck::thread one([&] {
    set_name("thread");
    s->Await(2);
    const std::lock_guard first(s->b);
    const std::lock_guard second(g_mutex);
    s->Arrive();
  });
  s->Await(3);
  {
    const std::lock_guard first(g_mutex);
    const std::lock_guard second(s->a);
  }
  one.join();
  third.join();
}

// ---- A join -----------------------------------------------------------------
// The parent joins the child with a held, and the child needs `needed`: before
// the parent has a, or at the same time.
void JoinHolding(Lock Shared::*needed, bool before) {
  lockcheck::process::shared<Shared> s;
  child worker([&] {
    BeginChild("worker");
    if (!before) s->Await(1);
    { const std::lock_guard needs((*s).*needed); }
    s->Arrive();
  });
  if (before) s->Await(1);
  const std::lock_guard held(s->a);
  s->Arrive();
  if (!before && needed == &Shared::a) Stand();
  worker.join();
}
void JoinHangs() { JoinHolding(&Shared::a, false); }
void JoinLatent() { JoinHolding(&Shared::a, true); }
void JoinSafe() { JoinHolding(&Shared::b, false); }

// Safe: it is killed, whatever it waits for.
void KilledUnderLock() {
  lockcheck::process::shared<Shared> s;
  const std::lock_guard held(s->a);
  child waits([&] {
    BeginChild("waits");
    s->Arrive();
    const std::lock_guard needs(s->a);
  });
  s->Await(1);
  AwaitSleepOf(waits);
  waits.kill();
  waits.join();
}
// Its destructor asks it to end, which it does.
void EndedWhileItWaits() {
  lockcheck::process::shared<Shared> s;
  lockcheck::process::event never("never");
  child waits([&] {
    BeginChild("waits");
    never.wait();
  });
  AwaitSleepOf(waits);
}

// ---- Death ------------------------------------------------------------------
void DieWithA(Shared& shared) {
  child owner([&] {
    BeginChild("owner");
    shared.a.lock();
    raise(SIGKILL);
  });
  owner.join();
}

void OwnerDies() {
  lockcheck::process::shared<Shared> s;
  DieWithA(*s);
  const std::lock_guard held(s->a);
  if (s->a.owner_died()) s->a.consistent();
}
void OwnerDiesAndNobodyComes() {
  lockcheck::process::shared<Shared> s;
  DieWithA(*s);
}
// Safe: it lets go of it first.
void OwnerLetsGo() {
  lockcheck::process::shared<Shared> s;
  child owner([&] {
    BeginChild("owner");
    { const std::lock_guard held(s->a); }
    raise(SIGKILL);
  });
  owner.join();
  const std::lock_guard held(s->a);
}

// ---- First uses -------------------------------------------------------------
// Two threads come to each of many locks first, at the same moment.
void FirstUsesAtOnce() {
  constexpr int kLocks = 300;
  struct Many {
    Lock locks[kLocks];
    std::atomic<int> arrived{0};
  };
  lockcheck::process::shared<Many> s;
  const auto use = [&] {
    for (int i = 0; i < kLocks; ++i) {
      ++s->arrived;
      // Who is there first does not go to sleep at once.
      for (int turns = 0; s->arrived < 2 * (i + 1); ++turns) {
        if (turns > 10'000) sched_yield();
      }
      const std::lock_guard held(s->locks[i]);
    }
  };
  lockcheck::thread one(use), other(use);
  one.join();
  other.join();
}

constexpr Story kStories[] = {
    {"abba-hangs", &AbbaHangs},
    {"abba-latent", &AbbaLatent},
    {"abba-safe", &AbbaSafe},
    {"abba-one-after-the-other", &AbbaOneAfterTheOther},
    {"abba-under-a-third", &AbbaUnderAThird},
    {"mixed-hangs", &MixedHangs},
    {"mixed-latent", &MixedLatent},
    {"join-hangs", &JoinHangs},
    {"join-latent", &JoinLatent},
    {"join-safe", &JoinSafe},
    {"killed-under-lock", &KilledUnderLock},
    {"ended-while-it-waits", &EndedWhileItWaits},
    {"owner-dies", &OwnerDies},
    {"owner-dies-and-nobody-comes", &OwnerDiesAndNobodyComes},
    {"owner-lets-go", &OwnerLetsGo},
    {"first-uses-at-once", &FirstUsesAtOnce},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
