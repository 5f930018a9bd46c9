// Where the logs of a run go, and which of the files there it has written.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_RUN_LOGS_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_RUN_LOGS_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace lockcheck::tools {

class RunLogs {
 public:
  // `place` is a log's name with %p, %e and %h for the process, the program and
  // the host in its last part, or a folder (it is one, or ends in a slash), or
  // "": a new temporary folder. Errors: a placeholder in a folder's name; no
  // temporary folder can be made.
  static absl::StatusOr<RunLogs> At(const std::string& place);

  // What keeps a log from being written there, as far as it is known before the
  // program runs; nothing is left behind.
  absl::Status CheckWritable() const;

  // For LOCKCHECK_OPTIONS, not escaped: absolute, with placeholders.
  std::string pattern() const;
  const std::string& folder() const { return folder_; }
  bool temporary() const { return temporary_; }

  // The logs of that name that were not there when this was made, or were
  // others; by name. Another program that records to the same names meanwhile
  // is taken for a part of the run.
  std::vector<std::string> Written() const;
  // Removes the folder if it is temporary.
  void Remove() const;

 private:
  using Stamp = std::pair<uint64_t, int64_t>;  // inode, last change in ns

  RunLogs(std::string folder, std::string name, bool temporary);
  std::map<std::string, Stamp> Present() const;

  std::string folder_, name_;
  bool temporary_;
  std::map<std::string, Stamp> before_;
};

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_RUN_LOGS_H_
