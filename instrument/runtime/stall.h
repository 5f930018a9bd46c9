// Says who waits for what when a program hangs: when a wait for a lock or a
// thread's end has lasted stall= seconds, and when SIGTERM or SIGQUIT ends the
// program (`timeout` in a CI job, Ctrl-Backslash on a terminal). SIGTERM says
// nothing if all who wait do so for notifications.
//
// The signals are taken only if the program leaves them at their default when
// the runtime begins, and a program that handles them later replaces this. The
// program still ends by the signal. Under ThreadSanitizer they are left alone.
//
// Threading: the watch is a thread of its own, which takes no signal and none
// of the program's locks; it exists only with stall=, and not in a child that
// the program forks.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_STALL_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_STALL_H_

struct sigaction;

namespace lockcheck::runtime {

void WatchForStalls();
void TakeEndingSignals();
// Whether it is the runtime that handles the signal.
bool IsTheRuntimes(const struct sigaction& action);

// Who waits for what, from the command, or else one line each.
void ShowWaits();
void SayEachWait();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_STALL_H_
