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
           report::Baseline baseline)
      : options_(std::move(options)),
        suppressions_(std::move(suppressions)),
        baseline_(std::move(baseline)),
        stream_(StreamOf(options_)),
        colour_(UseColour(options_.colour, stream_)) {}

  int Run() {
    for (const std::string& word : options_.logs) Word(word);
    if (!options_.json.empty()) WriteJson();
    // Without one of the logs it would not have what that one shows.
    if (!options_.write_baseline.empty() && !failed_) WriteBaseline();
    for (const std::string& line : suppressions_.Unused()) Complain(line);
    // With --only some part of the log is asked for.
    const std::string unused = options_.only ? "" : baseline_.Unused();
    if (!unused.empty()) Complain(unused);
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
    for (const report::ActorRow& actor : report->actors) {
      actors_.insert(actor.id);
    }
    fails_ += report::Summarize(*report).fails + report->fails_as_incomplete;
    if (options_.json != "-" || stream_ == STDERR_FILENO) WriteText(*report);
    if (!options_.json.empty()) reports_.push_back(*std::move(report));
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

  void WriteBaseline() {
    const auto status = ReplaceFile(options_.write_baseline, baseline_.Text());
    if (!status.ok()) Failed(status);
  }

  void Failed(const absl::Status& status) {
    Complain(std::string(status.message()));
    failed_ = true;
  }

  Options options_;
  report::Suppressions suppressions_;
  report::Baseline baseline_;
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
  return Analyzer(std::move(options), *std::move(suppressions),
                  *std::move(baseline))
      .Run();
}

}  // namespace lockcheck::tools
