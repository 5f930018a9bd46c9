// What the threads of a process hold when it is forked, as its child has it.
//
// Problem: of its parent's threads a child has the one that forked. A lock that
// another one held is locked in the child's memory, and nobody there will ever
// unlock it; one that the forking thread held is held twice from then on, in
// each process once, and keeps neither out of what the other does.
//
// A thread's list of holds is memory that fork() copies: at its first operation
// the child looks at those of its parent's threads, and writes what it finds
// into its log. A child that never comes so far, because it execs at once or
// uses no lock, says nothing. Other threads go on while the kernel copies: what
// is written they held at some moment of the fork.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_FORK_HELD_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_FORK_HELD_H_

#include "instrument/runtime/thread.h"
#include "lockcheck/internal/hot.h"

namespace lockcheck::runtime {

// Before a fork, by who forks, which is busy: remembers the place, unless it is
// known, or nothing is held. `caller`: of the function that forks, or, with
// `in_libc`, of one that libc calls from its fork().
void NoteForkPlace(Thread* t, internal::Caller caller, bool in_libc);

// Under ProcessLock. A thread of this process is there.
void KnowThread(Thread* t);

// What is known of the fork that this process came about by.
struct ParentsHolds {
  uint32_t forker = 0;  // actor; 0: nothing is known
  uint32_t site = 0;    // of the fork; 0: not known
  Thread* holders = nullptr;
};
// Under ProcessLock, by the first thread of a process, before it is known.
// `forker`: it, if it is the thread that forked, as its parent's actor still;
// else null.
ParentsHolds TakeParentsHolds(Thread* forker);

// Writes it into the stream of `t`, which has begun.
void WriteForkHeld(Thread* t, const ParentsHolds& parents);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_FORK_HELD_H_
