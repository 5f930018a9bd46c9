// What is particular to a kind of primitive: levels, permits, pools, the gil,
// joins. The columns that all have in common are in usage.h.
//
// Where a class has several objects, each row is of one of them, the one that
// did most: two queues of which one is full and one empty are not two that are
// half full.
#ifndef LOCKCHECK_LIB_REPORT_PRIMITIVE_ROWS_H_
#define LOCKCHECK_LIB_REPORT_PRIMITIVE_ROWS_H_

#include "lib/analysis/statistics.h"
#include "lib/log/recording.h"
#include "lib/report/naming.h"
#include "lib/report/report.h"

namespace lockcheck::report {

// Fills the particulars of every class, and report.joins. The usage of the
// classes must have been filled.
void FillPrimitiveRows(const analysis::Statistics& statistics,
                       const log::Recording& recording, const Naming& naming,
                       Report& report);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_PRIMITIVE_ROWS_H_
