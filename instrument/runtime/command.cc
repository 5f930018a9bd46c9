#include "instrument/runtime/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "instrument/runtime/clone_process.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/live_book.h"
#include "instrument/runtime/live_copy.h"
#include "instrument/runtime/plain.h"
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

// The ids of what was shown.
class Known {
 public:
  // They are in a file for the command to read and to write, or that is empty;
  // null: there is none, two at a time cannot have it.
  MemoryFile* Open(bool empty) {
    if (g_fork_page->reports.showing.exchange(true)) return nullptr;
    const int fd = memfd_create("lockcheck-known", MFD_CLOEXEC);
    if (file_.Own(fd) && (empty || text_ == nullptr ||
                          write(file_.fd(), text_->bytes, text_->size) ==
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
    const uint32_t before = CountLines();
    if (const size_t size = Size(); size != 0) {
      if (Text* const text = NewText(size)) {
        memcpy(text->bytes, pages_, size);
        Replace(text, size);
      }
    }
    Close();
    return CountLines() - before;
  }
  // Takes the ids, and nothing else, that the command has written of a deadlock
  // that has happened. Returns how many of them were there before as such that
  // can.
  uint32_t TakeHappenedAndClose() {
    uint32_t could = 0;
    const size_t size = Size(), before = text_ == nullptr ? 0 : text_->size;
    if (size != 0) {
      const char* const fresh = static_cast<const char*>(pages_);
      if (Text* const text = NewText(before + size + HappenedBytes(size))) {
        char* end = CopyOthers(fresh, size, text->bytes, &could);
        end = CopyAsHappened(fresh, size, end);
        Replace(text, static_cast<size_t>(end - text->bytes));
      }
    }
    Close();
    return could;
  }

 private:
  static constexpr size_t kMostBytes = 16 << 20;
  static constexpr size_t kIdBytes = 12;
  static constexpr char kHappened[] = "  # happened\n";
  struct Text {
    size_t mapped;
    size_t size;
    char bytes[];
  };

  // At most so much is added to a text of that size.
  static size_t HappenedBytes(size_t size) {
    return size / (kIdBytes + 1) * sizeof(kHappened);
  }

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

  static Text* NewText(size_t most) {
    const size_t bytes = sizeof(Text) + most;
    auto* const text = static_cast<Text*>(MapPages(bytes));
    if (text != nullptr) text->mapped = bytes;
    return text;
  }

  // Another thread may fork meanwhile: at every moment `text_` is whole.
  void Replace(Text* text, size_t size) {
    text->size = size;
    Text* const old = text_;
    __atomic_store_n(&text_, text, __ATOMIC_RELEASE);
    if (old != nullptr) UnmapPages(old, old->mapped);
  }

  void Close() {
    munmap(pages_, kMostBytes);
    g_fork_page->reports.showing.store(false);
  }

  // Calls visit(line, its size with the end of line).
  template <typename Visit>
  static void ForEachLine(const char* text, size_t size, Visit visit) {
    while (const void* const end = memchr(text, '\n', size)) {
      const auto line =
          static_cast<size_t>(static_cast<const char*>(end) + 1 - text);
      if (line > kIdBytes) visit(text, line);
      text += line;
      size -= line;
    }
  }

  // Those lines that are not in `fresh`.
  char* CopyOthers(const char* fresh, size_t size, char* to, uint32_t* could) {
    if (text_ == nullptr) return to;
    ForEachLine(text_->bytes, text_->size, [&](const char* line, size_t n) {
      const bool others = std::search(fresh, fresh + size, line,
                                      line + kIdBytes) == fresh + size;
      if (others) to = std::copy(line, line + n, to);
      const bool happened =
          std::search(line, line + n, kHappened,
                      kHappened + sizeof(kHappened) - 1) != line + n;
      *could += !others && !happened;
    });
    return to;
  }

  static char* CopyAsHappened(const char* fresh, size_t size, char* to) {
    ForEachLine(fresh, size, [&](const char* line, size_t) {
      to = std::copy(line, line + kIdBytes, to);
      to = std::copy(kHappened, kHappened + sizeof(kHappened) - 1, to);
    });
    return to;
  }

  uint32_t CountLines() const {
    if (text_ == nullptr) return 0;
    return static_cast<uint32_t>(
        std::count(text_->bytes, text_->bytes + text_->size, '\n'));
  }

  MemoryFile file_;
  void* pages_ = nullptr;
  Text* text_ = nullptr;
};
constinit Known g_known;

}  // namespace

bool ShowDeadlock(uint32_t actor, uint32_t* orders) {
  Readable log;
  if (log.path() == nullptr) return false;
  MemoryFile* const known = orders == nullptr ? nullptr : g_known.Open(true);
  char id[16];
  *std::to_chars(id, std::end(id) - 1, actor).ptr = 0;
  const char* arguments[] = {
      g_options.command,  "analyze", "--only",  "actual", "--fail-on", "actual",
      "--error-exitcode", kShown,    "--actor", id,       "--threads", "1",
      log.path(),         nullptr,   nullptr,   nullptr};
  if (known != nullptr) {
    const size_t n = std::size(arguments);
    arguments[n - 3] = "--write-baseline";
    arguments[n - 2] = known->path();
  }
  const bool shown = Run(arguments, log.file(), known) == atoi(kShown);
  if (known != nullptr) {
    const uint32_t could = g_known.TakeHappenedAndClose();
    if (shown) *orders += could;
  }
  return shown;
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
  if (log.path() == nullptr) return {Shown::kNoCommand, 0};
  MemoryFile* const known = g_known.Open(false);
  if (known == nullptr) return {Shown::kLater, 0};
  const char* const arguments[] = {
      g_options.command, "analyze",     "--only",           "possible",
      "--fail-on",       "deadlock",    "--error-exitcode", kShown,
      "--baseline",      known->path(), "--write-baseline", known->path(),
      "--threads",       "1",           log.path(),         nullptr};
  const int status = Run(arguments, log.file(), known);
  const uint32_t fresh = g_known.TakeAndClose();
  const bool some = status == atoi(kShown);
  if (!some && status != 0) return {Shown::kNoCommand, 0};
  JudgedLiveOrders(log.candidates());
  if (!some) return {Shown::kNothing, 0};
  return {Shown::kSome, std::max(fresh, 1u)};
}

}  // namespace lockcheck::runtime
