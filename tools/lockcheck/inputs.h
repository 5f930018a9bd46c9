// Which log files the words on the command line mean.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_INPUTS_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_INPUTS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace lockcheck::tools {

// A folder stands for every *.log in it and in the folders below, and every
// *.log.N, the name that a second recording of one name gets; by name; an error
// if there is none. A file stands for itself, whether it can be read or not.
absl::StatusOr<std::vector<std::string>> LogsOf(const std::string& path);

// `word` itself if it is a file. A number is a process: the log that it has
// mapped for writing now. Errors name the process and the mend.
absl::StatusOr<std::string> LogOfProcessOrFile(const std::string& word);

// An error that names the first of them that is no folder.
absl::Status CheckFolders(const std::vector<std::string>& folders);

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_INPUTS_H_
