// What the kernel knows of this process, from /proc and sigaction(2): whether
// its threads sleep, whether there are others than those that the runtime
// knows, and whether anything else could run in it or change its memory.
//
// No allocation, no lock. Where /proc is not there, every answer is the one
// from which nothing follows.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_KERNEL_LOOK_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_KERNEL_LOOK_H_

#include <cstddef>
#include <cstdint>

namespace lockcheck::runtime {

// How often the thread has given up its processor, or lost it, if it sleeps now
// and can be woken; else 0. Equal twice: it has not run in between.
uint64_t SwitchesOfSleeper(uint32_t tid);

// A wait in futex(2) without a time limit.
struct FutexSleep {
  uint64_t address;
  uint32_t value;   // the word's, when it began
  bool is_private;  // no other process can wake it
};
// False: the thread is not in one, or the kernel does not say.
bool SeeFutexSleep(uint32_t tid, FutexSleep* sleep);

// Whose end such a wait is for, as that of pthread_join() is: the kernel clears
// the word when the thread ends whose id it has. 0: it is none of those, or
// that thread does not sleep.
uint32_t JoinedBy(const FutexSleep& sleep);

// Whether another process may have the same memory, to read it or more, at any
// of these addresses. Reads once what is mapped.
bool IsAnyShared(const uint64_t* addresses, size_t count);

// 0: not known.
uint32_t CountThreads();

// Calls `act` with each thread of the process that has not ended, in one order,
// until it returns false. Returns how many they are; 0: it was stopped, or they
// are not known.
uint32_t ForEachThread(bool (*act)(uint32_t tid, void* context), void* context);

// Whether the program handles a signal that somebody may send it. Those that
// only a thread that runs gets (SIGSEGV, SIGABRT...) and glibc's own do not
// count, nor do the runtime's handlers.
bool HasHandlers();

// Whether others can write to this process's memory, but for the log.
bool SharesMemory();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_KERNEL_LOOK_H_
