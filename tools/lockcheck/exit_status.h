// Exit statuses of the command; docs/command.md lists them.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_EXIT_STATUS_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_EXIT_STATUS_H_

namespace lockcheck::tools {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFindings = 1;        // --error-exitcode changes it
inline constexpr int kExitFindingsOfRun = 66;  // this one, too
inline constexpr int kExitUsage = 2;
inline constexpr int kExitFile = 3;  // unreadable log, or unwritable output
// `confirm`'s: the program did not do what the deadlock needs; or it did, and
// it never happened.
inline constexpr int kExitDiverged = 1;
inline constexpr int kExitNotReached = 4;
// `run`'s, as a shell's: the program cannot be run, or is not there.
inline constexpr int kExitCannotRun = 126;
inline constexpr int kExitNoProgram = 127;

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_EXIT_STATUS_H_
