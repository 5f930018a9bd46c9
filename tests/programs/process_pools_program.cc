// Stories of a pool of processes whose tasks share locks with its maker.
#include <lockcheck/process.h>
#include <sched.h>
#include <signal.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <vector>

#include "tests/programs/stories.h"

namespace {

using lockcheck::process::pool;
using Lock = lockcheck::process::mutex;

// Who is how far; lockcheck does not see it.
struct Shared {
  Lock a{"a"}, b{"b"};
  std::atomic<int> arrived{0};

  void Arrive() { ++arrived; }
  void Await(int n) const {
    while (arrived < n) sched_yield();
  }
};

void Stand() {
  std::puts("stands");
  std::fflush(stdout);
}

// A task that needs a lock, when `n` have arrived.
int NeedA(Shared* shared, int n) {
  shared->Await(n);
  { const std::lock_guard needs(shared->a); }
  shared->Arrive();
  return 1;
}

// ---- A result ---------------------------------------------------------------
void ResultHangs() {
  lockcheck::process::shared<Shared> s;
  pool p(2, "pool");
  auto result = p.apply_async(&NeedA, s.get(), 1);
  const std::lock_guard held(s->a);
  s->Arrive();
  Stand();
  result.get();
}
void ApplyHangs() {
  lockcheck::process::shared<Shared> s;
  pool p(2, "pool");
  const std::lock_guard held(s->a);
  Stand();
  p.apply(&NeedA, s.get(), 0);
}
void MapHangs() {
  lockcheck::process::shared<Shared> s;
  pool p(2, "pool");
  const std::lock_guard held(s->a);
  Stand();
  const auto needs = [](Shared* shared) { return NeedA(shared, 0); };
  p.map_unordered(needs, std::vector<Shared*>{s.get()});
}
// The task has had the lock when its result is waited for.
void ResultLatent() {
  lockcheck::process::shared<Shared> s;
  pool p(2, "pool");
  auto result = p.apply_async(&NeedA, s.get(), 0);
  s->Await(1);
  const std::lock_guard held(s->a);
  result.get();
}
// Safe: the result is waited for without the lock.
void ResultBefore() {
  lockcheck::process::shared<Shared> s;
  pool p(2, "pool");
  p.apply(&NeedA, s.get(), 0);
  const std::lock_guard held(s->a);
}
// Safe: it is another lock.
void ResultUnderAnother() {
  lockcheck::process::shared<Shared> s;
  pool p(2, "pool");
  auto result = p.apply_async(&NeedA, s.get(), 0);
  const std::lock_guard held(s->b);
  result.get();
}

// ---- A join -----------------------------------------------------------------
void JoinHolding(Lock Shared::*lock, bool hangs) {
  lockcheck::process::shared<Shared> s;
  pool p(2, "pool");
  (void)p.apply_async(&NeedA, s.get(), hangs ? 1 : 0);
  if (!hangs) s->Await(1);
  const std::lock_guard held((*s).*lock);
  s->Arrive();
  p.close();
  if (hangs && lock == &Shared::a) Stand();
  p.join();
}
void JoinHangs() { JoinHolding(&Shared::a, true); }
void JoinSafe() { JoinHolding(&Shared::b, true); }

// ---- Two tasks --------------------------------------------------------------
int TakeBoth(Shared* shared, bool backwards, int from) {
  shared->Await(from);
  const std::lock_guard first(backwards ? shared->b : shared->a);
  shared->Arrive();
  const std::lock_guard second(backwards ? shared->a : shared->b);
  return 1;
}
void TasksLatent() {
  lockcheck::process::shared<Shared> s;
  pool p(2, "pool");
  auto one = p.apply_async(&TakeBoth, s.get(), false, 0);
  auto other = p.apply_async(&TakeBoth, s.get(), true, 2);
  one.wait();
  s->Arrive();
}
void TasksInOneOrder() {
  lockcheck::process::shared<Shared> s;
  pool p(2, "pool");
  auto one = p.apply_async(&TakeBoth, s.get(), false, 0);
  auto other = p.apply_async(&TakeBoth, s.get(), false, 0);
}
// Safe: the second is asked for when the first has ended.
void TasksOneAfterTheOther() {
  lockcheck::process::shared<Shared> s;
  pool p(2, "pool");
  p.apply(&TakeBoth, s.get(), false, 0);
  p.apply(&TakeBoth, s.get(), true, 0);
}

// ---- Death ------------------------------------------------------------------
void WorkerDies() {
  lockcheck::process::shared<Shared> s;
  pool p(1, "pool");
  const auto die = [](Shared* shared) {
    shared->a.lock();
    raise(SIGKILL);
  };
  try {
    p.apply(die, s.get());
  } catch (const lockcheck::process::worker_died&) {
  }
  const auto next = [](Shared* shared) {
    const std::lock_guard held(shared->a);
    if (shared->a.owner_died()) shared->a.consistent();
  };
  p.apply(next, s.get());
}

constexpr Story kStories[] = {
    {"result-hangs", &ResultHangs},
    {"apply-hangs", &ApplyHangs},
    {"map-hangs", &MapHangs},
    {"result-latent", &ResultLatent},
    {"result-before", &ResultBefore},
    {"result-under-another", &ResultUnderAnother},
    {"join-hangs", &JoinHangs},
    {"join-safe", &JoinSafe},
    {"tasks-latent", &TasksLatent},
    {"tasks-in-one-order", &TasksInOneOrder},
    {"tasks-one-after-the-other", &TasksOneAfterTheOther},
    {"worker-dies", &WorkerDies},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
