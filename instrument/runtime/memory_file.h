// A file in memory for the command, which inherits it.
//
// The program goes on meanwhile, and may close what it did not open: so the
// descriptor is there for as long as it takes to start the command, and is
// closed only if it still is this file's.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_MEMORY_FILE_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_MEMORY_FILE_H_

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

namespace lockcheck::runtime {

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

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_MEMORY_FILE_H_
