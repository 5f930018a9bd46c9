// lockcheck run PROGRAM ARGUMENTS...: the program with its locks recorded, then
// what `analyze` says of its logs.
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "lib/report/baseline.h"
#include "lib/report/suppress.h"
#include "tools/lockcheck/commands.h"
#include "tools/lockcheck/exit_status.h"
#include "tools/lockcheck/output.h"
#include "tools/lockcheck/run_environment.h"
#include "tools/lockcheck/run_logs.h"
#include "tools/lockcheck/run_program.h"

namespace lockcheck::tools {
namespace {

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
  const auto end = RunProgram(options.program,
                              RecordingEnvironment(options, logs->pattern()));
  if (!end.ok()) {
    logs->Remove();
    Complain(std::string(end.status().message()));
    return absl::IsNotFound(end.status()) ? kExitNoProgram : kExitCannotRun;
  }
  const std::vector<std::string> written = logs->Written();
  const int judged = Judge(std::move(options), written);
  const int result = end->status != 0 ? end->status : judged;
  if (result == kExitOk || written.empty()) {
    logs->Remove();
  } else if (logs->temporary()) {
    Complain(fmt::format("what was recorded is in {}", logs->folder()));
  }
  return result;
}

}  // namespace lockcheck::tools
