// What to do about a finding, in a sentence.
#ifndef LOCKCHECK_LIB_REPORT_ADVICE_H_
#define LOCKCHECK_LIB_REPORT_ADVICE_H_

#include <string>

#include "lib/analysis/findings.h"
#include "lib/report/report.h"

namespace lockcheck::report {

// `row` has all but its words.
std::string Advice(const Report& report, const analysis::Finding& finding,
                   const FindingRow& row);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_ADVICE_H_
