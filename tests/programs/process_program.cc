// Processes and threads that come and go in every way.
//   process_program SCENARIO
// What each scenario must leave in the log is said in process_test.cc.

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "lockcheck/lockcheck.h"

extern char** environ;

namespace {

lockcheck::mutex a("a"), b("b"), c("c"), d("d");
char g_self[4096];

void Use(lockcheck::mutex& m) {
  m.lock();
  m.unlock();
}

int StatusOf(pid_t pid) {
  int status = -1;
  waitpid(pid, &status, 0);
  return status;
}

// ---- Before and after main --------------------------------------------------
// Another file's objects may be made before the runtime's.
struct Early {
  Early() {
    a.lock();
    b.lock();
    b.unlock();
    a.unlock();
  }
  ~Early() {
    if (std::getenv("LOCKCHECK_TEST_EARLY") != nullptr) Use(c);
  }
};

[[gnu::constructor(101)]] void FirstOfAll() {
  if (std::getenv("LOCKCHECK_TEST_EARLY") != nullptr) Use(a);
}
[[gnu::destructor(101)]] void LastOfAll() {
  if (std::getenv("LOCKCHECK_TEST_EARLY") != nullptr) Use(d);
}

std::unique_ptr<Early> MakeEarly() {
  return std::getenv("LOCKCHECK_TEST_EARLY") == nullptr
             ? nullptr
             : std::make_unique<Early>();
}
std::unique_ptr<Early> g_early = MakeEarly();

int BeforeAndAfterMain() {
  a.lock();
  Use(b);
  a.unlock();
  return 0;
}

// ---- fork -------------------------------------------------------------------
template <typename Fork>
int ForkHolding(Fork fork_as) {
  a.lock();
  b.lock();
  const pid_t child = fork_as();
  if (child == 0) {
    Use(c);
    b.unlock();
    a.unlock();
    Use(a);
    exit(7);
  }
  b.unlock();
  a.unlock();
  Use(d);
  return WEXITSTATUS(StatusOf(child)) == 7 ? 0 : 1;
}

pid_t RawFork() { return static_cast<pid_t>(syscall(SYS_fork)); }
pid_t RawClone() {
  return static_cast<pid_t>(
      syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

int ForkDeep() {
  int depth = 0;
  for (; depth < 3; ++depth) {
    Use(a);
    const pid_t child = fork();
    if (child != 0) {
      Use(b);
      const int status = StatusOf(child);
      exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
    }
  }
  Use(c);
  exit(7);
}

// The runtime's own fork handler runs in the middle of others' operations.
int ForkStorm() {
  std::atomic<bool> stop = false;
  std::deque<lockcheck::mutex> busy(8);
  std::vector<lockcheck::thread> threads;
  for (size_t i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      for (size_t n = i; !stop; ++n) {
        const lockcheck::lock_guard outer(busy[n % 4]);
        const lockcheck::lock_guard inner(busy[4 + n % 4]);
      }
    });
  }
  int bad = 0;
  for (int i = 0; i < 40; ++i) {
    Use(a);
    const pid_t child = fork();
    if (child == 0) {
      for (int n = 0; n < 100; ++n) {
        b.lock();
        Use(c);
        b.unlock();
      }
      _exit(7);
    }
    const int status = StatusOf(child);
    bad += !WIFEXITED(status) || WEXITSTATUS(status) != 7;
  }
  stop = true;
  for (lockcheck::thread& thread : threads) thread.join();
  return bad;
}

// ---- exec -------------------------------------------------------------------
char* const kUseD[] = {g_self, const_cast<char*>("use_d"), nullptr};

int VforkExec() {
  Use(a);
  const pid_t child = vfork();
  if (child == 0) {
    execv(g_self, kUseD);
    _exit(1);
  }
  Use(b);
  return StatusOf(child);
}

int Spawn() {
  Use(a);
  pid_t child = -1;
  if (posix_spawn(&child, g_self, nullptr, nullptr, kUseD, environ) != 0) {
    return 1;
  }
  Use(b);
  return StatusOf(child);
}

int Exec() {
  a.lock();
  execv(g_self, kUseD);
  return 1;
}

// ---- Threads ----------------------------------------------------------------
int ExitHolding() {
  lockcheck::thread([] {
    a.lock();
    b.lock();
    b.unlock();
  }).join();
  return 0;
}

void* ForeignMain(void*) {
  Use(b);
  return nullptr;
}

int Foreign() {
  std::thread([] { Use(a); }).join();
  pthread_t thread;
  if (pthread_create(&thread, nullptr, &ForeignMain, nullptr) != 0) return 1;
  pthread_join(thread, nullptr);
  return 0;
}

int ThousandThreads() {
  std::vector<lockcheck::thread> threads;
  std::atomic<bool> go = false;
  for (int i = 0; i < 1000; ++i) {
    threads.emplace_back([&] {
      a.lock();
      Use(b);
      a.unlock();
      while (!go) sched_yield();
      Use(c);
    });
  }
  go = true;
  for (lockcheck::thread& thread : threads) thread.join();
  return 0;
}

int ThreadsComeAndGo() {
  for (int i = 0; i < 2000; ++i) lockcheck::thread([] { Use(a); }).join();
  return 0;
}

// A loop that names its thread each time, and then gives it another name.
int NamedAgain() {
  for (int i = 0; i < 100000; ++i) lockcheck::this_thread::set_name("again");
  lockcheck::this_thread::set_name("at last");
  Use(a);
  return 0;
}

// Main's own block fills and cannot be sealed, while blocks of ended threads
// have room for threads that begin later.
int OneThreadAfterTheOther() {
  for (int i = 0; i < 300; ++i) {
    lockcheck::thread([] {
      for (int k = 0; k < 200; ++k) Use(a);
    }).join();
    for (int k = 0; k < 400; ++k) Use(b);
  }
  return 0;
}

// The child ends by exit(), which destroys a lock that a thread holds that the
// child does not have.
int ForkUnderAnothersLock() {
  static lockcheck::mutex held("held");
  std::atomic<int> step{0};
  std::thread holder([&] {
    const lockcheck::lock_guard guard(held);
    step = 1;
    step.notify_all();
    step.wait(1);
  });
  step.wait(0);
  const pid_t child = fork();
  if (child == 0) exit(0);
  const int status = StatusOf(child);
  step = 2;
  step.notify_all();
  holder.join();
  return status;
}

int TwoHundredHeld() {
  std::deque<lockcheck::mutex> locks(200);
  for (int round = 0; round < 100; ++round) {
    for (lockcheck::mutex& m : locks) m.lock();
    for (size_t i = 0; i < locks.size(); ++i) {
      locks[round % 2 == 0 ? i : locks.size() - 1 - i].unlock();
    }
  }
  return 0;
}

int ManyLiveLocks() {
  std::deque<lockcheck::mutex> locks(100'000);
  for (int round = 0; round < 2; ++round) {
    for (lockcheck::mutex& m : locks) Use(m);
  }
  return 0;
}

struct UsesLockAtThreadExit {
  ~UsesLockAtThreadExit() { Use(b); }
};

int ThreadLocal() {
  lockcheck::thread([] {
    thread_local UsesLockAtThreadExit at_exit;
    (void)&at_exit;
    Use(a);
  }).join();
  pthread_key_t key;
  pthread_key_create(&key, [](void*) { Use(d); });
  lockcheck::thread([&] {
    pthread_setspecific(key, &a);
    Use(c);
  }).join();
  return 0;
}

// ---- Signals ----------------------------------------------------------------
lockcheck::mutex in_handler("in_handler"), nested_in_handler("nested");
std::atomic<int> g_handled{0};
pthread_t g_storm_target;

void Handler(int) {
  const int saved = errno;
  in_handler.lock();
  if (g_handled % 2 == 0) Use(nested_in_handler);
  in_handler.unlock();
  ++g_handled;
  errno = saved;
}

// A timer interrupts the thread every 20 microseconds, wherever it is; no round
// of what it does is like the one before, so that every path is hit.
int SignalStorm() {
  struct sigaction action = {};
  action.sa_handler = &Handler;
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &action, nullptr);
  sigevent event = {};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGUSR1;
  timer_t timer;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return 1;
  const itimerspec often = {{0, 20'000}, {0, 20'000}};
  timer_settime(timer, 0, &often, nullptr);
  int n = 0;
  for (; g_handled < 4'000; ++n) {
    Use(a);
    b.lock();
    c.lock();
    if (n % 3 == 0) {
      b.unlock();
      c.unlock();
    } else {
      c.unlock();
      b.unlock();
    }
    if (d.try_lock()) d.unlock();
  }
  timer_delete(timer);
  printf("%d %d\n", n, g_handled.load());
  return 0;
}

// A handler may come while its thread waits for a lock.
int SignalInWait() {
  struct sigaction action = {};
  action.sa_handler = &Handler;
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &action, nullptr);
  a.lock();
  std::atomic<bool> there = false;
  lockcheck::thread waiter([&] {
    g_storm_target = pthread_self();
    b.lock();
    there = true;
    Use(a);
    b.unlock();
  });
  while (!there) sched_yield();
  for (int i = 0; i < 100; ++i) {
    pthread_kill(g_storm_target, SIGUSR1);
    while (g_handled <= i) sched_yield();
  }
  a.unlock();
  waiter.join();
  return 0;
}

