#include "instrument/runtime/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

namespace lockcheck::runtime {

// Of the process that is the main thread nothing is mapped once it has left.
MapsReader::MapsReader()
    : fd_(open("/proc/thread-self/maps", O_RDONLY | O_CLOEXEC)) {}

MapsReader::~MapsReader() {
  if (fd_ >= 0) close(fd_);
}

int MapsReader::NextByte() {
  if (at_ == size_) {
    do {
      size_ = fd_ < 0 ? 0 : read(fd_, buffer_, sizeof(buffer_));
    } while (size_ < 0 && errno == EINTR);
    at_ = 0;
    if (size_ <= 0) return size_ = 0, -1;
  }
  return static_cast<unsigned char>(buffer_[at_++]);
}

// A line is "begin-end perms offset device inode   path".
bool MapsReader::Next(Mapping& mapping, char (&path)[kMaxPath]) {
  int c = NextByte();
  if (c < 0) return false;
  uintptr_t bounds[2] = {0, 0};
  for (uintptr_t& bound : bounds) {
    for (; c != '-' && c != ' ' && c != '\n' && c >= 0; c = NextByte()) {
      bound = bound * 16 +
              static_cast<uintptr_t>(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    if (c == '-') c = NextByte();
  }
  mapping = {bounds[0], bounds[1], false, false};
  for (int i = 0; i < 4 && c != '\n' && c >= 0; ++i) {
    c = NextByte();
    mapping.writable |= i == 1 && c == 'w';
    mapping.shared |= i == 3 && c == 's';
  }
  size_t n = 0;
  for (; c != '\n' && c >= 0; c = NextByte()) {
    if ((n == 0 && c != '/') || n + 1 == kMaxPath) continue;
    path[n++] = static_cast<char>(c);
  }
  path[n] = 0;
  return true;
}

void MappedPath(const void* address, char (&path)[kMaxPath]) {
  const auto at = reinterpret_cast<uintptr_t>(address);
  MapsReader maps;
  for (Mapping m; maps.Next(m, path);) {
    if (m.begin <= at && at < m.end) return;
  }
  path[0] = 0;
}

}  // namespace lockcheck::runtime
