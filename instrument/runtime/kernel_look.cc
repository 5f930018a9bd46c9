#include "instrument/runtime/kernel_look.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "instrument/runtime/maps.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/read_file.h"
#include "instrument/runtime/stall.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {
namespace {

// A status file of /proc: lines "Name:\tvalue".
class Status {
 public:
  explicit Status(const char* path) {
    text_[ReadFile(path, text_, sizeof(text_) - 1)] = 0;
  }
  // "" if it is not there. `name` with the line's end before it.
  const char* Find(const char* name) const {
    const char* const line = strstr(text_, name);
    return line == nullptr ? "" : line + strlen(name);
  }
  uint64_t Number(const char* name) const {
    return strtoull(Find(name), nullptr, 10);
  }

 private:
  char text_[8192];
};

bool NeedsARunningThread(int signal) {
  switch (signal) {
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
    case SIGSYS:
    case SIGABRT:
      return true;
    default:
      return false;
  }
}

// A thread's system call: its number, six arguments, stack pointer and place.
constexpr int kSyscallFields = 9;
bool ReadSyscall(uint32_t tid, uint64_t (&fields)[kSyscallFields]) {
  char path[64], text[256];
  snprintf(path, sizeof(path), "/proc/self/task/%u/syscall", tid);
  text[ReadFile(path, text, sizeof(text) - 1)] = 0;
  const char* at = text;
  for (uint64_t& field : fields) {
    char* end;
    // "running", or not there.
    field = strtoull(at, &end, 0);
    if (end == at) return false;
    at = end;
  }
  return true;
}

// As getdents64(2) writes it.
struct Entry {
  uint64_t inode, offset;
  uint16_t bytes;
  uint8_t type;
  char name[];
};

// Of the main thread, which stays as long as there are others.
bool HasMainLeft(const Status& process) {
  return process.Find("\nState:\t")[0] == 'Z';
}

}  // namespace

bool SeeFutexSleep(uint32_t tid, FutexSleep* sleep) {
  uint64_t fields[kSyscallFields];
  if (!ReadSyscall(tid, fields) || fields[0] != SYS_futex) return false;
  // A worker of io_uring has its maker's registers, but no stack.
  if (fields[7] == 0 || fields[8] == 0) return false;
  const auto operation = static_cast<uint32_t>(fields[2]);
  const uint32_t command =
      operation & ~uint32_t{FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME};
  const bool waits = command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET;
  const bool is_timed = fields[4] != 0;
  *sleep = {fields[1], static_cast<uint32_t>(fields[3]),
            (operation & FUTEX_PRIVATE_FLAG) != 0};
  return waits && !is_timed;
}

uint32_t JoinedBy(const FutexSleep& sleep) {
  uint32_t word;
  if (sleep.is_private || sleep.value == 0 ||
      !ReadMemory(reinterpret_cast<const void*>(sleep.address), &word,
                  sizeof(word)) ||
      word != sleep.value) {
    return 0;
  }
  return SwitchesOfSleeper(word) != 0 ? word : 0;
}

bool IsAnyShared(const uint64_t* addresses, size_t count) {
  char path[kMaxPath];
  MapsReader maps;
  size_t own = 0;
  for (Mapping mapping; own < count && maps.Next(mapping, path);) {
    for (size_t i = 0; i < count; ++i) {
      if (addresses[i] < mapping.begin || addresses[i] >= mapping.end) continue;
      if (mapping.shared) return true;
      ++own;
    }
  }
  // Who sleeps at what is not mapped any more may have had it from a file.
  return own < count;
}

uint32_t ForEachThread(bool (*act)(uint32_t tid, void* context),
                       void* context) {
  const int folder =
      open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return 0;
  const bool main_has_left = HasMainLeft(Status("/proc/self/status"));
  const auto main = static_cast<uint32_t>(getpid());
  uint32_t threads = 0;
  bool goes_on = true;
  alignas(Entry) char buffer[2048];
  long bytes;
  while (goes_on && (bytes = syscall(SYS_getdents64, folder, buffer,
                                     sizeof(buffer))) > 0) {
    for (long at = 0; goes_on && at < bytes;) {
      const auto* const entry = reinterpret_cast<const Entry*>(buffer + at);
      at += entry->bytes;
      const auto tid = static_cast<uint32_t>(strtoul(entry->name, nullptr, 10));
      if (tid == 0 || (tid == main && main_has_left)) continue;
      ++threads;
      goes_on = act(tid, context);
    }
  }
  close(folder);
  return goes_on && bytes == 0 ? threads : 0;
}

uint64_t SwitchesOfSleeper(uint32_t tid) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/task/%u/status", tid);
  const Status status(path);
  if (status.Find("\nState:\t")[0] != 'S') return 0;
  return status.Number("\nvoluntary_ctxt_switches:\t") +
         status.Number("\nnonvoluntary_ctxt_switches:\t");
}

uint32_t CountThreads() {
  const Status status("/proc/self/status");
  const auto threads = static_cast<uint32_t>(status.Number("\nThreads:\t"));
  return threads - (threads != 0 && HasMainLeft(status) ? 1 : 0);
}

bool HasHandlers() {
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action;
    // It fails for those that glibc keeps to itself.
    if (NeedsARunningThread(signal) ||
        sigaction(signal, nullptr, &action) != 0) {
      continue;
    }
    const bool handled =
        (action.sa_flags & SA_SIGINFO) != 0 ||
        (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
    if (handled && !IsTheRuntimes(action)) return true;
  }
  return false;
}

bool SharesMemory() {
  char log[kMaxPath], path[kMaxPath];
  MappedPath(g_writer.header(), log);
  if (log[0] == 0) return true;
  MapsReader maps;
  for (Mapping mapping; maps.Next(mapping, path);) {
    if (mapping.writable && mapping.shared && strcmp(path, log) != 0) {
      return true;
    }
  }
  return false;
}

}  // namespace lockcheck::runtime
