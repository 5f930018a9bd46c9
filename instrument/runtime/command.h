// Starts `lockcheck analyze` on the log that is being written, so that a report
// has files, lines and stacks.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_COMMAND_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_COMMAND_H_

namespace lockcheck::runtime {

// Prints the deadlocks that the log shows now to standard error. Waits for the
// command, ten seconds at most. False: it did not, because there is no log, no
// command (LOCKCHECK_OPTIONS=command=), or the program runs with another user's
// rights. The program sees no child: no SIGCHLD, and no wait() returns it.
bool RunCommand();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_COMMAND_H_
