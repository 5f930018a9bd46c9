// Which process this is, in a few bits that another process can check: whoever
// left them in shared memory may be gone, and its id may be another's by now.
#ifndef LOCKCHECK_INTERNAL_PROCESS_IDENTITY_H_
#define LOCKCHECK_INTERNAL_PROCESS_IDENTITY_H_

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "lockcheck/internal/abi.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// 48 bits: the process id (Linux has none above 2^22), and the low bits of when
// it began, in ticks since boot; those are 0 where there is no /proc. Means
// something among processes that see each other's ids.
using ProcessIdentity = uint64_t;
inline constexpr unsigned kStartBits = 26;

struct ProcessStatus {
  char state = 0;
  long threads = 0;
  uint64_t start = 0;
};

// Fields 3, 20 and 22 of /proc/PID/stat. False: it is not there.
inline bool ReadProcessStatus(pid_t pid, ProcessStatus* status) noexcept {
  char path[32], text[1024];
  std::snprintf(path, sizeof(path), "/proc/%d/stat", static_cast<int>(pid));
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t n = read(fd, text, sizeof(text) - 1);
  close(fd);
  if (n <= 0) return false;
  text[n] = 0;
  // The name in field 2 may contain anything.
  const char* p = std::strrchr(text, ')');
  for (int field = 3; p != nullptr && field <= 22; ++field) {
    p = std::strchr(p + 1, ' ');
    if (p == nullptr) return false;
    if (field == 3) status->state = p[1];
    if (field == 20) status->threads = std::strtol(p + 1, nullptr, 10);
    if (field == 22) status->start = std::strtoull(p + 1, nullptr, 10);
  }
  return p != nullptr;
}

inline ProcessIdentity IdentityOf(pid_t pid, uint64_t start) noexcept {
  return uint64_t{static_cast<uint32_t>(pid)} << kStartBits |
         (start & ((uint64_t{1} << kStartBits) - 1));
}

inline std::atomic<ProcessIdentity> g_own_identity{0};

inline ProcessIdentity OwnIdentity() noexcept {
  const ProcessIdentity known = g_own_identity.load(std::memory_order_relaxed);
  const pid_t pid = getpid();
  // A forked child has its parent's.
  if (known >> kStartBits == static_cast<uint32_t>(pid)) return known;
  const int error = errno;
  ProcessStatus status;
  ReadProcessStatus(pid, &status);
  errno = error;
  const ProcessIdentity own = IdentityOf(pid, status.start);
  g_own_identity.store(own, std::memory_order_relaxed);
  return own;
}

// Whether that process runs no more: it has ended, waited for or not, or its id
// is another's. Where /proc does not say so, only what has been waited for.
inline bool HasProcessEnded(ProcessIdentity process) noexcept {
  const int error = errno;
  const auto pid = static_cast<pid_t>(process >> kStartBits);
  ProcessStatus status;
  bool ended;
  if (ReadProcessStatus(pid, &status)) {
    // Who could not read its own start has none. The first thread of a process
    // may be over before the others.
    constexpr uint64_t kStart = (uint64_t{1} << kStartBits) - 1;
    const bool has_start = (process & kStart) != 0;
    ended =
        (has_start && IdentityOf(pid, status.start) != process) ||
        ((status.state == 'Z' || status.state == 'X') && status.threads <= 1);
  } else {
    ended = kill(pid, 0) != 0 && errno == ESRCH;
  }
  errno = error;
  return ended;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PROCESS_IDENTITY_H_
