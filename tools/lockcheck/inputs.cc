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
#include "lib/report/sites.h"

namespace lockcheck::tools {
namespace {

namespace fs = std::filesystem;

// By which the copies of the runtime in one process find each other.
constexpr char kRuntimeFile[] = "/memfd:lockcheck-runtime-";

bool IsNumber(const std::string& word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return c >= '0' && c <= '9';
  });
}

bool HasMagic(const std::string& path) {
  char magic[sizeof(log::kMagic)];
  std::ifstream file(path, std::ios::binary);
  return file.read(magic, sizeof(magic)) &&
         std::memcmp(magic, log::kMagic, sizeof(magic)) == 0;
}

// x.log, or x.log.2: what the runtime calls a log if x.log is there already.
bool IsNamedAsLog(const fs::path& path) {
  const std::string end = path.extension().string();
  if (end == ".log") return true;
  return end.size() > 1 && IsNumber(end.substr(1)) &&
         path.stem().extension() == ".log";
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

// With mode=live a program's log lies in memory, behind one of its descriptors;
// empty: it has none.
std::string LogInMemory(const std::string& pid) {
  std::error_code error;
  for (fs::directory_iterator it("/proc/" + pid + "/fd", error), end;
       !error && it != end; it.increment(error)) {
    std::error_code ignored;
    const fs::path target = fs::read_symlink(it->path(), ignored);
    if (target.native().starts_with("/memfd:lockcheck-live") &&
        HasMagic(it->path())) {
      return it->path();
    }
  }
  return "";
}

// " (server)", or nothing if that is not to be known.
std::string ProgramInParentheses(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/comm");
  std::string name;
  if (!std::getline(file, name) || name.empty()) return "";
  return " (" + report::Printable(name) + ")";
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
  bool has_runtime = false;
  do {
    std::string path = MappedPath(line);
    if (path.empty() || !seen.insert(path).second) continue;
    // Another mount namespace sees its files below its root.
    for (const std::string& candidate :
         {path, fmt::format("/proc/{}/root{}", pid, path)}) {
      if (HasMagic(candidate)) return candidate;
    }
    has_runtime |= path.starts_with(kRuntimeFile);
    if (path.ends_with(".log (deleted)")) removed = std::move(path);
  } while (std::getline(maps, line));
  if (std::string live = LogInMemory(pid); !live.empty()) return live;
  if (!removed.empty()) {
    return absl::NotFoundError(
        fmt::format("process {}: its log was removed: {}", pid, removed));
  }
  return absl::NotFoundError(fmt::format(
      "process {}{}: {}", pid, ProgramInParentheses(pid),
      has_runtime ? "it records nothing; start it without mode=off, or with "
                    "LOCKCHECK_OPTIONS=log=FILE"
                  : "there is no lockcheck in it; link it with "
                    "lockcheck::lockcheck and swap its mutexes"));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> LogsOf(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector<std::string>{path};
  std::vector<std::string> logs;
  for (fs::recursive_directory_iterator it(path, error), end;
       !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (IsNamedAsLog(it->path()) && !it->is_directory(ignored)) {
      logs.push_back(it->path().string());
    }
  }
  if (error) {
    return absl::PermissionDeniedError(
        fmt::format("{}: cannot read the folder: {}", path, error.message()));
  }
  if (logs.empty()) {
    return absl::NotFoundError(fmt::format(
        "{}: no *.log in this folder or below; name the files", path));
  }
  std::sort(logs.begin(), logs.end());
  return logs;
}

absl::Status CheckFolders(const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) {
    std::error_code error;
    if (fs::is_directory(folder, error)) continue;
    return absl::NotFoundError(
        fmt::format("--symbols '{}': {}", folder,
                    error ? error.message() : "it is no folder"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> LogOfProcessOrFile(const std::string& word) {
  std::error_code ignored;
  if (!IsNumber(word) || fs::exists(word, ignored)) return word;
  return LogOfProcess(word);
}

}  // namespace lockcheck::tools
