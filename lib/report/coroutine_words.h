// What is said of coroutines that keep a thread, or are kept up with what
// threads wait for: rules lock-across-await, blocking-in-coroutine, long-run
// and carrier.
#ifndef LOCKCHECK_LIB_REPORT_COROUTINE_WORDS_H_
#define LOCKCHECK_LIB_REPORT_COROUTINE_WORDS_H_

#include <string>

#include "lib/analysis/findings.h"
#include "lib/report/report.h"

namespace lockcheck::report {

bool IsAboutCarriers(analysis::Rule rule);
std::string CarrierMessage(const Report& report,
                           const analysis::Finding& finding,
                           const FindingRow& row);
std::string WhyCarrier(const Report& report, const analysis::Finding& finding,
                       const FindingRow& row);
std::string AdviceForCarrier(const Report& report,
                             const analysis::Finding& finding,
                             const FindingRow& row);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_COROUTINE_WORDS_H_
