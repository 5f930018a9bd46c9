// How the processes of a process::pool talk: the pool's own with its fork
// server, by whole messages, and with its workers, by streams.
#ifndef LOCKCHECK_INTERNAL_PROCESS_POOL_WIRE_H_
#define LOCKCHECK_INTERNAL_PROCESS_POOL_WIRE_H_

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/robust.h"
#include "lockcheck/process/serialize.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// A descriptor that is closed when it goes.
class Descriptor {
 public:
  Descriptor() noexcept = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) Reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Descriptor() { Reset(); }

  int get() const noexcept { return fd_; }
  void Reset(int fd = -1) noexcept {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

// Two ends that are connected. Throws std::system_error.
struct SocketPair {
  explicit SocketPair(int type) {
    int fds[2];
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) != 0) {
      ThrowRobust(errno, "lockcheck: process::pool");
    }
    here = Descriptor(fds[0]);
    there = Descriptor(fds[1]);
  }
  Descriptor here, there;
};

// ---- With the fork server ---------------------------------------------------
struct ForkOrder {
  enum What : uint32_t {
    kFork,   // a worker, which has the descriptor that comes with it
    kEnd,    // that worker: SIGTERM
    kClose,  // the server, when its workers have ended
  };
  What what;
  uint32_t worker;
  // Of kFork: the one before it died in a task, and did not say that its place
  // is free.
  uint32_t frees;
};
struct ForkReport {
  uint32_t worker;
  uint32_t has_ended;  // else it was forked, or could not be
  int32_t pid;
  int32_t status;  // as waitpid() gives it; of a fork that failed, errno
};

// False: nobody is there.
inline bool SendMessage(int socket, const void* message, size_t size,
                        int fd = -1) noexcept {
  iovec part = {const_cast<void*>(message), size};
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (fd >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
    cmsghdr* const c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(c), &fd, sizeof(fd));
  }
  while (sendmsg(socket, &header, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

enum class Received { kMessage, kNothing, kEnd };

// `flags`: MSG_DONTWAIT, or 0: waits for it.
inline Received ReceiveMessage(int socket, void* message, size_t size,
                               int flags, Descriptor* fd = nullptr) noexcept {
  iovec part = {message, size};
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  ssize_t n;
  while ((n = recvmsg(socket, &header, flags | MSG_CMSG_CLOEXEC)) < 0) {
    if (errno == EAGAIN) return Received::kNothing;
    if (errno != EINTR) return Received::kEnd;
  }
  if (n != static_cast<ssize_t>(size)) return Received::kEnd;
  const cmsghdr* const c = CMSG_FIRSTHDR(&header);
  if (fd != nullptr && c != nullptr && c->cmsg_type == SCM_RIGHTS) {
    int its;
    std::memcpy(&its, CMSG_DATA(c), sizeof(its));
    fd->Reset(its);
  }
  return Received::kMessage;
}

// ---- With a worker ----------------------------------------------------------
// Runs a call that is written in `in`, and writes its result. Code is at the
// same address in all of them, for they were forked.
using RunCall = void (*)(process::byte_reader& in, process::byte_writer& out);

struct CallHeader {
  uint64_t bytes;  // that follow
  RunCall run;
  uint32_t task, parent;  // actors
};
struct AnswerHeader {
  enum What : uint64_t {
    kBegun,  // the call is about to be run, which happens once
    kResult,
    kThrew,  // the name of its type, a zero, and what it says
  };
  uint64_t bytes;  // that follow
  What what;
};

// False: the other end is closed.
inline bool ReadWhole(int fd, void* to, size_t size) noexcept {
  auto* next = static_cast<char*>(to);
  while (size != 0) {
    const ssize_t n = read(fd, next, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    next += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}
inline bool WriteWhole(int fd, const void* from, size_t size) noexcept {
  auto* next = static_cast<const char*>(from);
  while (size != 0) {
    const ssize_t n = send(fd, next, size, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    next += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

template <typename Header>
std::string Framed(Header header, const std::string& bytes) {
  header.bytes = bytes.size();
  std::string frame(reinterpret_cast<const char*>(&header), sizeof(header));
  return frame += bytes;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PROCESS_POOL_WIRE_H_
