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
// Threading: NoteElsewhere() by the watch alone, and what builds on its notes
// too; the rest by any. Cost: microseconds, to read a file of /proc.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_ELSEWHERE_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_ELSEWHERE_H_

#include <cstdint>

#include "instrument/runtime/kernel_look.h"
#include "instrument/runtime/thread.h"

namespace lockcheck::runtime {

// Whether the thread sleeps until another one of this process wakes it. Of
// memory that others may map, only the process's own can be meant.
bool SleepsForThisProcess(uint32_t tid, FutexSleep* sleep);

// The same of a thread that the runtime knows, and which is in none of its
// waits; noted in it, and whose end it waits for, if that is known.
bool NoteElsewhere(Thread* t);
void ForgetElsewhere(Thread* t);
inline bool IsElsewhere(const Thread* t) {
  return t->elsewhere.load(std::memory_order_relaxed) != 0;
}

// As SeeWait() does; of a thread that was noted, a wait for an actor's end or
// for a signal.
bool SeeAnyWait(const Thread* t, Wanted* wanted, uint32_t* number);

// A line for each that was noted.
void SayElsewhere();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_ELSEWHERE_H_
