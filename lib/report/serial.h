// How far a lock class keeps a run from being parallel: the share of the run
// for which one of its locks was held, and what the run could gain at most if
// nobody had waited for them. docs/analysis.md has the formulas, and what they
// assume.
#ifndef LOCKCHECK_LIB_REPORT_SERIAL_H_
#define LOCKCHECK_LIB_REPORT_SERIAL_H_

#include "lib/analysis/statistics.h"
#include "lib/report/naming.h"
#include "lib/report/report.h"

namespace lockcheck::report {

// Fills these columns of every class; the others must have been filled.
void FillSerial(const analysis::Statistics& statistics, const Naming& naming,
                Report& report);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_SERIAL_H_
