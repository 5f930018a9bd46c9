// The end of the process, and its beginning.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_EXIT_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_EXIT_H_

#include <sys/resource.h>

#include <cstdint>

namespace lockcheck::runtime {

// What is done when exit() is called, after what is registered later. The rest
// is done when the program's static destructors have run.
void RegisterExit();

// The same in a process that ends by _exit(): the entry of the table. Returns
// the status that it is to end with.
int DoEndProcess(int status);

// In the program and in the kernel for it.
inline uint64_t ProcessorNs(const rusage& usage) {
  const auto ns = [](const timeval& v) {
    return static_cast<uint64_t>(v.tv_sec) * 1'000'000'000 +
           static_cast<uint64_t>(v.tv_usec) * 1'000;
  };
  return ns(usage.ru_utime) + ns(usage.ru_stime);
}

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_EXIT_H_
