// Findings in plain words: what happened or can happen, why we say so, and what
// to do about it. The only place that writes sentences about findings.
#ifndef LOCKCHECK_LIB_REPORT_WORDS_H_
#define LOCKCHECK_LIB_REPORT_WORDS_H_

#include "lib/analysis/findings.h"
#include "lib/report/report.h"

namespace lockcheck::report {

// Sets row.message, row.why and row.advice from its other fields.
void Explain(const Report& report, const analysis::Finding& finding,
             FindingRow& row);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_WORDS_H_
