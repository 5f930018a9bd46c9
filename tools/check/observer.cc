#include "tools/check/observer.h"

#include <unistd.h>

#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "lib/analysis/findings.h"
#include "lib/analysis/statistics.h"
#include "lib/analysis/std_lock.h"
#include "lib/log/recording.h"
#include "lib/log/since.h"
#include "lib/report/baseline.h"
#include "lib/report/build.h"
#include "lib/report/fail_on.h"
#include "lib/report/finding_text.h"
#include "lib/report/layout.h"
#include "lib/report/std_lock_places.h"
#include "lib/report/suppress.h"
#include "lib/symbolize/symbolize.h"

namespace lockcheck::check {
namespace {

// Children record into the same log; what happens in them is theirs.
bool IsOfThisProcess(const log::Recording& recording,
                     const analysis::Finding& finding) {
  const auto pid = static_cast<uint32_t>(getpid());
  for (const analysis::Part& part : finding.parts) {
    if (part.actor == log::kNone) continue;
    const log::ProcessIndex process = recording.actors[part.actor].process;
    if (process == log::kNone || recording.processes[process].pid != pid) {
      return false;
    }
  }
  return true;
}

// Everybody waits, and nobody is left to end it.
bool IsStall(const analysis::Finding& finding) {
  return finding.rule == analysis::Rule::kStall ||
         finding.rule == analysis::Rule::kLostWakeup;
}

bool MayFail(const analysis::Finding& finding) {
  return finding.kind == analysis::Kind::kMisuse ||
         (finding.verdict && *finding.verdict != analysis::Verdict::kRefuted);
}

// Only what may fail in this process: the rest needs no names.
void KeepWhatMayFail(const log::Recording& recording, bool locked_up,
                     analysis::Findings& findings) {
  std::erase_if(findings.findings, [&](const analysis::Finding& finding) {
    return !(MayFail(finding) || (locked_up && IsStall(finding))) ||
           !IsOfThisProcess(recording, finding);
  });
}

class LogObserver final : public Observer {
 public:
  LogObserver(const Runtime& runtime, report::Suppressions suppressions,
              report::Baseline baseline)
      : runtime_(runtime),
        suppressions_(std::move(suppressions)),
        baseline_(std::move(baseline)) {}

  void Begin(const std::string& test) override;
  Moment Mark() override;
  Findings Since(Moment moment) override {
    return Analyze(&moments_[moment], false);
  }
  Findings LockedUp() override;
  Findings All() override { return Analyze(nullptr, false); }
  std::vector<std::string> Unused() const override;

 private:
  struct Place {
    uint64_t ticks = 0;
    uint64_t claimed = 0;  // blocks of the log
    std::vector<log::StreamMark> marks;
  };
  // Raw ids of the lock held and its place, the lock asked for and its place.
  using Way = std::tuple<uint32_t, uint32_t, uint32_t, uint32_t>;

  std::vector<log::StreamMark> MarksNow() const;
  std::string Missing(const Place* since) const;
  Findings Analyze(const Place* since, bool locked_up);
  static Way WayOf(const log::Recording& recording, const analysis::Hold& hold,
                   log::ObjectIndex wants, log::SiteIndex site);
  void Remember(const analysis::Observations& observations);
  std::vector<std::string> TestsOf(const log::Recording& recording,
                                   const analysis::Finding& finding) const;

