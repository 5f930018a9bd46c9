#include "instrument/runtime/command.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/process.h"

namespace lockcheck::runtime {
namespace {

constexpr int64_t kPatienceMs = 10'000;
// What no other program of that name would end with.
constexpr char kShown[] = "177";
constexpr size_t kStackBytes = 256 << 10;

struct Start {
  sigset_t mask;
  const char* command;
  char actor[16];  // its id, in decimal
};

// In the child, which shares this process's memory until it executes.
int Execute(void* data) {
  const auto* const start = static_cast<const Start*>(data);
  const int null = open("/dev/null", O_RDONLY);
  if (null >= 0) dup2(null, STDIN_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  // Handlers are the program's, and would run in its memory.
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action;
    if (sigaction(signal, nullptr, &action) == 0 &&
        action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL) {
      action.sa_handler = SIG_DFL;
      action.sa_flags = 0;
      sigaction(signal, &action, nullptr);
    }
  }
  sigprocmask(SIG_SETMASK, &start->mask, nullptr);
  execlp(start->command, start->command, "analyze", "--only", "actual",
         "--fail-on", "actual", "--error-exitcode", kShown, "--actor",
         start->actor, "--threads", "1", g_log_path, nullptr);
  _exit(127);
}

// True: it found deadlocks, and has shown them.
bool Await(pid_t child) {
  for (int64_t ms = 0; ms < kPatienceMs; ms += 2) {
    int status;
    const pid_t ended = waitpid(child, &status, WNOHANG | __WALL);
    if (ended == child) {
      return WIFEXITED(status) && WEXITSTATUS(status) == atoi(kShown);
    }
    if (ended < 0 && errno != EINTR) return false;
    const timespec moment = {0, 2'000'000};
    nanosleep(&moment, nullptr);
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, __WALL);
  return false;
}

}  // namespace

bool RunCommand(uint32_t actor) {
  if (g_writer.stopped() || g_options.command[0] == 0 ||
      strcmp(g_options.command, "none") == 0 || getauxval(AT_SECURE) != 0) {
    return false;
  }
  void* const stack = MapPages(kStackBytes);
  if (stack == nullptr) return false;
  const KeepErrno keep_errno;
  Start start;
  start.command = g_options.command;
  *std::to_chars(start.actor, std::end(start.actor) - 1, actor).ptr = 0;
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &start.mask);
  // No signal at its end: it is nobody's child but ours.
  const pid_t child = clone(&Execute, static_cast<char*>(stack) + kStackBytes,
                            CLONE_VM | CLONE_VFORK, &start);
  pthread_sigmask(SIG_SETMASK, &start.mask, nullptr);
  const bool shown = child > 0 && Await(child);
  munmap(stack, kStackBytes);
  return shown;
}

}  // namespace lockcheck::runtime
