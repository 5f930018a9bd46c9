#include "tools/lockcheck/pipeline.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lib/analysis/findings.h"
#include "lib/analysis/statistics.h"
#include "lib/analysis/std_lock.h"
#include "lib/log/place_frame.h"
#include "lib/log/recording.h"
#include "lib/report/build.h"
#include "lib/report/std_lock_places.h"
#include "lib/symbolize/symbolize.h"
#include "tools/lockcheck/liveness.h"

namespace lockcheck::tools {
namespace {

// Every site is in some table of the report.
void ResolveSites(const log::Recording& recording,
                  symbolize::Symbolizer& symbolizer) {
  for (const log::Site& site : recording.sites) {
    for (size_t i = 0; i < site.frames.size(); ++i) {
      symbolizer.Find(site.frames[i], /*is_return_address=*/i > 0);
    }
  }
}

symbolize::SymbolizedFrame AtPlace(const log::Place& place) {
  symbolize::SymbolizedFrame found;
  symbolize::SourceFrame& frame = found.frames.emplace_back();
  frame.function = place.function;
  frame.file = place.file;
  frame.line = static_cast<int>(place.line);
  return found;
}

// The process that has the descriptor "/proc/PID/fd/N"; of "self" ours, which
// is our parent's.
uint32_t OwnerOfDescriptor(const std::string& path) {
  const std::string owner = path.substr(sizeof("/proc/") - 1);
  return owner.starts_with("self/")
             ? static_cast<uint32_t>(::getppid())
             : static_cast<uint32_t>(std::strtoul(owner.c_str(), nullptr, 10));
}

// With mode=live there is no log that people know: what is read is memory
// behind a descriptor, and is called by the program whose it is.
void CallByProgram(log::Recording& recording) {
  std::error_code no_link;
  const std::string path = recording.path;
  const std::string memory = std::filesystem::read_symlink(path, no_link);
  if (no_link || !path.starts_with("/proc/") ||
      !memory.starts_with("/memfd:lockcheck-") || recording.processes.empty()) {
    return;
  }
  const uint32_t pid = OwnerOfDescriptor(path);
  auto process =
      std::find_if(recording.processes.begin(), recording.processes.end(),
                   [&](const log::Process& p) { return p.pid == pid; });
  if (process == recording.processes.end()) {
    process = recording.processes.begin();
  }
  const std::string name =
      absl::StrCat(std::filesystem::path(process->program).filename().string(),
                   ", pid ", process->pid);
  for (std::string& warning : recording.warnings) {
    if (warning.starts_with(path)) warning.replace(0, path.size(), name);
  }
  recording.path = name;
}

}  // namespace

absl::StatusOr<std::unique_ptr<log::Recording>> OpenRecording(
    const std::string& path, unsigned threads) {
  auto recording = log::Recording::Open(path, threads);
  if (!recording.ok()) return recording.status();
  // A recording names its first actor before anything else. Without one nothing
  // was read, and "nothing found" would be a lie.
  if ((*recording)->actors.empty()) {
    if (!(*recording)->warnings.empty()) {
      return absl::DataLossError(absl::StrCat((*recording)->warnings.front(),
                                              "; no record can be read"));
    }
    return absl::DataLossError(absl::StrCat(
        path, ": no record can be read: it ends before the first record"));
  }
  CallByProgram(**recording);
  return recording;
}

absl::StatusOr<report::Report> ReportOf(const std::string& path,
                                        const Options& options) {
  Progress progress(path);
  return ReportOf(path, options, progress);
}

absl::StatusOr<report::Report> ReportOf(const std::string& path,
                                        const Options& options,
                                        Progress& progress) {
  auto recording = OpenRecording(path, options.threads);
  if (!recording.ok()) return recording.status();
  FindWhoRuns(**recording);
  symbolize::Symbolizer symbolizer((*recording)->modules, options.symbols);
  // To read the modules' debug information takes as long as to scan some ten
  // million events, and needs nothing of the scan.
  std::future<void> symbols = std::async(
      options.threads == 1 ? std::launch::deferred
                           : std::launch::async | std::launch::deferred,
      [&] { ResolveSites(**recording, symbolizer); });
  progress.Stage("scanning");
  analysis::ScanOptions scan_options;
  scan_options.threads = options.threads;
  scan_options.progress = &Progress::Callback;
  scan_options.progress_data = &progress;
  analysis::ScanResult scan = analysis::Scan(**recording, scan_options);

  progress.Stage("looking for deadlocks in");
  const report::Resolve resolve = [&](const log::Frame& frame,
                                      bool is_return_address) {
    if (const log::Place* place = log::PlaceOf(**recording, frame)) {
      return AtPlace(*place);
    }
    if (symbols.valid()) symbols.get();  // the symbolizer is ours from here on
    return symbolizer.Find(frame, is_return_address);
  };
  report::StdLockPlaces std_lock_places(**recording, resolve);
  analysis::ReadStdLockAsOneRequest(std_lock_places, scan.observations);
  analysis::FindOptions find_options;
  find_options.policy = options.policy;
  const analysis::Findings findings =
      analysis::Find(scan.observations, find_options);

  progress.Stage("reading symbols for");
  if (symbols.valid()) symbols.get();
  const auto find_variable = [&](const log::Frame& frame) {
    return symbolizer.FindVariable(frame);
  };
  const report::BuildInput input{
      **recording, scan.observations, findings,      scan.statistics,
      resolve,     find_variable,     options.actor, options.classes};
  report::Report report = report::Build(input);
  for (const auto* more :
       {&std::as_const(scan.warnings), &symbolizer.warnings()}) {
    for (const std::string& warning : *more) {
      report.warnings.push_back(report::Printable(warning));
    }
  }
  report.exhaustive &= scan.notes.empty();
  for (const std::string& note : scan.notes) {
    report.notes.push_back(report::Printable(note));
  }
  return report;
}

}  // namespace lockcheck::tools
