// The schedule that leads into a deadlock, as a numbered list; and what a
// deadlock that is only possible lacks to have one.
#ifndef LOCKCHECK_LIB_REPORT_WITNESS_TEXT_H_
#define LOCKCHECK_LIB_REPORT_WITNESS_TEXT_H_

#include <string>
#include <vector>

#include "lib/report/report.h"

namespace lockcheck::report {

// One step a line, without line ends; then what each part asks for. Without
// `all` only the steps that matter, and how many are left out.
std::vector<std::string> WitnessLines(const Report& report,
                                      const FindingRow& row, bool all);

// A sentence without its full stop; empty if there is nothing to say.
std::string MissingFor(analysis::Doubt doubt);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_WITNESS_TEXT_H_
