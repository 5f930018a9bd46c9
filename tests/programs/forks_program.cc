// Stories of processes that are forked while locks of threads are held.
#include <lockcheck/lockcheck.h>
#include <lockcheck/process.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <latch>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "tests/programs/stories.h"

namespace {

using lockcheck::process::child;
using lockcheck::this_thread::set_name;

lockcheck::mutex g_held("held"), g_other("other");
lockcheck::shared_mutex g_read("read");

template <typename Lock>
void Use(Lock& lock) {
  const std::lock_guard guard(lock);
}

// A thread that holds the lock while the other one forks.
template <typename Guard, typename Lock>
void WhileItIsHeld(Lock& lock, const std::function<void()>& forks) {
  std::latch held(1), forked(1);
  lockcheck::thread holder([&] {
    set_name("holder");
    const Guard guard(lock);
    held.count_down();
    forked.wait();
  });
  held.wait();
  forks();
  forked.count_down();
  holder.join();
}
void WhileItIsHeld(const std::function<void()>& forks) {
  WhileItIsHeld<std::lock_guard<lockcheck::mutex>>(g_held, forks);
}

void Await(pid_t pid) { waitpid(pid, nullptr, 0); }

// By fork() itself; the child does this, and ends.
template <typename Act>
void Fork(Act act) {
  const pid_t pid = fork();
  if (pid == 0) {
    act();
    _exit(0);
  }
  Await(pid);
}

// ---- Another thread holds it ------------------------------------------------
void ForkHere() {
  Fork([] { Use(g_other); });
}
void HeldByAnother() { WhileItIsHeld(&ForkHere); }
void HeldByAnotherChild() {
  WhileItIsHeld([] { child([] { Use(g_other); }).join(); });
}
void ReadByAnother() {
  WhileItIsHeld<std::shared_lock<lockcheck::shared_mutex>>(g_read, &ForkHere);
}
// The child asks for it, and waits for ever.
void HeldByAnotherHangs() {
  WhileItIsHeld([] {
    const pid_t pid = fork();
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      Use(g_held);
    }
    std::puts("stands");
    std::fflush(stdout);
    Await(pid);
  });
}
// Safe: it has let go of it.
void LetGo() {
  lockcheck::thread([] { Use(g_held); }).join();
  ForkHere();
}
// Safe: the child execs at once.
void Execs() {
  WhileItIsHeld([] {
    const pid_t pid = fork();
    if (pid == 0) {
      execl("/bin/true", "true", nullptr);
      _exit(1);
    }
    Await(pid);
  });
}
// Safe: the child asks for nothing but locks between processes.
void UsesNone() {
  lockcheck::process::shared<lockcheck::process::mutex> between;
  WhileItIsHeld([&] { child([&] { Use(*between); }).join(); });
}
// Safe: whoever forks has it then, and both processes let go of it.
void AtFork() {
  pthread_atfork([] { g_held.lock(); }, [] { g_held.unlock(); },
                 [] { g_held.unlock(); });
  std::latch forked(1);
  lockcheck::thread other([&] {
    while (!forked.try_wait()) Use(g_held);
  });
  Fork([] {
    Use(g_held);
    Use(g_other);
  });
  forked.count_down();
  other.join();
}

// ---- Who forks holds it -----------------------------------------------------
void Inherited() {
  const std::lock_guard held(g_held);
  ForkHere();
}
void InheritedChild() {
  const std::lock_guard held(g_held);
  child([] { Use(g_other); }).join();
}
// Safe: the child lets go of it first.
void InheritedAndLeft() {
  g_held.lock();
  Fork([] {
    g_held.unlock();
    Use(g_other);
    Use(g_held);
  });
  g_held.unlock();
}
// Safe: the child asks for nothing.
void InheritedAndUnused() {
  const std::lock_guard held(g_held);
  child([] {}).join();
}

constexpr Story kStories[] = {
    {"held-by-another", &HeldByAnother},
    {"held-by-another-child", &HeldByAnotherChild},
    {"held-by-another-hangs", &HeldByAnotherHangs},
    {"read-by-another", &ReadByAnother},
    {"let-go", &LetGo},
    {"execs", &Execs},
    {"uses-none", &UsesNone},
    {"atfork", &AtFork},
    {"inherited", &Inherited},
    {"inherited-child", &InheritedChild},
    {"inherited-and-left", &InheritedAndLeft},
    {"inherited-and-unused", &InheritedAndUnused},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
