#include "instrument/runtime/process.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "instrument/runtime/fork.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/known_files.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/message.h"
#include "instrument/runtime/process_lock.h"
#include "instrument/runtime/stall.h"
#include "instrument/runtime/steer.h"
#include "instrument/runtime/table.h"

// Weak: a program may have it.
extern "C" [[gnu::weak]] const char* lockcheck_default_options() noexcept;

namespace lockcheck::runtime {

constinit log::Writer g_writer;
constinit Options g_options;
constinit ForkPage* g_fork_page = nullptr;
constinit uint32_t g_parent_process = 0;
constinit char g_log_path[kMaxPath] = "";
constinit bool g_log_by_default = false;
constinit std::atomic<const Table*> g_table{nullptr};

namespace {

constexpr char kRecordingVariable[] = "LOCKCHECK_RECORDING";

std::atomic<int> g_initialized{0};  // 0 no, 1 under way, 2 done
std::atomic<uint32_t> g_said_stopped{0};

struct Arena {
  std::atomic<size_t> used;
  char bytes[1];
};
constexpr size_t kArenaBytes = 1 << 20;
std::atomic<Arena*> g_arena{nullptr};

// "32 hex digits:path", for programs that this one executes.
void PassOnRecording() {
  // setenv may move the environment under another thread's getenv; a library
  // that is loaded late therefore leaves it alone, and what that program
  // executes takes a log of its own.
  char tasks[64];
  snprintf(tasks, sizeof(tasks), "/proc/self/task");
  struct stat info;
  // A directory's link count is 2 plus one per thread.
  if (stat(tasks, &info) != 0 || info.st_nlink != 3) return;
  static char value[kMaxPath + 40];
  const uint8_t* id = g_writer.header()->recording_id;
  size_t n = 0;
  for (size_t i = 0; i < 16; ++i) {
    n += static_cast<size_t>(snprintf(value + n, 3, "%02x", id[i]));
  }
  snprintf(value + n, sizeof(value) - n, ":%s", g_log_path);
  setenv(kRecordingVariable, value, 1);
}

// Joins the recording of the program that executed this one, if there is one.
bool JoinInherited() {
  const char* const value = getenv(kRecordingVariable);
  if (value == nullptr || strlen(value) < 34 || value[32] != ':') return false;
  uint8_t id[16];
  for (size_t i = 0; i < 16; ++i) {
    unsigned byte;
    if (sscanf(value + 2 * i, "%2x", &byte) != 1) return false;
    id[i] = static_cast<uint8_t>(byte);
  }
  const char* const path = value + 33;
  if (strlen(path) >= kMaxPath || g_writer.Join(path, id) != 0) return false;
  strcpy(g_log_path, path);
  return true;
}

// What the user can do about a log that cannot be written.
const char* MendFor(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "; name a place where this user may write";
    case EROFS:
      return "; name a place that is not read-only";
    case EISDIR:
      return "; name a file in it, such as %e.%p.log";
    case ENOTDIR:
      return "; a part of the path is a file";
    case ENAMETOOLONG:
      return "; shorten it";
    case EINVAL:
      return "; it is no regular file";
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return "; make room, or name a place that has some";
    case ENOENT:
      return "; nothing can be made there, name another place";
    case EMFILE:
    case ENFILE:
      return "; raise the limit on open files";
    default:
      return "; name another place";
  }
}

// A folder above the log that cannot be made.
struct Missing {
  size_t length = 0;  // of its part of the log's path; 0: there is none
  int error = 0;
};

// Makes the folders above `path`, as mkdir -p does. What was there already is
// no error, nor is one above it.
Missing MakeFolders(const char* path) {
  char folder[kMaxPath];
  strcpy(folder, path);
  Missing missing;
  for (char* p = folder + 1; *p != 0; ++p) {
    if (*p != '/') continue;
    *p = 0;
    if (mkdir(folder, 0777) == 0 || errno == EEXIST) {
      missing = {};
    } else if (missing.length == 0) {
      missing = {static_cast<size_t>(p - folder), errno};
    }
    *p = '/';
  }
  return missing;
}

int CreateAt(const char* path, const log::WriterOptions& options,
             Missing* missing) {
  const int error = g_writer.Create(path, options);
  if (error != ENOENT) return error;
  *missing = MakeFolders(path);
  const int now = g_writer.Create(path, options);
  return now == ENOENT && missing->length != 0 ? missing->error : now;
}

void SayCannotWrite(const char* path, int error, const char* mend,
                    size_t missing = 0) {
  Message m;
  m << "cannot write the log " << path << ": ";
  if (missing != 0) {
    m << "cannot make the folder ";
    m.Bytes(path, missing) << ": ";
  }
  m << strerrordesc_np(error) << mend << "; the program goes on with mode=live";
}

bool CreateLog() {
  const char* const pattern =
      g_options.log[0] != 0 ? g_options.log : "lockcheck.%e.%p.log";
  if (const int error = ExpandLogPath(pattern, g_log_path); error != 0) {
    SayCannotWrite(pattern, error,
                   error == ENOENT
                       ? "; the working directory is gone, give a whole path"
                       : MendFor(error));
    return false;
  }
  const log::WriterOptions options{g_options.max_log, g_options.ring,
                                   g_options.volatile_hot};
  Missing missing;
  int error = CreateAt(g_log_path, options, &missing);
  const size_t length = strlen(g_log_path);
  for (unsigned n = 2; error == EBUSY && n < 10'000; ++n) {
    if (length + 8 >= kMaxPath) break;
    snprintf(g_log_path + length, kMaxPath - length, ".%u", n);
    error = g_writer.Create(g_log_path, options);
    if (error == 0) {
      Message m;
      m << "another program is recording into ";
      m.Bytes(g_log_path, length) << "; this one records into " << g_log_path;
    }
  }
  if (error == 0) return true;
  SayCannotWrite(g_log_path, error, MendFor(error), missing.length);
  return false;
}

// The recording of the program that executed this one, or one of its own.
bool OpenLog() {
  if (!JoinInherited()) return CreateLog();
  g_log_by_default = false;
  return true;
}

// What mode=live does needs no log: better that than nothing.
void GoOnWithoutLog() {
  g_options.mode = RunModeOption::kLive;
  g_options.max_log = std::min(g_options.max_log, kLiveBytes);
  g_log_path[0] = 0;
  g_log_by_default = false;
}

// In memory; only this process and its children know of it.
bool CreateLiveLog() {
  g_options.timing = Timing::kOff;
  const uint64_t bytes =
      g_options.max_log != 0 ? g_options.max_log : kLiveBytes;
  const int error = g_writer.CreateInMemory({bytes, 0, false});
  if (error != 0) {
    Message() << "no memory for mode=live: " << strerrordesc_np(error)
              << "; nothing is seen";
  }
  return error == 0;
}

bool StartRecording() {
  g_fork_page = static_cast<ForkPage*>(MapPages(4096));
  if (g_fork_page == nullptr ||
      madvise(g_fork_page, 4096, MADV_WIPEONFORK) != 0) {
    Message() << "no memory; nothing is recorded";
    return false;
  }
  if (g_options.mode == RunModeOption::kRecord && !OpenLog()) GoOnWithoutLog();
  if (g_options.mode == RunModeOption::kRecord) {
    PassOnRecording();
    UseRecordsOfProcessLocks();
  } else if (!CreateLiveLog()) {
    return false;
  }
  if (g_options.steer[0] != 0) BeginSteering(g_options.steer);
  SetKnownFiles();
  RegisterHandlers();
  TakeEndingSignals();
  WatchForStalls();
  return true;
}

// Code that dlclose() might unmap must stay: threads and fork handlers point
// here.
void StayLoaded() {
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&g_own_table), &info) != 0 &&
      info.dli_fname != nullptr) {
    dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  }
}

