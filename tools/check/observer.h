// What a process has found out about itself, from its own log, while it runs.
//
// Problem: a test should fail for what happened in it: for its own events,
// those of any thread, and what was held when it began; not for what an earlier
// test did. So Begin() notes how far each thread has written, and End()
// analyzes what came after. What no single test shows is found in all of them
// together.
//
// The analyses are those of the command, and so are the texts.
// Thread safety: none; other threads may go on recording meanwhile. Cost: End()
// reads the log once, some milliseconds per million events, and the program's
// debug information only if there is something to show.
#ifndef LOCKCHECK_TOOLS_CHECK_OBSERVER_H_
#define LOCKCHECK_TOOLS_CHECK_OBSERVER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/analysis/findings.h"
#include "lib/log/since.h"
#include "lib/report/baseline.h"
#include "lib/report/suppress.h"

namespace lockcheck::check {

struct Found {
  std::string id;
  std::optional<analysis::Verdict> verdict;  // none: misuse
  std::string text;                          // as the command prints it
  std::vector<std::string> tests;  // where its parts were seen; only of All()
};

class Observer {
 public:
  // Files of known findings; empty: none.
  static absl::StatusOr<Observer> Create(const std::string& suppressions,
                                         const std::string& baseline);

  // The log, or "": nothing is recorded, and nothing will be found.
  static std::string LogPath();

  void Begin(const std::string& test);
  // What fails of what happened since Begin(): deadlocks that are possible or
  // happened, and misuse. Suppressed and known ones are left out.
  absl::StatusOr<std::vector<Found>> End();
  // The same of the whole program, without what End() has returned already.
  absl::StatusOr<std::vector<Found>> All();

  // Suppressions and parts of the baseline that were never needed, in one line
  // each.
  std::vector<std::string> Unused() const;

 private:
  struct Moment {
    uint64_t ticks = 0;
    std::vector<log::StreamMark> marks;
  };
  // Raw ids of the lock held and its place, the lock asked for and its place.
  using Way = std::tuple<uint32_t, uint32_t, uint32_t, uint32_t>;

  Observer(report::Suppressions suppressions, report::Baseline baseline)
      : suppressions_(std::move(suppressions)),
        baseline_(std::move(baseline)) {}
  absl::StatusOr<std::vector<Found>> Analyze(const Moment* since);
  static Way WayOf(const log::Recording& recording, const analysis::Hold& hold,
                   log::ObjectIndex wants, log::SiteIndex site);
  void Remember(const analysis::Observations& observations);
  std::vector<std::string> TestsOf(const log::Recording& recording,
                                   const analysis::Finding& finding) const;

  report::Suppressions suppressions_;
  report::Baseline baseline_;
  std::string test_;
  Moment began_;
  std::map<Way, std::set<std::string>> ways_;
  std::set<std::string> returned_;  // ids
};

}  // namespace lockcheck::check

#endif  // LOCKCHECK_TOOLS_CHECK_OBSERVER_H_
