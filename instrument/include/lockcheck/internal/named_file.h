// A file in /dev/shm that has, or had, a name; and whose it is.
//
// Problem: who is killed while it makes, opens or uses a named object leaves no
// trace that others could trust, but for what the kernel takes back. So it is
// the kernel's locks on two bytes of the file that say who has what of it:
//   byte 0, exclusively: who makes, opens, closes or removes it;
//   byte 1, shared: who has it open.
// An opener waits for who makes the value. A maker that died shows by a header
// that is not complete while nobody has byte 0. Who gets byte 1 exclusively is
// the last user.
//
// The locks are those of an open file (F_OFD_SETLK), which a forked child
// shares with its parent: it is its parent's guest, and no user of its own.
// Threading: an object, one thread at a time.
#ifndef LOCKCHECK_INTERNAL_NAMED_FILE_H_
#define LOCKCHECK_INTERNAL_NAMED_FILE_H_

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/robust.h"
#include "lockcheck/internal/segment.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

[[noreturn]] inline void ThrowNamed(int error, const char* name) {
  const std::string what =
      std::string("lockcheck: process::shared \"") + name + "\"";
  ThrowRobust(error, what.c_str());
}
[[noreturn]] inline void ThrowUnfit([[maybe_unused]] const char* name,
                                    [[maybe_unused]] const std::string& why) {
#if defined(__cpp_exceptions)
  throw std::invalid_argument(std::string("lockcheck: process::shared \"") +
                              name + "\": " + why);
#else
  std::terminate();
#endif
}

// The file's, for what the program calls it.
inline std::string SegmentPath(const char* name) {
  const size_t bytes = name == nullptr ? 0 : strlen(name);
  if (bytes == 0 || bytes > kMostNameBytes || strchr(name, '/') != nullptr) {
    ThrowUnfit(bytes == 0 ? "" : name, "a name has 1 to " +
                                           std::to_string(kMostNameBytes) +
                                           " bytes and no slash");
  }
  return std::string("/") + kSegmentPrefix + name;
}

class NamedFile {
 public:
  NamedFile() = default;
  // Throws std::system_error, but for `expected`.
  NamedFile(const std::string& path, int flags, int expected, const char* name)
      : fd_(shm_open(path.c_str(), O_RDWR | O_CLOEXEC | flags, 0600)) {
    if (fd_ < 0 && errno != expected) ThrowNamed(errno, name);
    Know();
  }
  // Of a file that was opened otherwise, and is closed here.
  explicit NamedFile(int fd) : fd_(fd) { Know(); }
  NamedFile(NamedFile&& other) noexcept { swap(other); }
  NamedFile& operator=(NamedFile&& other) noexcept {
    NamedFile taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~NamedFile() {
    if (IsOpen()) close(fd_);
  }

  int fd() const { return fd_; }
  // A program may close what it does not know, and have a file of its own under
  // the number.
  bool IsOpen() const {
    struct stat info;
    return fd_ >= 0 && fstat(fd_, &info) == 0 && info.st_dev == device_ &&
           info.st_ino == inode_;
  }

  // Nobody else makes, opens, closes or removes it until End(). 0 or errno.
  int Begin() const { return Lock(0, F_WRLCK, F_OFD_SETLKW); }
  int TryBegin() const { return Lock(0, F_WRLCK, F_OFD_SETLK); }
  void End() const { Lock(0, F_UNLCK, F_OFD_SETLKW); }
  int BeginUse() const { return Lock(1, F_RDLCK, F_OFD_SETLKW); }
  void EndUse() const { Lock(1, F_UNLCK, F_OFD_SETLKW); }
  // By a user, or by somebody that is none; until EndUse().
  bool NobodyElseUsesIt() const { return Lock(1, F_WRLCK, F_OFD_SETLK) == 0; }
  // By somebody that only looks.
  bool IsBegun() const { return IsLocked(0); }
  bool IsUsed() const { return IsLocked(1); }

  // No name leads to it any more. Within Begin() and End() it stays as it is.
  bool HasNoName() const {
    struct stat info;
    return fstat(fd_, &info) == 0 && info.st_nlink == 0;
  }
  // Within Begin() and End().
  void RemoveName(const std::string& path) const {
    if (!HasNoName()) shm_unlink(path.c_str());
  }
  size_t Bytes() const {
    struct stat info;
    return fstat(fd_, &info) == 0 ? static_cast<size_t>(info.st_size) : 0;
  }
  // Room for all of it now, so that no write finds none. 0 or errno.
  int MakeRoom(size_t bytes) const {
    int error;
    do {
      error = posix_fallocate(fd_, 0, static_cast<off_t>(bytes));
    } while (error == EINTR);
    return error;
  }

 private:
  void swap(NamedFile& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
  }
  void Know() {
    struct stat info;
    if (fd_ < 0 || fstat(fd_, &info) != 0) return;
    device_ = info.st_dev;
    inode_ = info.st_ino;
  }
  static struct flock OfByte(off_t byte, short type) {
    struct flock lock = {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = byte;
    lock.l_len = 1;
    return lock;
  }
  int Lock(off_t byte, short type, int how) const {
    struct flock lock = OfByte(byte, type);
    while (fcntl(fd_, how, &lock) != 0) {
      if (errno != EINTR) return errno;
    }
    return 0;
  }
  bool IsLocked(off_t byte) const {
    struct flock lock = OfByte(byte, F_WRLCK);
    return fcntl(fd_, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  }

  int fd_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// Removes the name; whoever has the memory keeps it. Whether there was one.
inline bool RemoveNamed(const char* name) {
  const std::string path = SegmentPath(name);
  while (true) {
    const NamedFile file(path, 0, ENOENT, name);
    if (file.fd() < 0) return false;
    if (const int error = file.Begin()) ThrowNamed(error, name);
    if (file.HasNoName()) continue;
    if (shm_unlink(path.c_str()) != 0) ThrowNamed(errno, name);
    return true;
  }
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_NAMED_FILE_H_
