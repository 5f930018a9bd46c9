// Pools of threads whose making ends at each of its allocations in turn: from
// there on there is no memory until the exception is caught.

#include <lockcheck/lockcheck.h>

#include <atomic>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace {
constinit std::atomic<long> g_allocations_left{LONG_MAX};
}

void* operator new(size_t bytes) {
  if (g_allocations_left.fetch_sub(1) > 0) {
    if (void* const piece = std::malloc(bytes)) return piece;
  }
  throw std::bad_alloc();
}
void operator delete(void* piece) noexcept { std::free(piece); }
void operator delete(void* piece, size_t) noexcept { std::free(piece); }

namespace {

bool IsMadeWith(long allocations) try {
  g_allocations_left = allocations;
  lockcheck::thread_pool pool(4, "crew");
  // It ends without, too.
  g_allocations_left = 0;
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

}  // namespace

int main() {
  long allocations = 0;
  while (!IsMadeWith(allocations)) ++allocations;
  g_allocations_left = LONG_MAX;
  std::puts(allocations > 4 ? "made at last" : "nothing was allocated");
}
