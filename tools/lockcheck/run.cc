// lockcheck run PROGRAM ARGUMENTS...: the program with its locks recorded, then
// what `analyze` says of its logs.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "lib/report/baseline.h"
#include "lib/report/suppress.h"
#include "tools/lockcheck/commands.h"
#include "tools/lockcheck/exit_status.h"
#include "tools/lockcheck/output.h"
#include "tools/lockcheck/run_logs.h"
#include "tools/lockcheck/run_program.h"

namespace lockcheck::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOptionsVariable = "LOCKCHECK_OPTIONS=";
// A program that has it joins the recording of whoever started us.
constexpr std::string_view kRecordingVariable = "LOCKCHECK_RECORDING=";

// In LOCKCHECK_OPTIONS a colon ends a value.
std::string Escaped(const std::string& path) {
  std::string escaped;
  for (const char c : path) {
    if (c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// Programs with lockcheck/gtest.h judge themselves; they get the same files.
std::string KnownFindings(const char* key, const std::string& path) {
  if (path.empty()) return "";
  return fmt::format(":{}={}", key, Escaped(fs::absolute(path).string()));
}

// What is said later counts more: the program's own options stand between what
// they may change and what they may not.
std::string OptionsFor(const Options& options, const std::string& pattern) {
  std::error_code ignored;
  const std::string command = fs::read_symlink("/proc/self/exe", ignored);
  const char* const given = std::getenv("LOCKCHECK_OPTIONS");
  return fmt::format("command={}:{}{}{}:mode=record:log={}", Escaped(command),
                     given != nullptr ? given : "",
                     KnownFindings("suppressions", options.suppressions),
                     KnownFindings("baseline", options.baseline),
                     Escaped(pattern));
}

std::vector<std::string> Environment(const Options& options,
                                     const std::string& pattern) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (text.starts_with(kOptionsVariable) ||
        text.starts_with(kRecordingVariable)) {
      continue;
    }
    variables.emplace_back(text);
  }
  variables.push_back(std::string(kOptionsVariable) +
                      OptionsFor(options, pattern));
  return variables;
}

int Judge(Options options, std::vector<std::string> logs) {
  if (logs.empty()) {
    Complain(fmt::format(
        "{}: no log was written: neither it nor what it started is built with "
        "lockcheck's locks, none was used, or the log could not be written, "
        "which is said above then",
        options.program[0]));
    return kExitFile;
  }
  options.logs = std::move(logs);
  return RunAnalyze(std::move(options));
}

// What is wrong with the files that the report will need, before the program
// has run for hours.
absl::Status CheckFiles(const Options& options) {
  const auto suppressions = report::Suppressions::Read(options.suppressions);
  if (!suppressions.ok()) return suppressions.status();
  return report::Baseline::Read(options.baseline).status();
}

}  // namespace

int RunRun(Options options) {
  if (const auto files = CheckFiles(options); !files.ok()) {
    Complain(std::string(files.message()));
    return kExitUsage;
  }
  auto logs = RunLogs::At(options.log);
  if (!logs.ok()) {
    Complain(std::string(logs.status().message()));
    return kExitUsage;
  }
  if (const auto writable = logs->CheckWritable(); !writable.ok()) {
    logs->Remove();
    Complain(std::string(writable.message()));
    return kExitFile;
  }
  const auto status =
      RunProgram(options.program, Environment(options, logs->pattern()));
  if (!status.ok()) {
    logs->Remove();
    Complain(std::string(status.status().message()));
    return absl::IsNotFound(status.status()) ? kExitNoProgram : kExitCannotRun;
  }
  const std::vector<std::string> written = logs->Written();
  const int judged = Judge(std::move(options), written);
  const int result = *status != 0 ? *status : judged;
  if (result == kExitOk || written.empty()) {
    logs->Remove();
  } else if (logs->temporary()) {
    Complain(fmt::format("what was recorded is in {}", logs->folder()));
  }
  return result;
}

}  // namespace lockcheck::tools
