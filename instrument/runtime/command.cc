#include "instrument/runtime/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <iterator>

#include "instrument/runtime/clone_process.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/known_files.h"
#include "instrument/runtime/live_book.h"
#include "instrument/runtime/live_copy.h"
#include "instrument/runtime/memory_file.h"
#include "instrument/runtime/plain.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/shown_ids.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {
namespace {

constexpr int64_t kPatienceMs = 10'000;
// What no other program of that name would end with.
constexpr char kShown[] = "177";
constexpr size_t kStackBytes = 256 << 10;

struct Start {
  const char* const* arguments;  // the command first
  int inherited[2];              // descriptors; negative: none
};

// As the kernel has it.
struct KernelAction {
  void* handler;
  unsigned long flags;
  void* restorer;
  unsigned long mask;
};

constexpr unsigned long MaskOf(int signal) { return 1ul << (signal - 1); }

// timeout(1) and a terminal send them to the whole process group. The command
// is in it, for in a group of its own a terminal might stop it, and is to
// finish what it says. The alarm is for one that does not, and whose program is
// gone.
constexpr unsigned long kHeldBack =
    MaskOf(SIGTERM) | MaskOf(SIGINT) | MaskOf(SIGQUIT) | MaskOf(SIGHUP);
constexpr long kAlarmSeconds = kPatienceMs / 1000 + 1;

// Handlers are the program's, and would run in its memory.
[[gnu::no_sanitize_thread, gnu::no_sanitize_address]] void ForgetHandlers() {
  constexpr size_t kMaskBytes = sizeof(KernelAction::mask);
  for (int signal = 1; signal < NSIG; ++signal) {
    KernelAction action;
    if (syscall(SYS_rt_sigaction, signal, nullptr, &action, kMaskBytes) == 0 &&
        action.handler != reinterpret_cast<void*>(SIG_IGN) &&
        action.handler != reinterpret_cast<void*>(SIG_DFL)) {
      action = {};
      syscall(SYS_rt_sigaction, signal, &action, nullptr, kMaskBytes);
    }
  }
  const unsigned long mask = kHeldBack;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, kMaskBytes);
}

// In the child, which shares this process's memory until it executes: system
// calls alone, for a sanitizer would keep books of the rest, and of the stack,
// which is gone then.
[[gnu::no_sanitize_thread, gnu::no_sanitize_address]] void Execute(void* data) {
  const auto* const start = static_cast<const Start*>(data);
  const long null = syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);
  if (null >= 0) syscall(SYS_dup2, null, STDIN_FILENO);
  syscall(SYS_dup2, STDERR_FILENO, STDOUT_FILENO);
  ForgetHandlers();
  syscall(SYS_alarm, kAlarmSeconds);
  // Its descriptors are copies of the program's.
  for (const int fd : start->inherited) {
    if (fd >= 0) syscall(SYS_fcntl, fd, F_SETFD, 0);
  }
  execvp(start->arguments[0], const_cast<char* const*>(start->arguments));
  syscall(SYS_exit, 127);
}

// Its exit status; negative: it had none, or did not end in time.
int Await(pid_t child) {
  const Deadline patience = Soon(kPatienceMs * 1'000'000);
  while (!HasPassed(patience)) {
    int status;
    const pid_t ended = waitpid(child, &status, WNOHANG | __WALL);
    if (ended == child) return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (ended < 0 && errno != EINTR) return -1;
    const timespec moment = {0, 2'000'000};
    nanosleep(&moment, nullptr);
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, __WALL);
  return -1;
}

bool HasCommand() {
  return !g_writer.stopped() && g_options.command[0] != 0 &&
         strcmp(g_options.command, "none") != 0 && getauxval(AT_SECURE) == 0;
}

int Run(const char* const* arguments, MemoryFile& log,
        MemoryFile* known = nullptr) {
  void* const stack = MapPages(kStackBytes);
  if (stack == nullptr) return -1;
  const KeepErrno keep_errno;
  Start start = {arguments, {log.fd(), known == nullptr ? -1 : known->fd()}};
  sigset_t all, saved;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &saved);
  const pid_t child =
      CloneProcess(static_cast<char*>(stack) + kStackBytes, &Execute, &start);
  pthread_sigmask(SIG_SETMASK, &saved, nullptr);
  log.Close();
  if (known != nullptr) known->Close();
  const int status = child > 0 ? Await(child) : -1;
  munmap(stack, kStackBytes);
  return status;
}