std::atomic<pid_t> g_child = 0;

bool IsAsleep(pid_t thread) {
  const std::string path =
      "/proc/self/task/" + std::to_string(thread) + "/stat";
  FILE* const file = fopen(path.c_str(), "r");
  if (file == nullptr) return false;
  char state = '?';
  const int read = fscanf(file, "%*d (%*[^)]) %c", &state);
  fclose(file);
  return read == 1 && state == 'S';
}

// A handler forks while its thread waits: both processes wait on, each for
// itself, until their time is over. In the parent the lock is free before that,
// however slow the machine is.
int ForkInWait() {
  static lockcheck::timed_mutex t("t");
  struct sigaction action = {};
  action.sa_handler = [](int) { g_child = fork(); };
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &action, nullptr);
  const pid_t main = getpid();
  std::atomic<bool> there = false, forked = false;
  const pthread_t waiter = pthread_self();
  lockcheck::thread owner([&] {
    const lockcheck::lock_guard hold(t);
    there = true;
    while (!forked) sched_yield();
  });
  while (!there) sched_yield();
  lockcheck::thread signaller([&] {
    while (!IsAsleep(main)) sched_yield();
    pthread_kill(waiter, SIGUSR1);
    while (g_child == 0) sched_yield();
    forked = true;
  });
  const bool got = t.try_lock_for(std::chrono::seconds(5));
  if (got) t.unlock();
  Use(a);
  // The owner is not in the child.
  if (getpid() != main) _exit(got ? 1 : 0);
  signaller.join();
  owner.join();
  int status = -1;
  waitpid(g_child, &status, 0);
  return got && WIFEXITED(status) ? WEXITSTATUS(status) : 90;
}

