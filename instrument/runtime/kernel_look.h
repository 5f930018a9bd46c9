// What the kernel knows of this process, from /proc and sigaction(2): whether
// its threads sleep, whether there are others than those that the runtime
// knows, and whether anything else could run in it or change its memory.
//
// No allocation, no lock. Where /proc is not there, every answer is the one
// from which nothing follows.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_KERNEL_LOOK_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_KERNEL_LOOK_H_

#include <cstdint>

namespace lockcheck::runtime {

// How often the thread has given up its processor, or lost it, if it sleeps now
// and can be woken; else 0. Equal twice: it has not run in between.
uint64_t SwitchesOfSleeper(uint32_t tid);

// 0: not known.
uint32_t CountThreads();

// Whether the program handles a signal that somebody may send it. Those that
// only a thread that runs gets (SIGSEGV, SIGABRT...) and glibc's own do not
// count, nor do the runtime's handlers.
bool HasHandlers();

// Whether others can write to this process's memory, but for the log.
bool SharesMemory();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_KERNEL_LOOK_H_
