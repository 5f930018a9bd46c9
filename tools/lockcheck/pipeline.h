// From a log file to a Report: read, scan, find, symbolize, build.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_PIPELINE_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_PIPELINE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "lib/log/recording.h"
#include "lib/report/report.h"
#include "tools/lockcheck/command_line.h"
#include "tools/lockcheck/progress.h"

namespace lockcheck::tools {

// Errors are one line that names the file: those of Recording::Open, and that
// no record at all can be read.
absl::StatusOr<std::unique_ptr<log::Recording>> OpenRecording(
    const std::string& path, unsigned threads = 0);

// Errors are those of OpenRecording. Without `progress`, one on standard error.
absl::StatusOr<report::Report> ReportOf(const std::string& path,
                                        const Options& options);
absl::StatusOr<report::Report> ReportOf(const std::string& path,
                                        const Options& options,
                                        Progress& progress);

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_PIPELINE_H_
