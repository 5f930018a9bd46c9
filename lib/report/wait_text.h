// The waits that stand at the log's end, or now, as a table for people, and
// below it what the waiting actors hold meanwhile: whoever wants one of those
// locks is held up, too.
#ifndef LOCKCHECK_LIB_REPORT_WAIT_TEXT_H_
#define LOCKCHECK_LIB_REPORT_WAIT_TEXT_H_

#include <string>

#include "lib/report/layout.h"
#include "lib/report/report.h"
#include "lib/report/text.h"

namespace lockcheck::report {

// Empty if nobody waits.
std::string WaitText(const Report& report, const TextOptions& options,
                     const Painter& painter);

// Behind "for": "2.10 s" in a program that runs or has recorded its end, "at
// least 2.10 s, to the log's last record" in one that did not; "an unknown
// time" if no later time is in the log.
std::string HowLong(const Report& report, const StandingWaitRow& wait);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_WAIT_TEXT_H_
