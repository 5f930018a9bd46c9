#include "instrument/runtime/table.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace lockcheck::runtime {
namespace {

// What the memfd's page holds.
struct Notice {
  const Table* table;
};

constexpr char kName[] = "lockcheck-runtime-15";
constexpr char kMapsName[] = "/memfd:lockcheck-runtime-15";

// Reads /proc/self/maps line by line through a small buffer; returns the start
// of the mapping with our name, 0 if there is none.
uintptr_t FindMapping() {
  const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char line[512];
  size_t size = 0;
  uintptr_t found = 0;
  char buffer[4096];
  ssize_t n;
  while (found == 0 && (n = read(fd, buffer, sizeof(buffer))) > 0) {
    for (ssize_t i = 0; i < n && found == 0; ++i) {
      if (buffer[i] != '\n') {
        if (size + 1 < sizeof(line)) line[size++] = buffer[i];
        continue;
      }
      line[size] = 0;
      size = 0;
      if (strstr(line, kMapsName) != nullptr) {
        found = strtoull(line, nullptr, 16);
      }
    }
  }
  close(fd);
  return found;
}

}  // namespace

const Table* FindOrPublish(const Table* own) {
  if (const uintptr_t at = FindMapping(); at != 0) {
    return reinterpret_cast<const Notice*>(at)->table;
  }
  const int fd = memfd_create(kName, MFD_CLOEXEC);
  if (fd < 0) return nullptr;
  const Notice notice{own};
  void* page = MAP_FAILED;
  if (write(fd, &notice, sizeof(notice)) == sizeof(notice)) {
    page = mmap(nullptr, sizeof(notice), PROT_READ, MAP_PRIVATE, fd, 0);
  }
  (void)page;
  close(fd);
  return nullptr;
}

}  // namespace lockcheck::runtime
