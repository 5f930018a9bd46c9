// Suppressions: findings that somebody has looked at and wants to hear no more
// of.
//
// A file has one a line, `kind:pattern  # comment`:
//   kind     a rule (lock-order, unlock-unheld, ...), a verdict (possible, ...)
//            or a kind (deadlock, misuse, hazard, contention)
//   pattern  matched against the whole of: the finding's id; its lock classes
//            ("a -> b"), together or one of them; its sites' functions. `*` is
//            any text, `?` any one character, everything else is itself.
//   comment  required: why it is safe
// Empty lines and lines that begin with # say nothing.
#ifndef LOCKCHECK_LIB_REPORT_SUPPRESS_H_
#define LOCKCHECK_LIB_REPORT_SUPPRESS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/report/report.h"

namespace lockcheck::report {

struct Suppression {
  std::string kind, pattern, comment;
  size_t line = 0;  // in its file, from 1
  uint64_t used = 0;
};

class Suppressions {
 public:
  // `name` stands in error messages: "name:3: ...".
  static absl::StatusOr<Suppressions> Parse(std::string_view text,
                                            const std::string& name);
  // The file at `path`; empty: none. Errors are one line that names the file.
  static absl::StatusOr<Suppressions> Read(const std::string& path);
  // Marks the findings of `report` that match.
  void Apply(Report& report);
  // One line for each that has matched nothing in any report so far.
  std::vector<std::string> Unused() const;

 private:
  std::string name_;
  std::vector<Suppression> rows_;
};

// Gives each finding the line that suppresses it and no other one of the
// report: its lock classes, if they can be written into a pattern and say which
// finding is meant, else its id. To be called when all findings are there.
// Cost: linear in findings and their keys.
void ChooseSuppressions(Report& report);

// Linear in text times stars; no recursion.
bool GlobMatches(std::string_view pattern, std::string_view text);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_SUPPRESS_H_
