// Starts a program and stays with it until it ends.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_RUN_PROGRAM_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_RUN_PROGRAM_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace lockcheck::tools {

// Runs `words` (a program, looked for in $PATH, and its arguments) with the
// environment `variables`, and blocks until it ends. It has our standard
// streams and our process group. What a terminal sends reaches it there; of
// what is sent to us alone it gets SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1
// and SIGUSR2. None of them ends us meanwhile.
//
// Returns its exit status, 128 + n if signal n ended it. Errors: NotFound and
// PermissionDenied if there is no such program or it may not run; others if the
// system has no room for a process. Not thread-safe.
absl::StatusOr<int> RunProgram(const std::vector<std::string>& words,
                               const std::vector<std::string>& variables);

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_RUN_PROGRAM_H_
