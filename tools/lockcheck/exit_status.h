// Exit statuses of the command; docs/command.md lists them.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_EXIT_STATUS_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_EXIT_STATUS_H_

namespace lockcheck::tools {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFindings = 1;  // --error-exitcode changes it
inline constexpr int kExitUsage = 2;
inline constexpr int kExitFile = 3;  // unreadable log, or unwritable output

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_EXIT_STATUS_H_
