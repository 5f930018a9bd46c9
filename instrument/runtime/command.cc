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

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {
namespace {

constexpr int64_t kPatienceMs = 10'000;
// What no other program of that name would end with.
constexpr char kShown[] = "177";
constexpr size_t kStackBytes = 256 << 10;

// A file in memory for the command, which inherits it. The program goes on
// meanwhile, and may close what it did not open: so the descriptor is there for
// as long as it takes to start the command, and is closed only if it still is
// this file's.
class MemoryFile {
 public:
  constexpr MemoryFile() = default;
  // False: there is none. Takes the descriptor.
  bool Own(int fd) {
    if (fd >= 0 && fd <= STDERR_FILENO) {
      // In the command these are something else.
      const int low = fd;
      fd = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
      close(low);
    }
    fd_ = fd;
    if (fd < 0 || fstat(fd, &info_) != 0) return false;
    snprintf(path_, sizeof(path_), "/proc/self/fd/%d", fd);
    return true;
  }
  void Close() {
    struct stat now;
    if (fd_ >= 0 && fstat(fd_, &now) == 0 && now.st_dev == info_.st_dev &&
        now.st_ino == info_.st_ino) {
      close(fd_);
    }
    fd_ = -1;
  }
  int fd() const { return fd_; }
  const char* path() const { return path_; }  // for the command

 private:
  int fd_ = -1;
  struct stat info_ = {};
  char path_[32] = "";
};

struct Start {
  const char* const* arguments;  // the command first
  int inherited[2];              // descriptors; negative: none
};

// In the child, which shares this process's memory until it executes. It never
// returns, so AddressSanitizer would take what is mapped here later for the
// child's stack.
[[gnu::no_sanitize_address]] int Execute(void* data) {
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
  // Its descriptors are copies of the program's.
  for (const int fd : start->inherited) {
    if (fd >= 0) fcntl(fd, F_SETFD, 0);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
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

int Run(const char* const* arguments, MemoryFile& log,
        MemoryFile* known = nullptr) {
  void* const stack = MapPages(kStackBytes);
  if (stack == nullptr) return -1;
  const KeepErrno keep_errno;
  Start start = {arguments, {log.fd(), known == nullptr ? -1 : known->fd()}};
  sigset_t all, saved;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &saved);
  // No signal at its end: it is nobody's child but ours.
  const pid_t child = clone(&Execute, static_cast<char*>(stack) + kStackBytes,
                            CLONE_VM | CLONE_VFORK, &start);
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
  Readable() {
    if (!HasCommand()) return;
    if (g_log_path[0] != 0) {
      path_ = g_log_path;
    } else if (copy_.Own(CopyLog())) {
      path_ = copy_.path();
    }
  }
  ~Readable() { copy_.Close(); }
  Readable(const Readable&) = delete;
  Readable& operator=(const Readable&) = delete;
  const char* path() const { return path_; }  // null: nothing
  MemoryFile& file() { return copy_; }

 private:
  MemoryFile copy_;
  const char* path_ = nullptr;
};

// The ids of what was shown.
class Known {
 public:
  // They are in a file for the command to read and to write; null: there is
  // none, two at a time cannot have it.
  MemoryFile* Open() {
    if (g_fork_page->reports.showing.exchange(true)) return nullptr;
    const int fd = memfd_create("lockcheck-known", MFD_CLOEXEC);
    if (file_.Own(fd) &&
        (text_ == nullptr || write(file_.fd(), text_->bytes, text_->size) ==
                                 static_cast<ssize_t>(text_->size))) {
      pages_ = mmap(nullptr, kMostBytes, PROT_READ, MAP_SHARED, file_.fd(), 0);
      if (pages_ != MAP_FAILED) return &file_;
    }
    file_.Close();
    g_fork_page->reports.showing.store(false);
    return nullptr;
  }
  // Takes what the command has written. Returns how many ids are new.
  uint32_t TakeAndClose() {
    const uint32_t before = lines_;
    Take();
    munmap(pages_, kMostBytes);
    g_fork_page->reports.showing.store(false);
    return lines_ - before;
  }

 private:
  static constexpr size_t kMostBytes = 16 << 20;
  struct Text {
    size_t size;
    char bytes[];
  };

  // The file ends within a page, or with one: what lies beyond that cannot be
  // read.
  size_t Size() const {
    const auto* const bytes = static_cast<const char*>(pages_);
    char page[4096];
    size_t size = 0;
    for (; size < kMostBytes; size += sizeof(page)) {
      if (!ReadMemory(bytes + size, page, sizeof(page))) break;
      if (memchr(page, 0, sizeof(page)) == nullptr) continue;
      return size + strnlen(page, sizeof(page));
    }
    return size;
  }

  // Another thread may fork meanwhile: at every moment `text_` is whole.
  void Take() {
    const size_t size = Size();
    if (size == 0) return;
    auto* const text = static_cast<Text*>(MapPages(sizeof(Text) + size));
    if (text == nullptr) return;
    memcpy(text->bytes, pages_, size);
    text->size = size;
    lines_ = static_cast<uint32_t>(
        std::count(text->bytes, text->bytes + size, '\n'));
    Text* const old = text_;
    __atomic_store_n(&text_, text, __ATOMIC_RELEASE);
    if (old != nullptr) UnmapPages(old, sizeof(Text) + old->size);
  }

  MemoryFile file_;
  void* pages_ = nullptr;
  Text* text_ = nullptr;
  uint32_t lines_ = 0;
};
constinit Known g_known;

}  // namespace

bool ShowDeadlock(uint32_t actor) {
  Readable log;
  if (log.path() == nullptr) return false;
  char id[16];
  *std::to_chars(id, std::end(id) - 1, actor).ptr = 0;
  const char* const arguments[] = {
      g_options.command,  "analyze", "--only",  "actual", "--fail-on", "actual",
      "--error-exitcode", kShown,    "--actor", id,       "--threads", "1",
      log.path(),         nullptr};
  return Run(arguments, log.file()) == atoi(kShown);
}

bool ShowStatus() {
  Readable log;
  if (log.path() == nullptr) return false;
  const char* const arguments[] = {
      g_options.command, "status", "--threads", "1", log.path(), nullptr};
  return Run(arguments, log.file()) == 0;
}

NewOrders ShowNewOrders() {
  Readable log;
  if (log.path() == nullptr) return {Shown::kNoCommand, 0};
  MemoryFile* const known = g_known.Open();
  if (known == nullptr) return {Shown::kLater, 0};
  const char* const arguments[] = {
      g_options.command, "analyze",     "--only",           "possible",
      "--fail-on",       "deadlock",    "--error-exitcode", kShown,
      "--baseline",      known->path(), "--write-baseline", known->path(),
      "--threads",       "1",           log.path(),         nullptr};
  const int status = Run(arguments, log.file(), known);
  const uint32_t fresh = g_known.TakeAndClose();
  if (status == atoi(kShown)) return {Shown::kSome, std::max(fresh, 1u)};
  return {status == 0 ? Shown::kNothing : Shown::kNoCommand, 0};
}

}  // namespace lockcheck::runtime
