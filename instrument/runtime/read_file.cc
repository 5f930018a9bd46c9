#include "instrument/runtime/read_file.h"

#include <fcntl.h>
#include <unistd.h>

namespace lockcheck::runtime {

size_t ReadFile(const char* path, char* buffer, size_t size) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  size_t done = 0;
  ssize_t n;
  while (done < size && (n = read(fd, buffer + done, size - done)) > 0) {
    done += static_cast<size_t>(n);
  }
  close(fd);
  return done;
}

}  // namespace lockcheck::runtime