// What the command is to read: the log, or with mode=live a copy of it.
class Readable {
 public:
  explicit Readable(CopyOf what = CopyOf::kPresent) {
    if (!HasCommand()) return;
    if (g_log_path[0] != 0) {
      path_ = g_log_path;
    } else if (copy_.Own(CopyLog(what, &candidates_))) {
      path_ = copy_.path();
    }
  }
  ~Readable() { copy_.Close(); }
  Readable(const Readable&) = delete;
  Readable& operator=(const Readable&) = delete;
  const char* path() const { return path_; }  // null: nothing
  MemoryFile& file() { return copy_; }
  uint32_t candidates() const { return candidates_; }

 private:
  MemoryFile copy_;
  uint32_t candidates_ = 0;
  const char* path_ = nullptr;
};

constinit ShownIds g_shown;

// `lockcheck analyze` with these options.
int Analyze(std::initializer_list<const char*> options, Readable& log,
            MemoryFile* known) {
  constexpr size_t kMost = 24;
  const char* arguments[kMost] = {g_options.command,  "analyze",
                                  "--threads",        "1",
                                  "--error-exitcode", kShown};
  size_t n = 6;
  for (const char* const option : options) arguments[n++] = option;
  if (known != nullptr) {
    arguments[n++] = "--known";
    arguments[n++] = known->path();
  }
  n += AddKnownFiles(arguments + n);
  arguments[n++] = log.path();
  return Run(arguments, log.file(), known);
}

// The command could make nothing of suppressions= or baseline=, and has said
// so: it is to be asked without them.
bool IsToBeAskedAgain(int status) {
  constexpr int kUsage = 2;
  if (status != kUsage || !HasKnownFiles()) return false;
  DropKnownFiles();
  return true;
}

}  // namespace

Shown ShowDeadlock(uint32_t actor, uint32_t* orders) {
  Readable log;
  if (log.path() == nullptr) return Shown::kNoCommand;
  const bool with_known = orders != nullptr || HasKnownFiles();
  MemoryFile* const known = with_known ? g_shown.Open(true) : nullptr;
  char id[16];
  *std::to_chars(id, std::end(id) - 1, actor).ptr = 0;
  const int status = Analyze(
      {"--only", "actual", "--fail-on", "actual", "--actor", id}, log, known);
  ShownIds::Happened happened = {0, false};
  if (known != nullptr) happened = g_shown.TakeHappenedAndClose();
  if (IsToBeAskedAgain(status)) return ShowDeadlock(actor, orders);
  const bool shown = status == atoi(kShown);
  const bool suppressed = status == 0 && happened.suppressed;
  if (!shown && !suppressed) return Shown::kNoCommand;
  if (orders != nullptr) *orders += happened.could;
  return shown ? Shown::kSome : Shown::kSuppressed;
}

bool ShowStatus() {
  Readable log;
  if (log.path() == nullptr) return false;
  const char* const arguments[] = {
      g_options.command, "status", "--threads", "1", log.path(), nullptr};
  return Run(arguments, log.file()) == 0;
}

NewOrders ShowNewOrders() {
  Readable log(CopyOf::kOrders);
  if (log.path() == nullptr) return {Shown::kNoCommand};
  MemoryFile* const known = g_shown.Open(false);
  if (known == nullptr) return {Shown::kLater};
  const int status =
      Analyze({"--only", "possible", "--fail-on", "deadlock"}, log, known);
  const ShownIds::Fresh fresh = g_shown.TakeAndClose();
  if (IsToBeAskedAgain(status)) return ShowNewOrders();
  const bool some = status == atoi(kShown);
  if (!some && status != 0) return {Shown::kNoCommand};
  JudgedLiveOrders(log.candidates());
  if (!some) return {Shown::kNothing, 0, fresh.suppressed};
  return {Shown::kSome, std::max(fresh.shown, 1u), fresh.suppressed};
}

}  // namespace lockcheck::runtime
