// Sees a deadlock of several processes while it hangs.
//
// Problem: what a thread of another process waits for is in the log, but not in
// this process's memory. So long waits are shown to all processes of a tree in
// memory that they share: who waits, since when, for whom, and when it was last
// seen that it is he. Each waiter looks again from time to time, whether who
// has what it waits for is still the same, and follows the way from waiter to
// waiter.
//
// Guarantees: nothing false. Of each edge of a cycle the waiter saw its owner
// at a moment at which that owner was in the very wait in which it is found:
// who waits releases nothing, so it has had the lock since, and all edges stand
// now. A deadlock is said once, by one of those who are in it, about a second
// after it came about.
//
// What is missed: processes that came about by exec, for they do not have the
// memory; waits of readers and writers, of permits and of signals, and those
// with a time limit, which give up; mode=live, where only the own threads'
// locks are known; one of two actors whose ids are 1,024 apart and who wait at
// the same time.
//
// Threading: any. Cost: nothing before a wait has lasted for 10 ms.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_ACROSS_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_ACROSS_H_

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/table.h"
#include "instrument/runtime/thread.h"

namespace lockcheck::runtime {

// A lock between processes has been made: from now on this process shows its
// waits, to those that it forks from now on.
void ShowWaitsAcross();
bool ShowsWaitsAcross();

// The wait has become a long one, or lasts. True: it is in a deadlock of
// several processes that was not said yet.
bool IsDeadlockAcross(Thread* t, const LockRequest& request);
// A join has begun.
bool IsDeadlockAcross(Thread* t, uint32_t joined);
// It is over.
void EndWaitAcross(Thread* t);

// How many processes are in the deadlock that this thread has found.
size_t ProcessesInDeadlock();

// Nothing moves any more in this process but what others do; how often that has
// come about in all of them.
void CountQuiescenceAcross();
uint32_t QuiescencesAcross();

// Counts it, for all processes: an exit status knows of it.
void CountDeadlockAcross();
bool AnyDeadlockAcross();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_ACROSS_H_
