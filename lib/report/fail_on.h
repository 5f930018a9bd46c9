// What makes an analysis fail: the --fail-on list.
//
//   deadlock    actual, confirmed and possible deadlocks
//   actual, confirmed, possible    deadlocks with that verdict, or a stronger
//               one that did not happen
//   order       every inversion of a lock order, those refuted because of one
//               actor, fork and join or a gate too
//   misuse, hazard
//   class-order lock classes that are taken in both orders (hazard names them
//               too)
//   incomplete  a log of which records are missing: it was cut or damaged, its
//               recording stopped early, or a ring overwrote the oldest; or an
//               analysis that a bound cut
//   contention:METRIC>LIMIT[@CLASS]    a budget for waits, per lock class:
//               METRIC p50|p90|p99|max|mean|total, LIMIT a time (5ms);
//               METRIC contended, LIMIT a share (10%);
//               CLASS a pattern with * and ?; without it, every class
//   none        nothing (alone)
// Findings that are suppressed or in the baseline never fail.
#ifndef LOCKCHECK_LIB_REPORT_FAIL_ON_H_
#define LOCKCHECK_LIB_REPORT_FAIL_ON_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/report/report.h"

namespace lockcheck::report {

struct Budget {
  std::string text;           // as given, for people
  std::string column;         // key of a column, see names.h
  double limit = 0;           // ns, or percent
  std::string pattern = "*";  // of class names
  bool class_seen = false;    // some report has a class that matches
};

class FailOn {
 public:
  static constexpr std::string_view kDefault = "deadlock,misuse";
  static constexpr std::string_view kDefaultOfOrderPolicy =
      "deadlock,misuse,order";

  // Errors are one line that names the item and what may stand there.
  static absl::StatusOr<FailOn> Parse(std::string_view list);

  // Adds a finding for each budget that a class exceeds. Must come before
  // suppressions and baseline are applied; Mark() after.
  void CheckBudgets(Report& report);
  // Sets `fails` and `fails_as_incomplete`.
  void Mark(Report& report) const;

  // Budgets for classes that no checked report has, in one line each, with the
  // nearest class there is: what is never checked never fails.
  std::vector<std::string> UnknownClasses() const;

  const std::vector<Budget>& budgets() const { return budgets_; }
  // Whoever fails on inversions judges them by the rule of the order.
  bool names_order() const { return Contains("order"); }
  // Nothing else looks for them.
  bool names_class_order() const;

 private:
  bool Names(const FindingRow& row) const;
  bool Contains(std::string_view kind) const;

  std::vector<std::string> kinds_;
  std::vector<Budget> budgets_;
  std::set<std::string> classes_;  // of the checked reports
};

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_FAIL_ON_H_
