// What mode=live is to see, and what it is not to. Threads meet at barriers
// that lockcheck does not see.
//   live_program SCENARIO [N]
// Prints "live log BYTES" at the end: how large the log in memory is.

#include <dirent.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <latch>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <system_error>

#include "lockcheck/lockcheck.h"
#include "tests/programs/in_turn.h"
#include "tests/programs/live_gone.h"
#include "tests/programs/live_hangs.h"
#include "tests/programs/live_locks.h"

namespace {

// With on_deadlock=throw it may end in vain. One place, whoever calls it.
[[gnu::noinline]] void Nested(lockcheck::mutex& first, lockcheck::mutex& second,
                              const std::function<void()>& between) {
  std::lock_guard outer(first);
  between();
  try {
    std::lock_guard inner(second);
  } catch (const std::system_error&) {
  }
}

// The command waits for a word from the program, at descriptor `fd`, which
// comes when both threads have ended.
void AbbaAndThenAWord(int fd) {
  Abba();
  if (write(fd, "go\n", 3) != 3) std::abort();
}

// Threads begin after the command has said its word at `fd`.
void AbbaAWordAndOthers(int fd) {
  Abba();
  char word;
  if (read(fd, &word, 1) != 1) std::abort();
  OtherCouldLockUp();
}

// In a process whose main thread leaves before its last one ends.
void AbbaWithoutMain() {
  static lockcheck::thread last;
  const pthread_t main = pthread_self();
  last = lockcheck::thread([main] {
    pthread_join(main, nullptr);
    Abba();
  });
  last.detach();
  pthread_exit(nullptr);
}

// The request that closes the cycle of orders closes the deadlock. As they
// come, a thread whose order is known may be held up before it waits: then the
// cycle is there for a while without the deadlock.
void AbbaAtOnce(bool as_they_come = false) {
  std::latch both(2);
  const auto meet = [&both] { both.arrive_and_wait(); };
  lockcheck::thread one([&] { Nested(g_a, g_b, meet); });
  lockcheck::thread two([&] {
    Nested(g_b, g_a, [&] {
      meet();
      if (!as_they_come) lockcheck::testing::AwaitSleeper(g_b);
    });
  });
  one.join();
  two.join();
}

// The same locks at the same places.
void CouldLockUp() {
  OneAfterTheOther([] { Nested(g_a, g_b, [] {}); },
                   [] { Nested(g_b, g_a, [] {}); });
}

void AbbaMany(int n) {
  for (int i = 0; i < n; ++i) Abba();
}

void Two() {
  Abba();
  std::puts("between");
  std::fflush(stdout);
  OtherCouldLockUp();
}

void Gated() {
  OneAfterTheOther(
      [] {
        std::lock_guard gate(g_gate);
        InOrder(g_a, g_b);
      },
      [] {
        std::lock_guard gate(g_gate);
        InOrder(g_b, g_a);
      });
}

void OneThread() {
  InOrder(g_a, g_b);
  InOrder(g_b, g_a);
}

void JoinedBetween() {
  lockcheck::thread([] { InOrder(g_a, g_b); }).join();
  lockcheck::thread([] { InOrder(g_b, g_a); }).join();
}

// First before the other thread is there, then beside it.
void AgainLater() {
  InOrder(g_a, g_b);
  std::latch turn(1);
  lockcheck::thread other([&] {
    turn.wait();
    InOrder(g_b, g_a);
  });
  InOrder(g_a, g_b);
  turn.count_down();
  other.join();
}

void Readers() {
  const auto read = [](lockcheck::shared_mutex& first,
                       lockcheck::shared_mutex& second) {
    std::shared_lock outer(first);
    std::shared_lock inner(second);
  };
  OneAfterTheOther([&] { read(g_x, g_y); }, [&] { read(g_y, g_x); });
}

void ReadersAndWriters() {
  const auto act = [](lockcheck::shared_mutex& first,
                      lockcheck::shared_mutex& second) {
    std::shared_lock outer(first);
    std::lock_guard inner(second);
  };
  OneAfterTheOther([&] { act(g_x, g_y); }, [&] { act(g_y, g_x); });
}

void Tried() {
  OneAfterTheOther([] { InOrder(g_a, g_b); },
                   [] {
                     std::lock_guard outer(g_b);
                     if (g_a.try_lock()) g_a.unlock();
                   });
}

void AllAtOnce() {
  OneAfterTheOther([] { lockcheck::scoped_lock both(g_a, g_b); },
                   [] { lockcheck::scoped_lock both(g_b, g_a); });
}

// One request for two, under a third.
void TwoUnderAThird() {
  OneAfterTheOther(
      [] {
        std::lock_guard outer(g_c);
        lockcheck::scoped_lock both(g_a, g_b);
      },
      [] { InOrder(g_b, g_c); });
}

// First both in one request, then one under the other.
void TogetherThenNested() {
  OneAfterTheOther(
      [] {
        std::lock_guard outer(g_c);
        { lockcheck::scoped_lock both(g_a, g_b); }
        InOrder(g_a, g_b);
      },
      [] { InOrder(g_b, g_a); });
}

// The same few locks, so often that every block is full many times.
void Often(int n) {
  for (int i = 0; i < n; ++i) InOrder(g_a, g_b);
  OneAfterTheOther(
      [n] {
        for (int i = 0; i < n; ++i) InOrder(g_a, g_b);
      },
      [n] {
        for (int i = 0; i < n; ++i) InOrder(g_c, g_d);
      });
}

void OftenThenAbba(int n) {
  Often(n);
  Abba();
}

void Fought(int n) {
  lockcheck::thread threads[4];
  for (auto& t : threads) {
    t = lockcheck::thread([n] {
      for (int i = 0; i < n; ++i) InOrder(g_a, g_b);
    });
  }
  for (auto& t : threads) t.join();
}

void ManyThreads(int n) {
  for (int i = 0; i < n; ++i) {
    lockcheck::thread([] { InOrder(g_a, g_b); }).join();
  }
}

void InAChild() {
  InOrder(g_a, g_b);
  const pid_t child = fork();
  if (child == 0) {
    Abba();
    std::exit(0);
  }
  int status;
  waitpid(child, &status, 0);
}

// All pairs of many locks in one order: as many dependencies.
void Wide(int n) {
  static std::deque<lockcheck::mutex> locks;
  for (int i = 0; i < n; ++i) locks.emplace_back();
  for (int i = 0; i < n; ++i) {
    for (int k = i + 1; k < n; ++k) InOrder(locks[i], locks[k]);
  }
  OneAfterTheOther([] { InOrder(locks[0], locks[1]); },
                   [] { InOrder(locks[1], locks[0]); });
}

void Deep(int n) {
  static std::deque<lockcheck::mutex> locks;
  for (int i = 0; i < n; ++i) locks.emplace_back();
  for (auto& lock : locks) lock.lock();
  for (auto& lock : locks) lock.unlock();
  Abba();
}

// A before b under many locks, and b before a under another one, or under the
// outermost of the many.
void UnderMany(int n, bool gated) {
  static std::deque<lockcheck::mutex> locks;
  for (int i = 0; i < n; ++i) locks.emplace_back();
  OneAfterTheOther(
      [] {
        for (auto& lock : locks) lock.lock();
        InOrder(g_a, g_b);
        for (auto& lock : locks) lock.unlock();
      },
      [gated] {
        std::lock_guard outermost(gated ? locks[0] : g_gate);
        InOrder(g_b, g_a);
      });
}

void ClosedDescriptors() {
  Abba();
  for (int fd = 3; fd < 5000; ++fd) close(fd);
  OtherCouldLockUp();
}

void SayHowLarge() {
  DIR* const folder = opendir("/proc/self/fd");
  if (folder == nullptr) return;
  while (const dirent* const entry = readdir(folder)) {
    const std::string path = std::string("/proc/self/fd/") + entry->d_name;
    char target[PATH_MAX];
    const ssize_t n = readlink(path.c_str(), target, sizeof(target));
    if (n <= 0 ||
        std::string(target, static_cast<size_t>(n)).find("lockcheck-live") ==
            std::string::npos) {
      continue;
    }
    struct stat info;
    if (stat(path.c_str(), &info) == 0) {
      std::printf("live log %lld\n", static_cast<long long>(info.st_size));
    }
  }
  closedir(folder);
}

const std::map<std::string, std::function<void(int)>> kScenarios = {
    {"abba", [](int) { Abba(); }},
    {"abba-and-then-a-word", AbbaAndThenAWord},
    {"abba-a-word-and-others", AbbaAWordAndOthers},
    {"abba-without-main", [](int) { AbbaWithoutMain(); }},
    {"abba-at-once", [](int) { AbbaAtOnce(); }},
    {"abba-as-they-come", [](int) { AbbaAtOnce(true); }},
    {"could-then-does", [](int) { CouldLockUp(), AbbaAtOnce(); }},
    {"does-then-could",
     [](int) { AbbaAtOnce(), CouldLockUp(), OtherCouldLockUp(); }},
    {"abba-many", AbbaMany},
    {"abba-elsewhere",
     [](int) {
       if (chdir("/") != 0) std::abort();
       Abba();
     }},
    {"two", [](int) { Two(); }},
    {"gated", [](int) { Gated(); }},
    {"one-thread", [](int) { OneThread(); }},
    {"joined-between", [](int) { JoinedBetween(); }},
    {"again-later", [](int) { AgainLater(); }},
    {"readers", [](int) { Readers(); }},
    {"readers-and-writers", [](int) { ReadersAndWriters(); }},
    {"tried", [](int) { Tried(); }},
    {"all-at-once", [](int) { AllAtOnce(); }},
    {"two-under-a-third", [](int) { TwoUnderAThird(); }},
    {"together-then-nested", [](int) { TogetherThenNested(); }},
    {"often", Often},
    {"often-then-abba", OftenThenAbba},
    {"fought", Fought},
    {"many-threads", ManyThreads},
    {"in-a-child", [](int) { InAChild(); }},
    {"wide", Wide},
    {"deep", Deep},
    {"under-many", [](int n) { UnderMany(n, false); }},
    {"under-many-gated", [](int n) { UnderMany(n, true); }},
    {"short-lived", ShortLived},
    {"short-lived-then-abba", ShortLivedThenAbba},
    {"gone-afterwards", [](int) { GoneAfterwards(); }},
    {"gone-before", [](int) { GoneBefore(); }},
    {"under-one-that-is-gone", [](int) { UnderOneThatIsGone(); }},
    {"gated-by-one-that-is-gone", [](int) { GatedByOneThatIsGone(); }},
    {"under-two-that-are-gone", [](int) { UnderTwoThatAreGone(); }},
    {"hang", [](int) { Hang(); }},
    {"hang-owed", [](int) { HangOwed(); }},
    {"hang-holding", [](int) { HangHolding(); }},
    {"hang-with-handler", [](int) { HangWithHandler(); }},
    {"idle", [](int) { Idle(); }},
    {"quiet", [](int) { Quiet(); }},
    {"closed-descriptors", [](int) { ClosedDescriptors(); }},
};

}  // namespace

int main(int argc, char** argv) {
  const auto scenario = kScenarios.find(argc > 1 ? argv[1] : "");
  if (scenario == kScenarios.end()) return 2;
  scenario->second(argc > 2 ? std::atoi(argv[2]) : 0);
  SayHowLarge();
}