bool WantsRecording() {
  static Options by_default;
  if (&lockcheck_default_options != nullptr) {
    ParseOptions(lockcheck_default_options(), by_default);
    g_options = by_default;
  }
  if (const char* text = getenv("LOCKCHECK_OPTIONS")) {
    ParseOptions(text, g_options);
  }
  g_log_by_default =
      g_options.log[0] != 0 && strcmp(g_options.log, by_default.log) == 0;
  if (g_options.mode == RunModeOption::kUnset) {
    g_options.mode = g_options.log[0] != 0 || getenv(kRecordingVariable)
                         ? RunModeOption::kRecord
                         : RunModeOption::kLive;
  }
  if (g_options.mode == RunModeOption::kLive && g_options.log[0] != 0 &&
      !(g_log_by_default && by_default.mode != RunModeOption::kLive)) {
    Message() << "LOCKCHECK_OPTIONS: log=" << g_options.log
              << " is ignored: mode=live writes no log; leave it out, or say "
                 "mode=record";
  }
  return g_options.mode != RunModeOption::kOff;
}

uint8_t ModeForThisProcess(const Table*& table) {
  // A second copy, too: threads hold pointers to its part of their state.
  StayLoaded();
  const Table* const first = FindOrPublish(&g_own_table);
  if (first != nullptr) {
    table = first;
    return first->mode;
  }
  table = &g_own_table;
  return WantsRecording() && StartRecording() ? internal::kModeRecord
                                              : internal::kModeOff;
}

}  // namespace

