#include "instrument/runtime/command.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/process.h"

namespace lockcheck::runtime {
namespace {

constexpr int64_t kPatienceMs = 10'000;
// What no other program of that name would end with.
constexpr char kShown[] = "177";
constexpr size_t kStackBytes = 256 << 10;

struct Start {
  sigset_t mask;
  const char* const* arguments;  // the command first
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
  execvp(start->arguments[0], const_cast<char* const*>(start->arguments));
  _exit(127);
}

// Its exit status; negative: it had none, or did not end in time.
int Await(pid_t child) {
  for (int64_t ms = 0; ms < kPatienceMs; ms += 2) {
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

int Run(const char* const* arguments) {
  void* const stack = MapPages(kStackBytes);
  if (stack == nullptr) return -1;
  const KeepErrno keep_errno;
  Start start;
  start.arguments = arguments;
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &start.mask);
  // No signal at its end: it is nobody's child but ours.
  const pid_t child = clone(&Execute, static_cast<char*>(stack) + kStackBytes,
                            CLONE_VM | CLONE_VFORK, &start);
  pthread_sigmask(SIG_SETMASK, &start.mask, nullptr);
  const int status = child > 0 ? Await(child) : -1;
  munmap(stack, kStackBytes);
  return status;
}

// What the command is to read: the log, or with mode=live a copy of it.
class Readable {
 public:
  Readable() {
    if (!HasCommand()) return;
    if (g_log_path[0] != 0) {
      path_ = g_log_path;
      return;
    }
    fd_ = CopyLog();
    if (fd_ < 0) return;
    snprintf(copy_, sizeof(copy_), "/proc/%d/fd/%d", getpid(), fd_);
    path_ = copy_;
  }
  ~Readable() {
    if (fd_ >= 0) close(fd_);
  }
  Readable(const Readable&) = delete;
  Readable& operator=(const Readable&) = delete;
  const char* path() const { return path_; }  // null: nothing

 private:
  int fd_ = -1;
  const char* path_ = nullptr;
  char copy_[64];
};

// The ids of what was shown. Between two runs they are in memory only: a
// program may close descriptors that it did not open, and the number would be
// another file's.
class Known {
 public:
  // Their file's path, for the command to read and to write; null: none. Two at
  // a time cannot have it.
  const char* Open() {
    bool free = false;
    if (!in_use_.compare_exchange_strong(free, true)) return nullptr;
    fd_ = memfd_create("lockcheck-known", MFD_CLOEXEC);
    if (fd_ < 0 || (size_ != 0 &&
                    write(fd_, text_, size_) != static_cast<ssize_t>(size_))) {
      Close();
      return nullptr;
    }
    snprintf(path_, sizeof(path_), "/proc/%d/fd/%d", getpid(), fd_);
    return path_;
  }
  // Takes what the command has written.
  void TakeAndClose() {
    struct stat info;
    if (fstat(fd_, &info) == 0 && info.st_size > 0) {
      const auto size = static_cast<size_t>(info.st_size);
      auto* const text = static_cast<char*>(MapPages(size));
      if (text != nullptr &&
          pread(fd_, text, size, 0) == static_cast<ssize_t>(size)) {
        if (text_ != nullptr) UnmapPages(text_, size_);
        text_ = text;
        size_ = size;
      }
    }
    Close();
  }

 private:
  void Close() {
    if (fd_ >= 0) close(fd_);
    in_use_.store(false);
  }
  std::atomic<bool> in_use_{false};
  int fd_ = -1;
  char path_[64] = "";
  char* text_ = nullptr;
  size_t size_ = 0;
};
constinit Known g_known;

}  // namespace

bool ShowDeadlock(uint32_t actor) {
  const Readable log;
  if (log.path() == nullptr) return false;
  char id[16];
  *std::to_chars(id, std::end(id) - 1, actor).ptr = 0;
  const char* const arguments[] = {
      g_options.command,  "analyze", "--only",  "actual", "--fail-on", "actual",
      "--error-exitcode", kShown,    "--actor", id,       "--threads", "1",
      log.path(),         nullptr};
  return Run(arguments) == atoi(kShown);
}

bool ShowStatus() {
  const Readable log;
  if (log.path() == nullptr) return false;
  const char* const arguments[] = {
      g_options.command, "status", "--threads", "1", log.path(), nullptr};
  return Run(arguments) == 0;
}

Shown ShowNewOrders() {
  const Readable log;
  if (log.path() == nullptr) return Shown::kNoCommand;
  const char* const known = g_known.Open();
  if (known == nullptr) return Shown::kLater;
  const char* const arguments[] = {
      g_options.command, "analyze",  "--only",           "possible",
      "--fail-on",       "deadlock", "--error-exitcode", kShown,
      "--baseline",      known,      "--write-baseline", known,
      "--threads",       "1",        log.path(),         nullptr};
  const int status = Run(arguments);
  g_known.TakeAndClose();
  return status == atoi(kShown) ? Shown::kSome
         : status == 0          ? Shown::kNothing
                                : Shown::kNoCommand;
}

}  // namespace lockcheck::runtime