  const Runtime runtime_;
  report::Suppressions suppressions_;
  report::Baseline baseline_;
  std::string test_;
  std::vector<Place> moments_;
  std::map<Way, std::set<std::string>> ways_;
  std::set<std::string> returned_;  // ids
};

std::vector<log::StreamMark> LogObserver::MarksNow() const {
  std::vector<internal::ThreadMark> threads(64);
  size_t count;
  // More threads may begin meanwhile.
  while ((count = runtime_.mark_threads(threads.data(), threads.size())) >
         threads.size()) {
    threads.resize(2 * count);
  }
  std::vector<log::StreamMark> marks;
  marks.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    marks.push_back({threads[i].actor, threads[i].segment, threads[i].words});
  }
  return marks;
}

// What was written since a moment is in blocks claimed since then, or in none
// yet; so a ring has it all as long as it has all of those.
std::string LogObserver::Missing(const Place* since) const {
  const internal::LogState state = runtime_.log_state();
  if (state.stopped) {
    return "recording has stopped, for a reason that was said then, so what "
           "was "
           "done is not all known";
  }
  if (since != nullptr && state.ring != 0 &&
      state.claimed - since->claimed > state.ring) {
    return "ring= is too small for one test: what it did first is overwritten, "
           "and not known";
  }
  return "";
}

std::vector<std::string> LogObserver::Unused() const {
  std::vector<std::string> lines = suppressions_.Unused();
  if (std::string line = baseline_.Unused(); !line.empty()) {
    lines.push_back(std::move(line));
  }
  return lines;
}

// Some threads may have begun to wait before that.
Findings LogObserver::LockedUp() {
  Findings findings = Analyze(&moments_[kBegin], true);
  return findings.found.empty() ? Analyze(nullptr, true) : findings;
}

void LogObserver::Begin(const std::string& test) {
  test_ = test;
  moments_.clear();
  Mark();
}

Observer::Moment LogObserver::Mark() {
  Place now;
  // A thread that begins between the two counts as one that began later.
  now.ticks = runtime_.log_ticks();
  now.claimed = runtime_.log_state().claimed;
  now.marks = MarksNow();
  moments_.push_back(std::move(now));
  return moments_.size() - 1;
}

void LogObserver::Remember(const analysis::Observations& observations) {
  if (test_.empty()) return;
  const log::Recording& recording = *observations.recording;
  for (const analysis::Dependency& d : observations.dependencies) {
    for (const analysis::Hold& hold : d.held) {
      ways_[WayOf(recording, hold, d.lock, d.site)].insert(test_);
    }
  }
}

LogObserver::Way LogObserver::WayOf(const log::Recording& recording,
                                    const analysis::Hold& hold,
                                    log::ObjectIndex wants,
                                    log::SiteIndex site) {
  const auto object = [&](log::ObjectIndex i) {
    return i < recording.objects.size() ? recording.objects[i].id : 0;
  };
  const auto place = [&](log::SiteIndex i) {
    return i < recording.sites.size() ? recording.sites[i].id : 0;
  };
  return {object(hold.object), place(hold.site), object(wants), place(site)};
}

std::vector<std::string> LogObserver::TestsOf(
    const log::Recording& recording, const analysis::Finding& finding) const {
  std::set<std::string> tests;
  for (const analysis::Part& part : finding.parts) {
    if (part.holds.empty()) continue;
    const auto way =
        ways_.find(WayOf(recording, part.holds[0], part.wants, part.site));
    if (way != ways_.end()) {
      tests.insert(way->second.begin(), way->second.end());
    }
  }
  return {tests.begin(), tests.end()};
}

Findings LogObserver::Analyze(const Place* since, bool locked_up) {
  auto opened = log::Recording::Open(runtime_.log_path(), 1);
  if (!opened.ok()) return {.error = std::string(opened.status().message())};
  log::Recording& recording = **opened;
  if (since != nullptr) log::KeepSince(recording, since->ticks, since->marks);
  analysis::ScanOptions options;
  options.threads = 1;
  analysis::ScanResult scan = analysis::Scan(recording, options);
  symbolize::Symbolizer symbolizer(recording.modules, {});
  const report::Resolve resolve = [&](const log::Frame& frame,
                                      bool is_return_address) {
    return symbolizer.Find(frame, is_return_address);
  };
  const auto find_variable = [&](const log::Frame& frame) {
    return symbolizer.FindVariable(frame);
  };
  report::StdLockPlaces std_lock_places(recording, resolve);
  analysis::ReadStdLockAsOneRequest(std_lock_places, scan.observations);
  if (since != nullptr) Remember(scan.observations);
  analysis::Findings findings = analysis::Find(scan.observations, {});
  KeepWhatMayFail(recording, locked_up, findings);
  Findings result;
  if (!findings.exhaustive) result.cut = findings.notes;
  result.cut.insert(result.cut.end(), scan.notes.begin(), scan.notes.end());

  const auto fail_on = report::FailOn::Parse(report::FailOn::kDefault);
  std::vector<Found>& found = result.found;
  for (const analysis::Finding& finding : findings.findings) {
    analysis::Findings only;
    only.findings = {finding};
    report::Report report =
        report::Build({recording, scan.observations, only, scan.statistics,
                       resolve, find_variable});
    suppressions_.Apply(report);
    baseline_.Apply(report);
    fail_on->Mark(report);
    for (const report::FindingRow& row : report.findings) {
      const bool actual =
          IsStall(finding) || row.verdict == analysis::Verdict::kActual;
      if (locked_up ? !actual : !row.fails) continue;
      const bool is_new = returned_.insert(row.id).second;
      if (!is_new && since == nullptr) continue;
      found.push_back({row.id, row.verdict.has_value(),
                       report::FindingText(report, row, found.size() + 1,
                                           report::Painter(false)),
                       since == nullptr ? TestsOf(recording, finding)
                                        : std::vector<std::string>()});
    }
  }
  // Now, since others may have written meanwhile.
  result.missing = Missing(since);
  return result;
}

}  // namespace
}  // namespace lockcheck::check

lockcheck::check::Observer* lockcheck_new_observer(
    const lockcheck::check::Runtime& runtime,
    const lockcheck::check::KnownFiles& files, std::string& error) {
  using namespace lockcheck;
  auto suppressions = report::Suppressions::Read(files.suppressions);
  auto baseline = report::Baseline::Read(files.baseline);
  for (const auto& status : {suppressions.status(), baseline.status()}) {
    if (status.ok()) continue;
    error = std::string(status.message());
    return nullptr;
  }
  return new check::LogObserver(runtime, *std::move(suppressions),
                                *std::move(baseline));
}
