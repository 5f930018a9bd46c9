// Every record of a log as a line of text, actor by actor in program order.
//
// Problem: when a report surprises, somebody must see what the log really says.
// Streams: memory does not grow with the log, and a limit or a closed pipe ends
// it at once.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_DUMP_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_DUMP_H_

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

namespace lockcheck::tools {

struct DumpOptions {
  std::optional<uint32_t> actor;  // id in the log, from 1; without it: all
  uint64_t limit = 0;  // records printed at most, over all actors; 0: no limit
  bool definitions_only = false;
};

// Prints to `out`, complaints to standard error. Returns the exit status.
int RunDump(const std::string& path, const DumpOptions& options,
            std::FILE* out);

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_DUMP_H_
