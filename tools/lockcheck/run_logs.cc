#include "tools/lockcheck/run_logs.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_replace.h"
#include "fmt/format.h"
#include "lib/log/writer.h"

namespace lockcheck::tools {
namespace {

namespace fs = std::filesystem;

constexpr char kEachProgram[] = "lockcheck.%e.%p.log";

// What fnmatch understands: every name that the pattern stands for.
std::string Glob(const std::string& name) {
  std::string glob;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '%' && i + 1 < name.size()) {
      glob += name[++i] == '%' ? "%" : "*";
    } else {
      if (std::strchr("*?[\\", name[i]) != nullptr) glob += '\\';
      glob += name[i];
    }
  }
  return glob;
}

bool HasPlaceholder(const std::string& folder) {
  for (const char* placeholder : {"%p", "%e", "%h"}) {
    if (folder.find(placeholder) != folder.npos) return true;
  }
  return false;
}

absl::StatusOr<std::string> NewTemporaryFolder() {
  std::error_code error;
  const fs::path base = fs::temp_directory_path(error);
  std::string folder =
      (error ? fs::path("/tmp") : base) / "lockcheck-run.XXXXXX";
  if (::mkdtemp(folder.data()) != nullptr) return folder;
  return absl::UnavailableError(
      fmt::format("{}: cannot make a folder for the logs: {}; name one with "
                  "--log, or set TMPDIR",
                  folder, std::strerror(errno)));
}

// Why there can be no new log in the folder; 0 or errno. A log begins with a
// block.
int TryToWrite(const fs::path& folder) {
  std::string file = folder / ".lockcheck-run.XXXXXX";
  const int fd = ::mkstemp(file.data());
  if (fd < 0) return errno;
  const int error = log::PromiseSpace(fd, 0, log::kBlockSize);
  ::close(fd);
  return ::unlink(file.c_str()) == 0 ? error : errno;
}

std::string Reason(const fs::path& folder, int error) {
  // The folder is there.
  if (error == ENOENT) return folder.string() + " takes no new files";
  return std::strerror(error);
}

// Why there can be no new log; empty if there can. The program makes the
// folders that are missing.
std::string InTheWay(const fs::path& folder) {
  std::error_code ignored;
  fs::path nearest = folder, missing;
  while (!fs::exists(nearest, ignored) && nearest.has_relative_path()) {
    missing = nearest;
    nearest = nearest.parent_path();
  }
  if (!missing.empty()) {
    if (::mkdir(missing.c_str(), 0700) != 0) {
      return fmt::format("the folder {} cannot be made: {}", missing.string(),
                         Reason(nearest, errno));
    }
    ::rmdir(missing.c_str());
  }
  const int error = TryToWrite(nearest);
  if (error == 0) return "";
  if (error == ENOENT) return Reason(nearest, error);
  return fmt::format("{}: {}", nearest.string(), Reason(nearest, error));
}

}  // namespace

RunLogs::RunLogs(std::string folder, std::string name, bool temporary)
    : folder_(std::move(folder)),
      name_(std::move(name)),
      temporary_(temporary),
      before_(Present()) {}

absl::StatusOr<RunLogs> RunLogs::At(const std::string& place) {
  if (place.empty()) {
    auto folder = NewTemporaryFolder();
    if (!folder.ok()) return folder.status();
    return RunLogs(*std::move(folder), kEachProgram, true);
  }
  std::error_code ignored;
  const fs::path path = fs::absolute(place);
  const bool is_folder =
      fs::is_directory(path, ignored) || !path.has_filename();
  const std::string folder =
      is_folder ? path.string() : path.parent_path().string();
  if (!is_folder && HasPlaceholder(folder)) {
    return absl::InvalidArgumentError(
        fmt::format("--log '{}': %p, %e and %h stand in the last part of the "
                    "path only",
                    place));
  }
  return RunLogs(folder, is_folder ? kEachProgram : path.filename().string(),
                 false);
}

absl::Status RunLogs::CheckWritable() const {
  const fs::path log = fs::path(folder_) / name_;
  std::error_code ignored;
  std::string why;
  if (!fs::is_regular_file(log, ignored)) {
    why = InTheWay(folder_);
  } else if (::access(log.c_str(), R_OK | W_OK) != 0) {
    why = std::strerror(errno);
  }
  if (why.empty()) return absl::OkStatus();
  return absl::UnavailableError(
      fmt::format("the log {} cannot be written: {}; name another place with "
                  "--log (the program did not run)",
                  log.string(), why));
}

std::string RunLogs::pattern() const {
  return fs::path(absl::StrReplaceAll(folder_, {{"%", "%%"}})) / name_;
}

std::map<std::string, RunLogs::Stamp> RunLogs::Present() const {
  const std::string glob = Glob(name_), renamed = glob + ".[0-9]*";
  std::map<std::string, Stamp> present;
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename();
    if (::fnmatch(glob.c_str(), name.c_str(), 0) != 0 &&
        ::fnmatch(renamed.c_str(), name.c_str(), 0) != 0) {
      continue;
    }
    struct stat file {};
    if (::stat(it->path().c_str(), &file) != 0 || !S_ISREG(file.st_mode)) {
      continue;
    }
    present[it->path()] = {file.st_ino, file.st_mtim.tv_sec * 1'000'000'000LL +
                                            file.st_mtim.tv_nsec};
  }
  return present;
}

std::vector<std::string> RunLogs::Written() const {
  std::vector<std::string> written;
  for (const auto& [path, stamp] : Present()) {
    const auto old = before_.find(path);
    if (old == before_.end() || old->second != stamp) written.push_back(path);
  }
  return written;
}

void RunLogs::Remove() const {
  std::error_code ignored;
  if (temporary_) fs::remove_all(folder_, ignored);
}

}  // namespace lockcheck::tools
