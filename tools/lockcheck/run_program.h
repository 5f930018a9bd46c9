// Starts a program and stays with it until it ends.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_RUN_PROGRAM_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_RUN_PROGRAM_H_

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace lockcheck::tools {

struct ProgramEnd {
  int status = 0;         // 128 + n if signal n ended it
  bool by_limit = false;  // it was killed since its time was over
  int asked_to_end = 0;   // a signal of these that came: to end, not 0
};

// Runs `words` (a program, looked for in $PATH, and its arguments) with the
// environment `variables`, and blocks until it ends. It has our standard
// streams and our process group. What a terminal sends reaches it there; of
// what is sent to us alone it gets SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1
// and SIGUSR2. None of them ends us meanwhile; of the first four the last one
// that came is returned.
//
// With a time limit it is killed when that is over, and two seconds after it
// was asked to end; what it started, and is still there at its end, is killed
// then (unless we had children before). Errors: NotFound and PermissionDenied
// if there is no such program or it may not run; others if the system has no
// room for a process. Not thread-safe.
absl::StatusOr<ProgramEnd> RunProgram(
    const std::vector<std::string>& words,
    const std::vector<std::string>& variables,
    std::optional<std::chrono::seconds> limit = {});

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_RUN_PROGRAM_H_
