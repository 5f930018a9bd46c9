// lockcheck analyze LOG...: every log is read, judged and shown on its own; the
// exit status is that of the worst.
#include <unistd.h>

#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "lib/report/baseline.h"
#include "lib/report/json.h"
#include "lib/report/suppress.h"
#include "lib/report/text.h"
#include "tools/lockcheck/actor_ids.h"
#include "tools/lockcheck/commands.h"
#include "tools/lockcheck/exit_status.h"
#include "tools/lockcheck/inputs.h"
#include "tools/lockcheck/output.h"
#include "tools/lockcheck/pipeline.h"

namespace lockcheck::tools {
namespace {

// A folder or a run makes a collection even if it has one log, so that the
// shape of the JSON depends on the command line alone.
bool IsCollection(const Options& options) {
  std::error_code ignored;
  return options.command == Command::kRun || options.logs.size() != 1 ||
         std::filesystem::is_directory(options.logs[0], ignored);
}

// Under `run` standard output is the program's.
int StreamOf(const Options& options) {
  return options.command == Command::kRun ? STDERR_FILENO : STDOUT_FILENO;
}

class Analyzer {
 public:
  Analyzer(Options options, report::Suppressions suppressions,
           report::Baseline baseline, report::Baseline known)
      : options_(std::move(options)),
        suppressions_(std::move(suppressions)),
        baseline_(std::move(baseline)),
        known_(std::move(known)),
        stream_(StreamOf(options_)),
        colour_(UseColour(options_.colour, stream_)) {}

  int Run() {
    for (const std::string& word : options_.logs) Word(word);
    if (!options_.json.empty()) WriteJson();
    // Without one of the logs it would not have what that one shows.
    if (!options_.write_baseline.empty() && !failed_) {
      Write(options_.write_baseline, baseline_);
    }
    if (!options_.known.empty() && !failed_) Write(options_.known, known_);
    ComplainOfUnused();
    if (failed_) return kExitFile;
    // A log that could not be read might have had the class.
    const auto unknown = options_.fail_on.UnknownClasses();
    for (const std::string& line : unknown) Complain(line);
    const bool no_such_actor =
        options_.actor != 0 && !actors_.contains(options_.actor);
    if (no_such_actor) {
      Complain("--actor: " + NoSuchActor(options_.actor, actors_));
    }
    if (no_such_actor || !unknown.empty()) return kExitUsage;
    return fails_ > 0 ? options_.error_exitcode : kExitOk;
  }

 private:
  void Word(const std::string& word) {
    const auto logs = LogsOf(word);
    if (!logs.ok()) return Failed(logs.status());
    for (const std::string& log : *logs) Log(log);
  }

  void Log(const std::string& path) {
    auto report = ReportOf(path, options_);
    if (!report.ok()) return Failed(report.status());
    options_.fail_on.CheckBudgets(*report);
    suppressions_.Apply(*report);
    baseline_.Apply(*report);
    options_.fail_on.Mark(*report);
    for (report::FindingRow& row : report->findings) {
      const bool wanted = IsWanted(*report, row, TextOptions());
      row.fails &= wanted;
      if (wanted && !IsHidden(row)) baseline_.Add(row);
    }
    ApplyKnown(*report);
    for (const report::ActorRow& actor : report->actors) {
      actors_.insert(actor.id);
    }
    fails_ += report::Summarize(*report).fails + report->fails_as_incomplete;
    if (options_.json != "-" || stream_ == STDERR_FILENO) WriteText(*report);
    if (!options_.json.empty()) reports_.push_back(*std::move(report));
  }

  // As a baseline that grows. What fails no run is noted as such.
  void ApplyKnown(report::Report& report) {
    if (options_.known.empty()) return;
    std::vector<const report::FindingRow*> shown, suppressed;
    for (const report::FindingRow& row : report.findings) {
      if (!IsWanted(report, row, TextOptions())) continue;
      if (!IsHidden(row)) shown.push_back(&row);
      if (row.suppressed || row.in_baseline) suppressed.push_back(&row);
    }
    known_.Apply(report);
    for (const report::FindingRow* row : shown) known_.Add(*row);
    for (const report::FindingRow* row : suppressed) {
      known_.Add(*row, "suppressed");
    }
    for (report::FindingRow& row : report.findings) {
      row.fails &= !row.in_baseline;
    }
  }

  // A program asks many times, and its files say more than what it has met.
  void ComplainOfUnused() {
    if (!options_.known.empty()) return;
    for (const std::string& line : suppressions_.Unused()) Complain(line);
    // With --only some part of the log is asked for.
    const std::string unused = options_.only ? "" : baseline_.Unused();
    if (!unused.empty()) Complain(unused);
  }

  report::TextOptions TextOptions() const {
    report::TextOptions text;
    text.colour = colour_;
    text.all = options_.all;
    text.only = options_.only;
    text.actor = options_.actor;
    text.top = options_.top;
    text.sort = options_.sort;
    text.width = OutputWidth(stream_);
    return text;
  }

  void WriteText(const report::Report& report) {
    std::string out = report::Text(report, TextOptions());
    if (!first_ && !out.empty()) out.insert(0, 1, '\n');
    first_ = false;
    const auto status = stream_ == STDERR_FILENO ? WriteToStandardError(out)
                                                 : WriteToStandardOutput(out);
    if (!status.ok()) Failed(status);
  }

  void WriteJson() {
    if (reports_.empty() && failed_) return;
    const std::string json = IsCollection(options_)
                                 ? report::JsonCollection(reports_)
                                 : report::Json(reports_.front());
    if (auto status = WriteToFile(options_.json, json); !status.ok()) {
      Failed(status);
    }
  }

  void Write(const std::string& path, const report::Baseline& ids) {
    const auto status = ReplaceFile(path, ids.Text());
    if (!status.ok()) Failed(status);
  }

  void Failed(const absl::Status& status) {
    Complain(std::string(status.message()));
    failed_ = true;
  }

  Options options_;
  report::Suppressions suppressions_;
  report::Baseline baseline_;
  report::Baseline known_;
  const int stream_;  // of the text
  const bool colour_;
  std::vector<report::Report> reports_;
  std::set<uint32_t> actors_;  // ids, of all logs
  uint64_t fails_ = 0;
  bool first_ = true, failed_ = false;
};

}  // namespace

int RunAnalyze(Options options) {
  auto suppressions = report::Suppressions::Read(options.suppressions);
  if (!suppressions.ok()) {
    Complain(std::string(suppressions.status().message()));
    return kExitUsage;
  }
  auto baseline = report::Baseline::Read(options.baseline);
  if (!baseline.ok()) {
    Complain(std::string(baseline.status().message()));
    return kExitUsage;
  }
  auto known = report::Baseline::Read(options.known);
  if (!known.ok()) {
    Complain(std::string(known.status().message()));
    return kExitUsage;
  }
  return Analyzer(std::move(options), *std::move(suppressions),
                  *std::move(baseline), *std::move(known))
      .Run();
}

}  // namespace lockcheck::tools
