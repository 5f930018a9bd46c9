// errno stays what it was, as it does with std's locks.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_KEEP_ERRNO_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_KEEP_ERRNO_H_

#include <errno.h>

namespace lockcheck::runtime {

class KeepErrno {
 public:
  KeepErrno() : errno_(errno) {}
  ~KeepErrno() { errno = errno_; }
  KeepErrno(const KeepErrno&) = delete;
  KeepErrno& operator=(const KeepErrno&) = delete;

 private:
  const int errno_;
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_KEEP_ERRNO_H_
