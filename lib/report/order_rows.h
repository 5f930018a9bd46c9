// The orders that a finding is about, as rows of the report.
#ifndef LOCKCHECK_LIB_REPORT_ORDER_ROWS_H_
#define LOCKCHECK_LIB_REPORT_ORDER_ROWS_H_

#include "lib/analysis/findings.h"
#include "lib/log/recording.h"
#include "lib/report/naming.h"
#include "lib/report/report.h"
#include "lib/report/sites.h"

namespace lockcheck::report {

// Fills row.declared, row.ordered_by and what belongs to that.
void FillOrders(const analysis::Finding& finding,
                const log::Recording& recording, Naming& naming,
                SiteTable& sites, FindingRow& row);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_ORDER_ROWS_H_
