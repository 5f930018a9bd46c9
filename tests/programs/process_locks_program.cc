// Stories of processes that share process::recursive_mutex and
// process::shared_mutex.
#include <lockcheck/process.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <shared_mutex>

#include "tests/programs/stories.h"

namespace {

using lockcheck::process::child;

// Who is how far; lockcheck does not see it.
template <typename Lock>
struct Two {
  Lock a{"a"}, b{"b"};
  std::atomic<int> arrived{0};

  void Arrive() { ++arrived; }
  void Await(int n) const {
    while (arrived < n) sched_yield();
  }
};
using Shared = Two<lockcheck::process::shared_mutex>;
using Recursive = Two<lockcheck::process::recursive_mutex>;

void Stand() {
  std::puts("stands");
  std::fflush(stdout);
}

// Takes one, as First, waits until `n` have arrived, and takes the other.
template <typename First, typename Second, typename Locks, typename Lock>
void TakeBoth(Locks& locks, Lock& one, Lock& other, int n) {
  // It goes when its parent does.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const First first(one);
  locks.Arrive();
  locks.Await(n);
  const Second second(other);
}

using Write = std::unique_lock<lockcheck::process::shared_mutex>;
using Read = std::shared_lock<lockcheck::process::shared_mutex>;

template <typename First, typename Second>
void Hang() {
  lockcheck::process::shared<Shared> s;
  child one([&] { TakeBoth<First, Second>(*s, s->a, s->b, 2); });
  child other([&] { TakeBoth<First, Second>(*s, s->b, s->a, 2); });
  s->Await(2);
  Stand();
  one.join();
  other.join();
}
template <typename First, typename Second>
void InTurn() {
  lockcheck::process::shared<Shared> s;
  child one([&] {
    TakeBoth<First, Second>(*s, s->a, s->b, 1);
    s->Arrive();
  });
  child other([&] {
    s->Await(2);
    TakeBoth<First, Second>(*s, s->b, s->a, 3);
  });
  one.join();
  other.join();
}

void WritersHang() { Hang<Write, Write>(); }
void ReadersThatWriteHang() { Hang<Read, Write>(); }
void ReadersThatWriteLatent() { InTurn<Read, Write>(); }
void WritersThatReadLatent() { InTurn<Write, Read>(); }
// Safe: nobody keeps anybody out.
void ReadersSafe() { InTurn<Read, Read>(); }

void DieWriting(Shared& s) {
  child([&] {
    s.a.lock();
    raise(SIGKILL);
  }).join();
}
void WriterDies() {
  lockcheck::process::shared<Shared> s;
  DieWriting(*s);
  { const Read told(s->a); }
  const Write held(s->a);
  if (s->a.owner_died()) s->a.consistent();
}
// Safe: who only reads leaves nothing half done.
void ReaderDies() {
  lockcheck::process::shared<Shared> s;
  child([&] {
    s->a.lock_shared();
    raise(SIGKILL);
  }).join();
  const Write held(s->a);
}

// ---- Recursive --------------------------------------------------------------
using Recurse = std::unique_lock<lockcheck::process::recursive_mutex>;

// Safe: only the first level of each orders anything.
void TakenAgainSafe() {
  lockcheck::process::shared<Recursive> s;
  const auto work = [&] {
    const Recurse a(s->a);
    const Recurse b(s->b);
    const Recurse again(s->a);
  };
  child one(work), other(work);
  work();
  one.join();
  other.join();
}
void TakenAgainLatent() {
  lockcheck::process::shared<Recursive> s;
  child one([&] {
    const Recurse again(s->a);
    TakeBoth<Recurse, Recurse>(*s, s->a, s->b, 1);
    s->Arrive();
  });
  child other([&] {
    s->Await(2);
    TakeBoth<Recurse, Recurse>(*s, s->b, s->a, 3);
  });
  one.join();
  other.join();
}

constexpr Story kStories[] = {
    {"writers-hang", &WritersHang},
    {"readers-that-write-hang", &ReadersThatWriteHang},
    {"readers-that-write-latent", &ReadersThatWriteLatent},
    {"writers-that-read-latent", &WritersThatReadLatent},
    {"readers-safe", &ReadersSafe},
    {"writer-dies", &WriterDies},
    {"reader-dies", &ReaderDies},
    {"taken-again-safe", &TakenAgainSafe},
    {"taken-again-latent", &TakenAgainLatent},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
