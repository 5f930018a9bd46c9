// The child that process::child runs, as the kernel knows it.
#ifndef LOCKCHECK_INTERNAL_CHILD_PROCESS_H_
#define LOCKCHECK_INTERNAL_CHILD_PROCESS_H_

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <type_traits>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/deadline.h"
#include "lockcheck/internal/time_left.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// What comes with the SIGTERM by which one of lockcheck's asks a child to end:
// that is no sign that the child hangs, so the runtime says nothing of it
// there.
inline constexpr int kAskedToEnd = 0x6c636b65;
inline void AskToEnd(pid_t pid) noexcept {
  sigval value{};
  value.sival_int = kAskedToEnd;
  // There may be too many signals in queues.
  if (sigqueue(pid, SIGTERM, value) != 0 && errno == EAGAIN) {
    kill(pid, SIGTERM);
  }
}

// Waits for the end of the child. 0, or errno: ETIMEDOUT; ECHILD: it is none of
// this process's, or somebody else has waited for it.
inline int AwaitChild(pid_t pid, int* status) {
  while (waitpid(pid, status, 0) != pid) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

inline int AwaitChild(pid_t pid, int* status, const Deadline& deadline) {
  // Readable when the child has ended. Where the kernel has none, it is asked
  // again and again.
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  int result = 0;
  while (true) {
    const pid_t ended = waitpid(pid, status, WNOHANG);
    if (ended == pid) break;
    if (ended < 0 && errno != EINTR) {
      result = errno;
      break;
    }
    const int64_t ns = NsUntil(deadline);
    if (ns <= 0) {
      result = ETIMEDOUT;
      break;
    }
    const int64_t rest = fd >= 0 ? ns : std::min<int64_t>(ns, 1'000'000);
    const timespec time = {rest / 1'000'000'000, rest % 1'000'000'000};
    pollfd end = {fd, POLLIN, 0};
    ppoll(&end, fd >= 0 ? 1 : 0, &time, nullptr);
  }
  if (fd >= 0) close(fd);
  return result;
}

inline bool HasChildEnded(pid_t pid) {
  siginfo_t info = {};
  return waitid(P_PID, static_cast<id_t>(pid), &info,
                WEXITED | WNOHANG | WNOWAIT) != 0 ||
         info.si_pid == pid;
}

// Of a function that threw.
inline constexpr int kChildThrew = 70;  // EX_SOFTWARE

// What the child's function comes to, as an exit status.
template <typename Call>
int StatusOf(Call call) {
#if defined(__cpp_exceptions)
  try {
#endif
    if constexpr (std::is_convertible_v<std::invoke_result_t<Call>, int>) {
      return call();
    } else {
      call();
      return 0;
    }
#if defined(__cpp_exceptions)
  } catch (const std::exception& e) {
    std::fprintf(stderr, "lockcheck: process::child: its function threw: %s\n",
                 e.what());
  } catch (...) {
    std::fputs("lockcheck: process::child: its function threw\n", stderr);
  }
  return kChildThrew;
#endif
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_CHILD_PROCESS_H_
