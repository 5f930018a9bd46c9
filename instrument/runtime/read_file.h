// A small file read into a buffer, such as those of /proc: no allocation.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_READ_FILE_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_READ_FILE_H_

#include <cstddef>

namespace lockcheck::runtime {

// Returns how many bytes there are, at most `size`; 0 if it cannot be read.
size_t ReadFile(const char* path, char* buffer, size_t size);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_READ_FILE_H_
