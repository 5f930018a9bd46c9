// Sees when nobody is left who could end a wait.
//
// Problem: the thread that closes a cycle of locks finds it, for a lock says
// who has it. Who could post a semaphore, notify a condition or set an event is
// not known: any thread, one that the runtime never saw, a signal handler,
// another process. But when every thread waits, none of them will; and when
// there is nothing else, nobody will.
//
// So when a wait has become a long one, a join begins, or a thread ends, it is
// looked whether every thread that the runtime knows waits without a time
// limit. If so, a thread of the runtime's own looks again, options.quiescence
// apart, until twice in a row
//   * all of them are in the same waits as before, sleep, and have not run;
//   * the process has no other threads but the runtime's own;
//   * it handles no signal, and shares no memory with another process.
// Then it writes a note into the log (NoteKind::kQuiescent), for the analysis
// to build on, and says so once: a deadlock if somebody who waits for a signal
// has what others wait for, or waits for what is owed to it (`owed` in
// lib/model), else a hazard. If only locks are to blame, that has
// been said before, and nothing is said here.
//
// As long as that does not come about, and nobody runs, it looks ever more
// rarely, down to a 64th as often.
//
// Guarantees: nothing false; a thread that has been woken and not run yet does
// not sleep, as the kernel sees it. What is missed: programs with a thread of
// their own that lockcheck does not see (ThreadSanitizer has one), with signal
// handlers, or with shared memory.
//
// Threading: the watch is no actor before it writes its note, takes no signal
// and none of the program's locks; it ends when somebody runs again. A forked
// child has none, and can begin one. Starting it allocates, as the reporter's
// start does.
//
// Cost: nothing for a wait of less than 10 ms; then, and for each join and each
// thread's end, a look at the threads up to the first that runs.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_QUIESCENCE_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_QUIESCENCE_H_

namespace lockcheck::runtime {

void WatchIfAllWait();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_QUIESCENCE_H_
