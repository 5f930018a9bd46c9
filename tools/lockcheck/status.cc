// lockcheck status LOG|PID: who holds what and who waits for whom.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "fmt/format.h"
#include "lib/report/status_text.h"
#include "tools/lockcheck/commands.h"
#include "tools/lockcheck/exit_status.h"
#include "tools/lockcheck/inputs.h"
#include "tools/lockcheck/output.h"
#include "tools/lockcheck/pipeline.h"

namespace lockcheck::tools {
namespace {

// That a process recorded no end is no news where it is shown as running. What
// is lost if it is killed is said all the same.
void LeaveOutThoseThatRun(report::Report& report) {
  for (const report::ProcessRow& process : report.processes) {
    if (process.state != "running") continue;
    const std::string subject = fmt::format(": process {} ", process.pid);
    std::erase_if(report.warnings, [&](const std::string& warning) {
      return absl::StrContains(warning, subject) &&
             absl::StrContains(warning, " recorded no end: ") &&
             absl::EndsWith(warning, "(_exit, abort)");
    });
  }
}

}  // namespace

int RunStatus(const Options& options) {
  absl::Status status;
  if (const auto path = LogOfProcessOrFile(options.logs[0]); !path.ok()) {
    status = path.status();
  } else if (auto report = ReportOf(*path, options); !report.ok()) {
    status = report.status();
  } else {
    LeaveOutThoseThatRun(*report);
    const report::StatusOptions text{UseColour(options.colour), options.all,
                                     OutputWidth()};
    status = WriteToStandardOutput(report::StatusText(*report, text));
  }
  if (status.ok()) return kExitOk;
  Complain(std::string(status.message()));
  return kExitFile;
}

}  // namespace lockcheck::tools
