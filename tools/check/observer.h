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
  // `suppressions` is a file; empty: none.
  static absl::StatusOr<Observer> Create(const std::string& suppressions);

  // The log, or "": nothing is recorded, and nothing will be found.
  static std::string LogPath();

  void Begin(const std::string& test);
  // What fails of what happened since Begin(): deadlocks that are possible or
  // happened, and misuse. Suppressed ones are left out.
  absl::StatusOr<std::vector<Found>> End();
  // The same of the whole program, without what End() has returned already.
  absl::StatusOr<std::vector<Found>> All();

  // Each that was never needed, in one line.
  std::vector<std::string> UnusedSuppressions() const {
    return suppressions_.Unused();
  }

 private:
  struct Moment {
    uint64_t ticks = 0;
    std::vector<log::StreamMark> marks;
  };
  // Raw ids of the lock held and its place, the lock asked for and its place.
  using Way = std::tuple<uint32_t, uint32_t, uint32_t, uint32_t>;

  explicit Observer(report::Suppressions suppressions)
      : suppressions_(std::move(suppressions)) {}
  absl::StatusOr<std::vector<Found>> Analyze(const Moment* since);
  static Way WayOf(const log::Recording& recording, const analysis::Hold& hold,
                   log::ObjectIndex wants, log::SiteIndex site);
  void Remember(const analysis::Observations& observations);
  std::vector<std::string> TestsOf(const log::Recording& recording,
                                   const analysis::Finding& finding) const;

  report::Suppressions suppressions_;
  std::string test_;
  Moment began_;
  std::map<Way, std::set<std::string>> ways_;
  std::set<std::string> returned_;  // ids
};

}  // namespace lockcheck::check

#endif  // LOCKCHECK_TOOLS_CHECK_OBSERVER_H_
