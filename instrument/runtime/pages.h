// The runtime's own memory, never through malloc.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_PAGES_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_PAGES_H_

#include <cstddef>

namespace lockcheck::runtime {

// For tables that only grow: never freed. Null when memory is out.
void* ArenaAllocate(size_t bytes);
// Whole pages from the kernel, zeroed; null when memory is out.
void* MapPages(size_t bytes);
void UnmapPages(void* pages, size_t bytes);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_PAGES_H_
