// lockcheck confirm LOG FINDING -- PROGRAM ARGUMENTS...: the program again,
// with its threads held back where the deadlock needs them, until it happens.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "lib/report/finding_text.h"
#include "lib/report/identity.h"
#include "lib/report/sites.h"
#include "lib/symbolize/elf_file.h"
#include "tools/lockcheck/commands.h"
#include "tools/lockcheck/exit_status.h"
#include "tools/lockcheck/output.h"
#include "tools/lockcheck/pipeline.h"
#include "tools/lockcheck/run_environment.h"
#include "tools/lockcheck/run_logs.h"
#include "tools/lockcheck/run_program.h"
#include "tools/lockcheck/steer_plan.h"

namespace lockcheck::tools {
namespace {

namespace fs = std::filesystem;

// How long a thread is held back in the first runs; later ones have more.
constexpr uint32_t kPatienceMs = 1'000;

std::string Place(const report::Report& report, std::optional<uint32_t> site) {
  const report::SourceLine& where = report.sites[*site].where;
  if (where.file.empty()) {
    return fmt::format("{}+{:#x}", where.module, where.offset);
  }
  return fmt::format("{}:{}", fs::path(where.file).filename().string(),
                     where.line);
}

// "asks for accounts[3] at bank.cc:41"
std::string Request(const report::Report& report, const report::PartRow& part) {
  return fmt::format("asks for {} at {}",
                     report.objects[part.wants->object].name,
                     Place(report, part.wants->site));
}

// A place is an offset in a file, and means nothing in another build of it; nor
// does an id, for it is made of the functions. The line that says so, or "".
std::string Rebuilt(const Options& options) {
  const auto recording = OpenRecording(options.logs[0], options.threads);
  if (!recording.ok()) return "";
  std::set<uint32_t> with_sites;
  for (const log::Site& site : (*recording)->sites) {
    if (!site.frames.empty()) with_sites.insert(site.frames[0].module);
  }
  for (const uint32_t index : with_sites) {
    if (index >= (*recording)->modules.size()) continue;
    const log::Module& module = (*recording)->modules[index];
    const auto file = symbolize::ElfFile::Open(module.path);
    if (file.ok() && !module.build_id.empty() && !(*file)->build_id().empty() &&
        (*file)->build_id() != module.build_id) {
      return fmt::format(
          "{}: it was built anew since the log was written; record it again",
          module.path);
    }
  }
  return "";
}

// Its id if it happens; a refuted one has another one until then.
std::string IdOfActual(const report::Report& report, report::FindingRow row) {
  row.verdict = analysis::Verdict::kPossible;
  report::Identify(report, row);
  return row.id;
}

class Confirmation {
 public:
  Confirmation(const Options& options, const report::Report& report,
               const report::FindingRow& row, const RunLogs& logs,
               SteerPlan& plan)
      : options_(options),
        report_(report),
        row_(row),
        id_(IdOfActual(report, row)),
        logs_(logs),
        plan_(plan),
        arrived_(plan.parties()) {}

  int Run() {
    for (uint32_t attempt = 0; attempt < options_.attempts; ++attempt) {
      const auto end = Attempt(attempt);
      if (!end.ok()) {
        Complain(std::string(end.status().message()));
        return absl::IsNotFound(end.status()) ? kExitNoProgram : kExitCannotRun;
      }
      if (Happened(attempt)) {
        return Say(fmt::format("deadlocked: it happened in attempt {} of {}\n",
                               attempt + 1, options_.attempts),
                   kExitOk);
      }
      if (end->asked_to_end != 0) {
        Complain(fmt::format("ended by signal {} in attempt {} of {}",
                             end->asked_to_end, attempt + 1,
                             options_.attempts));
        return 128 + end->asked_to_end;
      }
      killed_ += end->by_limit;
    }
    return SayWhyNot();
  }

 private:
  // In the first run each is held back where it asks; in those that follow one
  // party after the other is late.
  absl::StatusOr<ProgramEnd> Attempt(uint32_t attempt) {
    const auto turns = static_cast<uint32_t>(plan_.turns().size());
    const uint32_t round = attempt / turns;
    const uint32_t limit_ms = options_.time_limit * 1'000;
    plan_.Prepare(plan_.turns()[attempt % turns],
                  std::min(kPatienceMs * (round + 1), limit_ms / 2),
                  limit_ms / 2);
    auto end = RunProgram(
        options_.program,
        RecordingEnvironment(
            options_, logs_.pattern(),
            fmt::format(":on_deadlock=abort:command=none:steer={}",
                        EscapedOption(fs::absolute(plan_.path()).string()))),
        std::chrono::seconds(options_.time_limit));
    for (uint32_t i = 0; i < plan_.parties(); ++i) {
      arrived_[i] += plan_.file().party[i].arrived.load();
    }
    met_ += plan_.file().met.load();
    places_ += plan_.file().places.load();
    return end;
  }

