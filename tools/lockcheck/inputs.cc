#include "tools/lockcheck/inputs.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>

#include "fmt/format.h"
#include "lib/log/format.h"

namespace lockcheck::tools {
namespace {

namespace fs = std::filesystem;

bool HasMagic(const std::string& path) {
  char magic[sizeof(log::kMagic)];
  std::ifstream file(path, std::ios::binary);
  return file.read(magic, sizeof(magic)) &&
         std::memcmp(magic, log::kMagic, sizeof(magic)) == 0;
}

// The path in a line of /proc/PID/maps: what follows the fifth field.
std::string MappedPath(const std::string& line) {
  size_t at = 0;
  for (int field = 0; field < 5; ++field) {
    at = line.find(' ', at);
    if (at == line.npos) return "";
    at = line.find_first_not_of(' ', at);
    if (at == line.npos) return "";
  }
  return line[at] == '/' ? line.substr(at) : "";
}

absl::StatusOr<std::string> LogOfProcess(const std::string& pid) {
  std::error_code ignored;
  if (!fs::exists("/proc/" + pid, ignored)) {
    return absl::NotFoundError(
        fmt::format("{}: no file and no process is called so", pid));
  }
  errno = 0;
  std::ifstream maps("/proc/" + pid + "/maps");
  std::string line;
  if (!std::getline(maps, line)) {
    return absl::PermissionDeniedError(fmt::format(
        "process {}: its memory map cannot be read{}{}; run as its user or as "
        "root, or name the log",
        pid, errno != 0 ? ": " : "", errno != 0 ? std::strerror(errno) : ""));
  }
  std::set<std::string> seen;
  std::string removed;
  do {
    std::string path = MappedPath(line);
    if (path.empty() || !seen.insert(path).second) continue;
    // Another mount namespace sees its files below its root.
    for (const std::string& candidate :
         {path, fmt::format("/proc/{}/root{}", pid, path)}) {
      if (HasMagic(candidate)) return candidate;
    }
    if (path.ends_with(".log (deleted)")) removed = std::move(path);
  } while (std::getline(maps, line));
  if (!removed.empty()) {
    return absl::NotFoundError(
        fmt::format("process {}: its log was removed: {}", pid, removed));
  }
  return absl::NotFoundError(
      fmt::format("process {}: it records no log; start it with "
                  "LOCKCHECK_OPTIONS=log=FILE",
                  pid));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> LogsOf(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector<std::string>{path};
  std::vector<std::string> logs;
  for (fs::directory_iterator it(path, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() == ".log") logs.push_back(it->path().string());
  }
  if (error) {
    return absl::PermissionDeniedError(
        fmt::format("{}: cannot read the folder: {}", path, error.message()));
  }
  if (logs.empty()) {
    return absl::NotFoundError(
        fmt::format("{}: no *.log in this folder; name the files", path));
  }
  std::sort(logs.begin(), logs.end());
  return logs;
}

absl::StatusOr<std::string> LogOfProcessOrFile(const std::string& word) {
  std::error_code ignored;
  const bool number =
      !word.empty() && std::all_of(word.begin(), word.end(),
                                   [](char c) { return c >= '0' && c <= '9'; });
  if (!number || fs::exists(word, ignored)) return word;
  return LogOfProcess(word);
}

}  // namespace lockcheck::tools
