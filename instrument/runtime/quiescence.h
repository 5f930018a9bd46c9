// Sees when nobody is left who could end a wait.
//
// Problem: the thread that closes a cycle of locks finds it, for a lock says
// who has it. Who could post a semaphore, notify a condition or set an event is
// not known: any thread, one that the runtime never saw, a signal handler,
// another process. But when every thread waits, none of them will; and when
// there is nothing else, nobody will.
//
// Who waits need not wait in what is lockcheck's: a thread that joins a
// std::thread, or sleeps in a condition of std's, ends nobody's wait either
// (elsewhere.h).
//
// So when a wait has become a long one or a join begins, a thread of the
// runtime's own begins to look, options.quiescence apart, as long as anybody is
// in such a wait, until it sees twice in a row, at looks at which nobody has
// run since the one before, that
//   * all threads that the runtime knows wait without a time limit, in the same
//     waits as before, sleep, and have not run;
//   * so do the others of the process, but for the runtime's own;
//   * it handles no signal, and shares no memory with another process.
// Then it writes a note into the log (NoteKind::kQuiescent), for the analysis
// to build on, and says so once: a deadlock if somebody who waits for a signal
// or elsewhere has what others wait for, or waits for what is owed to it
// (`owed` in lib/model), else a hazard. If only locks are to blame, that has
// been said before, and nothing is said here.
//
// If it shares memory with another process, that one could end a wait. Then
// what was seen is another note (NoteKind::kQuiescentAcross), and the watch
// goes on: the analysis, which knows all processes of the recording, builds on
// the notes of all of them.
//
// As long as that does not come about it looks ever more rarely, down to a 16th
// as often, until a wait becomes a long one, or a thread ends, and all may wait
// now. If somebody has run, it looks once more soon.
//
// Guarantees: nothing false; a thread that has been woken and not run yet does
// not sleep, as the kernel sees it. Assumed: no process has this one's memory
// (clone() with CLONE_VM and without CLONE_THREAD; vfork()'s child, whose
// parent does not sleep in futex(2), is none): the kernel names no such
// process, and it could wake anybody. What is missed: programs with a thread
// that waits for a time or for the outside (ThreadSanitizer has one), with
// signal handlers, or with shared memory; and where the kernel does not say
// what a thread sleeps in (/proc/self/task/TID/syscall), any that lockcheck
// does not see wait.
//
// Threading: the watch is no actor before it writes its note, takes no signal
// and none of the program's locks; it ends when nobody waits any more. A forked
// child has none, and can begin one. Starting it allocates, as the reporter's
// start does. It alone opens files of /proc, and none while somebody does what
// the runtime sees: their descriptors take numbers that the program may count
// on to be given next.
//
// Cost: nothing for a wait of less than 10 ms; then, for each join of a thread
// that has not ended, and for each thread's end, a look at the threads. The
// first of them starts the watch; of a join nobody sees how long it lasts, so
// it begins at once. The watch wakes up four times a second at first, and once
// or twice in 4 seconds later; a look reads some words of each thread, and asks
// the kernel for one thread, or, if that waits, for all.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_QUIESCENCE_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_QUIESCENCE_H_

namespace lockcheck::runtime {

// The calling thread has begun to wait, for a join or for long.
void WatchWait();
// Perhaps nobody is left to look when it matters.
void WatchIfAllWait();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_QUIESCENCE_H_
