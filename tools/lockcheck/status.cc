// lockcheck status LOG|PID: who holds what and who waits for whom.
#include "lib/report/status_text.h"
#include "tools/lockcheck/commands.h"
#include "tools/lockcheck/exit_status.h"
#include "tools/lockcheck/inputs.h"
#include "tools/lockcheck/output.h"
#include "tools/lockcheck/pipeline.h"

namespace lockcheck::tools {

int RunStatus(const Options& options) {
  absl::Status status;
  if (const auto path = LogOfProcessOrFile(options.logs[0]); !path.ok()) {
    status = path.status();
  } else if (const auto report = ReportOf(*path, options); !report.ok()) {
    status = report.status();
  } else {
    const report::StatusOptions text{UseColour(options.colour), options.all,
                                     OutputWidth()};
    status = WriteToStandardOutput(report::StatusText(*report, text));
  }
  if (status.ok()) return kExitOk;
  Complain(std::string(status.message()));
  return kExitFile;
}

}  // namespace lockcheck::tools
