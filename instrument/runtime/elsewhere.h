// Threads that wait in what is none of lockcheck's waits.
//
// Problem: a program that swaps its locks keeps std::thread, std::async and the
// conditions of its libraries. Who sleeps in there ends nobody's wait, but the
// runtime does not see it begin to wait. The kernel does: such a thread sleeps
// in futex(2), without a time limit, until a thread of this process wakes it.
// Whoever waits for anything else (a time, a descriptor, a signal) may go on,
// and so may who is in no system call.
//
// Guarantees: nothing false at the moment of the look; if /proc does not say
// what a thread sleeps in, it does not wait. Whether it sleeps still is for who
// asks to make sure (quiescence.h).
//
// Threading: SharedWords and NoteElsewhere() by the watch alone, and what
// builds on its notes too; the rest by any. Cost: for each thread some
// microseconds, to read a file of /proc, and one more if that may be a join;
// for 128 of them that another process could wake, reading once what is mapped.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_ELSEWHERE_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_ELSEWHERE_H_

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/kernel_look.h"
#include "instrument/runtime/thread.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {

// The words at which threads sleep so that another process could wake them, if
// it has that memory.
class SharedWords {
 public:
  // False: another process may have that memory, or that of one before.
  bool Add(const FutexSleep& sleep);
  // None has any of those that were added.
  bool AreOwn();

 private:
  static constexpr size_t kMost = 128;
  uint64_t addresses_[kMost];
  size_t count_ = 0;
};

// Whether the thread sleeps until another one of this process wakes it, if no
// other process has the word's memory.
bool SleepsAt(uint32_t tid, FutexSleep* sleep, SharedWords* words);

// The same of a thread that the runtime knows, and which is in none of its
// waits; noted in it, and whose end it waits for, if that is known.
bool NoteElsewhere(Thread* t, SharedWords* words);
void ForgetElsewhere(Thread* t);
inline bool IsElsewhere(const Thread* t) {
  return t->elsewhere.load(std::memory_order_relaxed) != 0;
}

// As SeeWait() does; of a thread that was noted, a wait for an actor's end or
// for a signal.
bool SeeAnyWait(const Thread* t, Wanted* wanted, uint32_t* number);

// Calls `act` with each thread and its wait, as they were when all waited,
// until it returns false; it has returned true for all.
template <typename Act>
bool ForAllWaiting(Act act) {
  for (const Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    if (!IsAlive(t)) continue;
    Wanted wanted;
    uint32_t number;
    if (!SeeAnyWait(t, &wanted, &number) || !act(t, wanted, number)) {
      return false;
    }
  }
  return true;
}

// A line for each that was noted.
void SayElsewhere();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_ELSEWHERE_H_
