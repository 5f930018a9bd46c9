// Makes the Report from what the analyses found.
//
// Problem: analyses speak in indices and know no text; people read names,
// functions and lines. Everything that turns one into the other happens here,
// once, so that no output form has an opinion of its own.
//
// Cost: linear in the recording's tables, dependencies and findings; every
// address is resolved once. The Report owns all it shows: the recording may be
// closed afterwards.
#ifndef LOCKCHECK_LIB_REPORT_BUILD_H_
#define LOCKCHECK_LIB_REPORT_BUILD_H_

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"
#include "lib/analysis/statistics.h"
#include "lib/log/recording.h"
#include "lib/report/report.h"
#include "lib/report/sites.h"

namespace lockcheck::report {

struct BuildInput {
  const log::Recording& recording;
  const analysis::Observations& observations;
  const analysis::Findings& findings;
  const analysis::Statistics& statistics;
  Resolve resolve;
  FindVariable find_variable = nullptr;  // without it, none is known
  uint32_t actor = 0;                    // its id; 0: none is asked for
  bool classes = false;  // look for lock classes that are taken in both orders
};

// Findings with the same id are merged: the first stays, or the first in which
// the actor that is asked for has a part; the counts add.
Report Build(const BuildInput& input);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_BUILD_H_
