// lockcheck export LOG --to FORM: the lock order graph, folded stacks, a trace.
#include <string>

#include "lib/log/std_export.h"
#include "lib/report/dot.h"
#include "lib/report/folded.h"
#include "tools/lockcheck/commands.h"
#include "tools/lockcheck/exit_status.h"
#include "tools/lockcheck/output.h"
#include "tools/lockcheck/pipeline.h"

namespace lockcheck::tools {
namespace {

// What there is of a log that contradicts itself is written all the same.
absl::Status ExportTrace(const Options& options) {
  const auto recording = OpenRecording(options.logs[0], options.threads);
  if (!recording.ok()) return recording.status();
  for (const std::string& warning : (*recording)->warnings) Complain(warning);
  const log::StdExport trace = log::ExportStd(**recording);
  for (const std::string& note : trace.notes) Complain(note);
  absl::Status status = WriteToFile(options.output, trace.text);
  if (!status.ok() || trace.contradiction.empty()) return status;
  return absl::DataLossError(trace.contradiction);
}

absl::Status ExportReport(const Options& options) {
  const auto report = ReportOf(options.logs[0], options);
  if (!report.ok()) return report.status();
  for (const std::string& warning : report->warnings) Complain(warning);
  return WriteToFile(options.output, options.form == ExportForm::kDot
                                         ? report::Dot(*report, options.all)
                                         : report::Folded(*report, options.by));
}

}  // namespace

int RunExport(const Options& options) {
  const absl::Status status = options.form == ExportForm::kStd
                                  ? ExportTrace(options)
                                  : ExportReport(options);
  if (status.ok()) return kExitOk;
  Complain(std::string(status.message()));
  return kExitFile;
}

}  // namespace lockcheck::tools