void Initialize() {
  int none = 0;
  if (!g_initialized.compare_exchange_strong(none, 1)) {
    // Another thread is at it, or a lock taken by code that it called: nothing
    // is recorded before it is done.
    return;
  }
  const KeepErrno keep_errno;
  const Table* table = nullptr;
  const uint8_t mode = ModeForThisProcess(table);
  g_own_table.mode = mode;
  g_table.store(table, std::memory_order_release);
  internal::g_mode.store(mode, std::memory_order_release);
  g_initialized.store(2, std::memory_order_release);
  if (table == &g_own_table && mode == internal::kModeRecord) {
    // So that the log describes the process even if it never takes a lock.
    const bool main = getpid() == gettid();
    AttachThread(main ? log::BeginHow::kMain : log::BeginHow::kForeign, 0, 0);
  }
}

ProcessLock::ProcessLock() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &saved_);
  uint32_t free = 0;
  while (!g_fork_page->lock.compare_exchange_weak(free, 1,
                                                  std::memory_order_acquire)) {
    free = 0;
    sched_yield();
  }
}

ProcessLock::~ProcessLock() {
  g_fork_page->lock.store(0, std::memory_order_release);
  pthread_sigmask(SIG_SETMASK, &saved_, nullptr);
}

void SayStopped() {
  if (g_said_stopped.exchange(1) != 0) return;
  const bool live = g_options.mode == RunModeOption::kLive;
  if (const int error = g_writer.lost(); error != 0 && live) {
    Message() << "mode=live has lost its memory: the program closed the "
                 "descriptor; reports have no files and lines from now on";
    return;
  } else if (error != 0) {
    Message() << "recording stopped: the log's descriptor was closed, and "
              << g_log_path
              << (error == ESTALE ? " is another file now"
                                  : " cannot be opened again: ")
              << (error == ESTALE ? "" : strerrordesc_np(error))
              << "; the program goes on";
    return;
  }
  if (live) {
    Message() << "mode=live has used the memory that max_log permits: new lock "
                 "orders are not seen any more, deadlocks are";
    return;
  }
  const auto reason = static_cast<log::StopReason>(
      g_writer.header()->stop_reason.load(std::memory_order_relaxed));
  Message() << "recording stopped: "
            << (reason == log::StopReason::kMaxLog
                    ? "the log has reached max_log"
                : reason == log::StopReason::kNoSpace
                    ? "no space left for the log"
                    : "the log cannot be written")
            << "; the program goes on" << (g_log_by_default ? "" : ", ")
            << (g_log_by_default ? "" : g_log_path)
            << (g_log_by_default ? "" : " keeps what was recorded");
}

void* MapPages(size_t bytes) {
  void* const pages =
      mmap(nullptr, (bytes + 4095) / 4096 * 4096, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return pages == MAP_FAILED ? nullptr : pages;
}

void UnmapPages(void* pages, size_t bytes) { munmap(pages, bytes); }

void* ArenaAllocate(size_t bytes) {
  bytes = (bytes + 15) / 16 * 16;
  if (bytes > kArenaBytes / 4) return MapPages(bytes);
  while (true) {
    Arena* arena = g_arena.load(std::memory_order_acquire);
    if (arena != nullptr) {
      const size_t at = arena->used.fetch_add(bytes, std::memory_order_relaxed);
      if (at + bytes <= kArenaBytes) return reinterpret_cast<char*>(arena) + at;
    }
    auto* const fresh = static_cast<Arena*>(MapPages(kArenaBytes));
    if (fresh == nullptr) return nullptr;
    fresh->used.store(16, std::memory_order_relaxed);
    if (!g_arena.compare_exchange_strong(arena, fresh,
                                         std::memory_order_acq_rel)) {
      munmap(fresh, kArenaBytes);
    }
  }
}

const GrowingSet::Node* GrowingSet::FindFrom(const Node* first, uint64_t key) {
  const Node* n = first;
  while (n != nullptr && n->key != key) n = n->next;
  return n;
}

bool GrowingSet::Find(uint64_t key, uint32_t* value) const {
  const Node* const found =
      FindFrom(heads_[HeadOf(key)].load(std::memory_order_acquire), key);
  if (found != nullptr && value != nullptr) *value = found->value;
  return found != nullptr;
}

bool GrowingSet::InsertValue(uint64_t key, uint32_t value, uint32_t* present) {
  std::atomic<Node*>& head = heads_[HeadOf(key)];
  Node* node = nullptr;
  Node* first = head.load(std::memory_order_acquire);
  while (true) {
    // Of all that the node will stand before.
    if (const Node* const found = FindFrom(first, key)) {
      if (present != nullptr) *present = found->value;
      return false;
    }
    if (node == nullptr) {
      node = static_cast<Node*>(ArenaAllocate(sizeof(Node)));
      if (node == nullptr) return true;
    }
    *node = {key, value, first};
    if (head.compare_exchange_weak(first, node, std::memory_order_acq_rel)) {
      return true;
    }
  }
}

}  // namespace lockcheck::runtime
