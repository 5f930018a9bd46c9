// The report for people: findings first, each with all that is needed to mend
// it, then what stands still, then which locks cost the time.
#ifndef LOCKCHECK_LIB_REPORT_TEXT_H_
#define LOCKCHECK_LIB_REPORT_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "lib/report/names.h"
#include "lib/report/report.h"

namespace lockcheck::report {

struct TextOptions {
  bool colour = false;
  bool all = false;  // what IsHidden() too
  // Nothing but the deadlocks of this verdict, and of this actor if given.
  std::optional<analysis::Verdict> only = std::nullopt;
  uint32_t actor = 0;            // its id: 3 for A3; 0: any
  size_t top = 10;               // rows of each table; 0: all
  size_t width = 0;              // columns that there are; 0: any number
  const Column* sort = nullptr;  // null: time suffered
};

std::string Text(const Report& report, const TextOptions& options);

// Refuted, suppressed or in the baseline, so shown only if `all` is asked for.
bool IsHidden(const FindingRow& row);

// Whether `only` and `actor` let the finding be shown.
bool IsWanted(const Report& report, const FindingRow& row,
              const TextOptions& options);

// One log's header as the first lines of Text(); for other commands. `columns`
// there are; 0: any number.
std::string HeaderText(const Report& report, bool colour, size_t columns);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_TEXT_H_
