// lockcheck shm: what there is to list, or was removed, as text and as JSON.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_SHM_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_SHM_H_

#include <string>

#include "tools/lockcheck/command_line.h"

namespace lockcheck::tools {

struct ShmResult {
  std::string text, json;
  std::string error;  // one line, without the command's name
  int status = 0;
};

// `folder` ends in a slash.
ShmResult Shm(const std::string& folder, const ShmOptions& options);

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_SHM_H_
