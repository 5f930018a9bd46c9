// What a program is given so that it records.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_RUN_ENVIRONMENT_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_RUN_ENVIRONMENT_H_

#include <string>
#include <vector>

#include "tools/lockcheck/command_line.h"

namespace lockcheck::tools {

// In LOCKCHECK_OPTIONS a colon ends a value.
std::string EscapedOption(const std::string& path);

// Our own variables, with a LOCKCHECK_OPTIONS by which the program, and what it
// starts, writes logs at `pattern` (not escaped). `more`, as ":key=value",
// comes last and counts most.
std::vector<std::string> RecordingEnvironment(const Options& options,
                                              const std::string& pattern,
                                              const std::string& more = "");

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_RUN_ENVIRONMENT_H_
