// Starts `lockcheck analyze` on the log that is being written, so that a report
// has files, lines and stacks.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_COMMAND_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_COMMAND_H_

#include <cstdint>

namespace lockcheck::runtime {

// Prints the deadlock of which the actor is a part to standard error. Waits for
// the command, ten seconds at most. False: it did not, because there is no log,
// no command (LOCKCHECK_OPTIONS=command=), or the program runs with another
// user's rights. The program sees no child: no SIGCHLD, and no wait() returns
// it.
bool RunCommand(uint32_t actor);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_COMMAND_H_
