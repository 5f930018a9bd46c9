// What each thread waits for, where any other thread can see it.
//
// Problem: whether threads wait for each other must be known before the last of
// them goes to sleep, from reading what they do while they do it. So a wait is
// published before the thread sleeps, under a number that is odd while the wait
// lasts and never comes again: who reads the same number twice knows that the
// thread did nothing else in between.
//
// Threading: BeginWaiting and EndWaiting by the thread itself; the rest by any.
// Threads' pages are never unmapped, so a reader that comes too late finds
// another number, not a fault.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_WAITING_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_WAITING_H_

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/thread.h"
#include "lockcheck/internal/coroutine_hooks.h"

namespace lockcheck::runtime {

// What the thread holds, and who it is, is added here.
void BeginWaiting(Thread* t, const Wanted& wanted);
void EndWaiting(Thread* t);

// Nanoseconds, to a few milliseconds.
uint64_t WaitClock();

// What the thread waits for now, and the number of that wait. False: nothing.
bool SeeWait(const Thread* t, Wanted* wanted, uint32_t* number);

// Whether a thread of this process waits for the lock.
bool IsWaitedFor(const LockState& lock);

// The thread's hold of that object during the wait that was seen; null: none.
// Means something only if the wait is seen to last still.
const Hold* HoldOf(const Wanted& wanted, uint32_t object);

// The thread that is this actor; null: it has ended or not begun, or is none of
// this process.
Thread* ThreadOf(uint32_t actor);
// Null: it has ended.
void SetThreadOf(uint32_t actor, Thread* t);
// Not of one that has not begun.
bool HasEnded(uint32_t actor);
// The same of a coroutine that no thread runs: what is known of its wait; null:
// it has none that is known. It is read with the guard of coroutine_wait.cc.
internal::CoroutineRecord* WaitingCoroutine(uint32_t actor);
void SetWaitingCoroutine(uint32_t actor, internal::CoroutineRecord* coroutine);
// A child that this process has forked.
void NoteOtherProcess(uint32_t actor);
bool IsOfOtherProcess(uint32_t actor);

// The first of all threads of this process, those that ended included.
Thread* FirstThread();

// Of any thread: whether it is one, or a handler that interrupted the runtime
// in one; its ids. What is read while a thread ends and another one takes its
// books does not count: their wait is another one then.
[[gnu::no_sanitize_thread]] inline uint32_t ActorOf(const Thread* t) {
  return __atomic_load_n(&t->hot.actor, __ATOMIC_RELAXED);
}
[[gnu::no_sanitize_thread]] inline uint32_t TidOf(const Thread* t) {
  return t->tid;
}
[[gnu::no_sanitize_thread]] inline bool IsAlive(const Thread* t) {
  return __atomic_load_n(&t->magic, __ATOMIC_RELAXED) != 0 && ActorOf(t) != 0;
}
// Null: it is none that the runtime knows.
const Thread* ThreadByTid(uint32_t tid);

// Reads memory that may be gone. False: it is.
bool ReadMemory(const void* from, void* to, size_t bytes);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_WAITING_H_
