// Ends in one of several ways, and says what runs at its end, in the order in
// which it does.
//   exit_program SCENARIO [PATH...]

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <latch>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "lockcheck/lockcheck.h"
#include "tests/programs/in_turn.h"

namespace {

using lockcheck::testing::InTurn;

void DestroyHeld() { std::make_unique<lockcheck::mutex>("held")->lock(); }

void OtherOrders() {
  static lockcheck::mutex a("a"), b("b");
  const auto run = [](auto& first, auto& second) {
    lockcheck::lock_guard one(first);
    lockcheck::lock_guard two(second);
  };
  InTurn([&] { run(a, b); }, [&] { run(b, a); });
}

// ---- What runs at the end ---------------------------------------------------

void (*g_in_static_destructor)() = nullptr;
void (*g_in_destructor_function)() = nullptr;

// Before all constructors: what it registers runs after all destructors.
// ThreadSanitizer is not ready by then.
#if !defined(__SANITIZE_THREAD__)
void RegisterFirst(int, char**, char**) {
  on_exit([](int status,
             void*) { std::printf("first handler, status %d\n", status); },
          nullptr);
}
[[gnu::section(".preinit_array"),
  gnu::used]] void (*const g_register_first)(int, char**,
                                             char**) = &RegisterFirst;
#endif

[[gnu::destructor]] void AtTheEnd() {
  if (g_in_destructor_function != nullptr) g_in_destructor_function();
  std::puts("destructor function");
}

struct SaysItsEnd {
  ~SaysItsEnd() {
    if (g_in_static_destructor != nullptr) g_in_static_destructor();
    std::puts("static object");
  }
};
SaysItsEnd g_first_object;
std::ofstream g_file;
lockcheck::mutex g_mutex("g_mutex");

// ---- Threads that stay in a deadlock ----------------------------------------

// Not destroyed at the end, which would be a misuse.
lockcheck::mutex& g_left = *new lockcheck::mutex("left");
lockcheck::mutex& g_right = *new lockcheck::mutex("right");

// They meet before each asks for the other's lock.
void BeginToLockUp() {
  static std::latch both(2), passed(1);
  const auto run = [](auto& first, auto& second) {
    first.lock();
    both.arrive_and_wait();
    if (&first == &g_left) passed.count_down();
    second.lock();
  };
  std::thread([run] { run(g_left, g_right); }).detach();
  std::thread([run] { run(g_right, g_left); }).detach();
  passed.wait();
}

// exit() while the command runs: it says so to the first FIFO, and waits until
// the second one says that exit() is under way.
std::string g_under_way;
void ExitDuringCommand(const std::string& begun, const std::string& under_way) {
  BeginToLockUp();
  std::string word;
  std::ifstream(begun) >> word;
  g_under_way = under_way;
  std::atexit([] { std::ofstream(g_under_way) << "go\n"; });
  std::exit(0);
}

// A handler interrupts the thread that waits for the command, and ends the
// program.
void ExitFromHandler(const std::string& begun) {
  std::signal(SIGUSR1, [](int) { std::exit(0); });
  static lockcheck::mutex m("self");
  std::thread([begun, waiter = pthread_self()] {
    std::string word;
    std::ifstream(begun) >> word;
    pthread_kill(waiter, SIGUSR1);
  }).detach();
  m.lock();
  m.lock();
}

// ---- Other ends -------------------------------------------------------------

void ExitInThread() {
  DestroyHeld();
  std::thread([] { std::exit(0); }).join();
}

void ExitWithRunningThreads() {
  DestroyHeld();
  static std::latch runs(1);
  std::thread([] {
    runs.count_down();
    while (true) {
      g_mutex.lock();
      g_mutex.unlock();
    }
  }).detach();
  runs.wait();
  std::exit(0);
}

void ForkAndExit(bool in_child) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    if (in_child) DestroyHeld();
    std::exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::printf("child %d\n", WEXITSTATUS(status));
  if (!in_child) DestroyHeld();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string path = argc > 2 ? argv[2] : "";
  const std::string other = argc > 3 ? argv[3] : "";
  const std::map<std::string, std::function<void()>> scenarios = {
      {"clean", [] {}},
      {"misuse", DestroyHeld},
      {"failure", [] { DestroyHeld(), std::exit(7); }},
      {"file", [&] { g_file.open(path), g_file << "result\n", DestroyHeld(); }},
      {"held-static", [] { g_mutex.lock(); }},
      {"in-static-destructor", [] { g_in_static_destructor = DestroyHeld; }},
      {"in-destructor-function",
       [] { g_in_destructor_function = DestroyHeld; }},
      {"order-at-the-end", [] { g_in_static_destructor = OtherOrders; }},
      {"in-thread", ExitInThread},
      {"running-threads", ExitWithRunningThreads},
      {"quick-exit", [] { DestroyHeld(), std::quick_exit(0); }},
      {"underscore-exit", [] { DestroyHeld(), _exit(0); }},
      {"abort", [] { DestroyHeld(), std::abort(); }},
      {"child", [] { ForkAndExit(true); }},
      {"parent", [] { ForkAndExit(false); }},
      {"exec",
       [&] {
         DestroyHeld();
         execl(argv[0], argv[0], "clean", static_cast<char*>(nullptr));
       }},
      {"lock-up", [] { BeginToLockUp(), std::exit(0); }},
      {"during-command", [&] { ExitDuringCommand(path, other); }},
      {"in-handler", [&] { ExitFromHandler(path); }},
  };
  const auto scenario = scenarios.find(argc > 1 ? argv[1] : "");
  if (scenario == scenarios.end()) return 2;
  std::atexit([] { std::puts("handler"); });
  scenario->second();
}