  // Shows it if so; or else the first other one that did.
  bool Happened(uint32_t attempt) {
    for (const std::string& log : logs_.Written()) {
      const auto report = ReportOf(log, options_);
      // Of what was killed there may be next to nothing.
      if (!report.ok()) continue;
      for (const report::FindingRow& found : report->findings) {
        if (found.verdict != analysis::Verdict::kActual) continue;
        const bool is_it = found.order_id == id_ || found.id == id_;
        if (!is_it && !other_.empty()) continue;
        text_ = report::FindingText(*report, found, 1,
                                    report::Painter(UseColour(options_.colour)),
                                    OutputWidth());
        if (is_it) return true;
        other_ = fmt::format("  another deadlock happened, in attempt {}\n",
                             attempt + 1);
      }
    }
    return false;
  }

  int SayWhyNot() {
    std::string never;
    for (size_t i = 0; i < arrived_.size(); ++i) {
      if (arrived_[i] == 0) {
        never += fmt::format("  nobody came to where one {}\n",
                             Request(report_, row_.parts[i]));
      }
    }
    const std::string runs = fmt::format("{} attempt{}", options_.attempts,
                                         options_.attempts == 1 ? "" : "s");
    if (!never.empty()) {
      return Say(
          fmt::format("diverged: in {} the program did not do what the "
                      "finding needs\n{}{}",
                      runs, places_ == 0 ? NothingOfIt() : never, Besides()),
          kExitDiverged);
    }
    return Say(
        fmt::format("not reached: in {} {}\n{}", runs,
                    met_ != 0
                        ? "all who take part met, and went on all the same"
                        : "all who take part came, but never at the same time",
                    Besides()),
        kExitNotReached);
  }

  std::string NothingOfIt() const {
    const auto process = report_.actors[*row_.parts[0].actor].process;
    return fmt::format(
        "  it came to none of the finding's places; what was recorded is {}\n",
        process ? report::Printable(report_.processes[*process].program)
                : "not known");
  }

  // Lines about other things that happened.
  std::string Besides() const {
    if (killed_ == 0) return other_;
    return other_ + fmt::format("  {} of the runs {} killed after {} s\n",
                                killed_, killed_ == 1 ? "was" : "were",
                                options_.time_limit);
  }

  int Say(const std::string& verdict, int status) {
    const auto written = WriteToStandardOutput(text_ + verdict);
    if (written.ok()) return status;
    Complain(std::string(written.message()));
    return kExitFile;
  }

  const Options& options_;
  const report::Report& report_;
  const report::FindingRow& row_;
  const std::string id_;
  const RunLogs& logs_;
  SteerPlan& plan_;
  std::vector<uint64_t> arrived_;  // by party
  uint64_t met_ = 0, places_ = 0;
  uint32_t killed_ = 0;  // runs that the time limit ended
  std::string text_;     // the deadlock that is shown
  std::string other_;    // the line about it if it is another one
};

int Fail(const absl::Status& status, int exit) {
  Complain(std::string(status.message()));
  return exit;
}

}  // namespace

int RunConfirm(const Options& options) {
  const auto report = ReportOf(options.logs[0], options);
  if (!report.ok()) return Fail(report.status(), kExitFile);
  if (std::string line = Rebuilt(options); !line.empty()) {
    Complain(line);
    return kExitUsage;
  }
  const auto row = FindingOf(*report, options.finding);
  if (!row.ok()) return Fail(row.status(), kExitUsage);
  if (const auto can = CanBeSteered(*report, **row); !can.ok()) {
    return Fail(can, kExitUsage);
  }
  const auto logs = RunLogs::At("");
  if (!logs.ok()) return Fail(logs.status(), kExitFile);
  auto plan = SteerPlan::At((fs::path(logs->folder()) / "steer").string(),
                            *report, **row);
  if (!plan.ok()) {
    logs->Remove();
    return Fail(plan.status(), kExitFile);
  }
  // It is to abort, and nobody wants to look at that.
  rlimit before{};
  getrlimit(RLIMIT_CORE, &before);
  const rlimit no_core{0, before.rlim_max};
  setrlimit(RLIMIT_CORE, &no_core);
  const int result = Confirmation(options, *report, **row, *logs, *plan).Run();
  logs->Remove();
  return result;
}

}  // namespace lockcheck::tools
