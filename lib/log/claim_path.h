// Who gets a log's path when several want it.
//
// Every recording process shares its log's lock, and a file is unlinked only by
// who holds its lock alone, from before it was seen to be the one at the path
// until the new one is there. So the file that a process has locked, and then
// seen at the path, stays there: nobody gets its lock any more. One that is not
// locked yet may be taken for a dead one, and go.
//
// Part of the writer, so: no allocation, no exception, system calls only.
// Thread safety: any threads and processes may call concurrently.
#ifndef LOCKCHECK_LIB_LOG_CLAIM_PATH_H_
#define LOCKCHECK_LIB_LOG_CLAIM_PATH_H_

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lockcheck::log {

inline bool IsAt(int fd, const char* path) {
  struct stat open_one, named;
  return fstat(fd, &open_one) == 0 && stat(path, &named) == 0 &&
         open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

// Takes away the file at `path`, which is open as `fd`, and leaves it locked.
// Returns 0, EBUSY if somebody records into it, EAGAIN if it is no longer the
// one at `path`, or errno.
inline int UnlinkDead(int fd, const char* path) {
  struct stat info;
  if (fstat(fd, &info) != 0) return errno;
  if (!S_ISREG(info.st_mode)) return S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) return EBUSY;
  if (!IsAt(fd, path)) return EAGAIN;
  return unlink(path) == 0 || errno == ENOENT ? 0 : errno;
}

// Opens a new file at `path` and shares its lock, in place of one that nobody
// records into. Returns 0, EBUSY if somebody does, EAGAIN if another came
// between, or errno.
inline int OpenNew(const char* path, int* fd) {
  const int existing = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (existing < 0 && errno != ENOENT) return errno;
  int error = existing < 0 ? 0 : UnlinkDead(existing, path);
  if (error == 0) {
    *fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (*fd < 0) error = errno == EEXIST ? EAGAIN : errno;
  }
  if (existing >= 0) close(existing);
  if (error != 0) return error;
  if ((flock(*fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) ||
      !IsAt(*fd, path)) {
    close(*fd);
    return EAGAIN;
  }
  return 0;
}

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_CLAIM_PATH_H_
