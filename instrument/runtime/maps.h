// What is mapped into this process, from /proc/thread-self/maps: no allocation,
// no lock.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_MAPS_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_MAPS_H_

#include <sys/types.h>

#include <cstdint>

#include "instrument/runtime/options.h"

namespace lockcheck::runtime {

struct Mapping {
  uintptr_t begin, end;
  bool writable;
  bool shared;  // with whoever maps the same
};

// One mapping after the other.
class MapsReader {
 public:
  MapsReader();
  ~MapsReader();
  MapsReader(const MapsReader&) = delete;
  MapsReader& operator=(const MapsReader&) = delete;

  // `path`: the file as the kernel knows it, or "". False: there are no more.
  bool Next(Mapping& mapping, char (&path)[kMaxPath]);

 private:
  int NextByte();  // -1 at the end

  const int fd_;
  ssize_t at_ = 0, size_ = 0;
  char buffer_[1024];
};

// The file that is mapped at `address` as the kernel knows it, or "".
void MappedPath(const void* address, char (&path)[kMaxPath]);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_MAPS_H_
