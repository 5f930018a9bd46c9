// Hotspots: the statistics of locks, sites and actors as rows, with the locks
// of a class and the addresses of a user frame added up.
#ifndef LOCKCHECK_LIB_REPORT_USAGE_H_
#define LOCKCHECK_LIB_REPORT_USAGE_H_

#include "lib/analysis/statistics.h"
#include "lib/report/naming.h"
#include "lib/report/report.h"
#include "lib/report/sites.h"

namespace lockcheck::report {

// Fills the usage of every class, site and actor, and report.blame. The tables
// must have been named; report.duration_ns and exact_holds must be set. Sites
// that nothing else mentioned are added.
void FillUsage(const analysis::Statistics& statistics, const Naming& naming,
               SiteTable& sites, Report& report);

Times TimesOf(const analysis::Histogram& histogram);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_USAGE_H_
