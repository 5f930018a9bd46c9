// The subcommands. Each takes understood options, writes results to standard
// output and complaints to standard error, and returns the exit status.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_COMMANDS_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_COMMANDS_H_

#include "tools/lockcheck/command_line.h"

namespace lockcheck::tools {

int RunRun(Options options);
int RunAnalyze(Options options);
int RunStatus(const Options& options);
int RunExport(const Options& options);
int RunImport(const Options& options);
int RunShm(const Options& options);
int RunConfirm(const Options& options);

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_COMMANDS_H_