const std::map<std::string, std::function<int()>> kScenarios = {
    {"before_and_after_main", BeforeAndAfterMain},
    {"fork", [] { return ForkHolding([] { return fork(); }); }},
    {"_Fork", [] { return ForkHolding([] { return _Fork(); }); }},
    {"raw_fork", [] { return ForkHolding(RawFork); }},
    {"raw_clone", [] { return ForkHolding(RawClone); }},
    {"fork_deep", ForkDeep},
    {"fork_storm", ForkStorm},
    {"vfork_exec", VforkExec},
    {"spawn", Spawn},
    {"exec", Exec},
    {"use_d", [] { return Use(d), 0; }},
    {"exit_holding", ExitHolding},
    {"foreign", Foreign},
    {"thousand_threads", ThousandThreads},
    {"threads_come_and_go", ThreadsComeAndGo},
    {"named_again", NamedAgain},
    {"one_after_the_other", OneThreadAfterTheOther},
    {"fork_under_anothers_lock", ForkUnderAnothersLock},
    {"two_hundred_held", TwoHundredHeld},
    {"many_live_locks", ManyLiveLocks},
    {"thread_local", ThreadLocal},
    {"signal_storm", SignalStorm},
    {"signal_in_wait", SignalInWait},
    {"fork_in_wait", ForkInWait},
};

}  // namespace

int main(int argc, char** argv) {
  const ssize_t n = readlink("/proc/self/exe", g_self, sizeof(g_self) - 1);
  if (argc != 2 || n <= 0) return 90;
  const auto scenario = kScenarios.find(argv[1]);
  return scenario == kScenarios.end() ? 91 : scenario->second();
}
