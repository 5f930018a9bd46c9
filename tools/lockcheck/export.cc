// lockcheck export LOG --to FORM: the lock order graph, folded stacks.
#include "lib/report/dot.h"
#include "lib/report/folded.h"
#include "tools/lockcheck/commands.h"
#include "tools/lockcheck/exit_status.h"
#include "tools/lockcheck/output.h"
#include "tools/lockcheck/pipeline.h"

namespace lockcheck::tools {

int RunExport(const Options& options) {
  const auto report = ReportOf(options.logs[0], options);
  absl::Status status = report.status();
  if (status.ok()) {
    for (const std::string& warning : report->warnings) Complain(warning);
    status =
        WriteToFile(options.output, options.form == ExportForm::kDot
                                        ? report::Dot(*report, options.all)
                                        : report::Folded(*report, options.by));
  }
  if (status.ok()) return kExitOk;
  Complain(std::string(status.message()));
  return kExitFile;
}

}  // namespace lockcheck::tools
