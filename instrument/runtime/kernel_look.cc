#include "instrument/runtime/kernel_look.h"

#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "instrument/runtime/maps.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/read_file.h"
#include "instrument/runtime/stall.h"

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

}  // namespace

uint64_t SwitchesOfSleeper(uint32_t tid) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/task/%u/status", tid);
  const Status status(path);
  if (status.Find("\nState:\t")[0] != 'S') return 0;
  return status.Number("\nvoluntary_ctxt_switches:\t") +
         status.Number("\nnonvoluntary_ctxt_switches:\t");
}

uint32_t CountThreads() {
  // Of the main thread, which stays as long as there are others.
  const Status status("/proc/self/status");
  const bool has_left = status.Find("\nState:\t")[0] == 'Z';
  const auto threads = static_cast<uint32_t>(status.Number("\nThreads:\t"));
  return threads - (threads != 0 && has_left ? 1 : 0);
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
