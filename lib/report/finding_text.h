// One finding for people, in the order in which it is needed: the verdict and a
// sentence; per actor what it holds and what it asks for, with stacks; the
// schedule that leads to it, if there is one; why; what to do; how to suppress
// it. `all_steps`: of the schedule.
#ifndef LOCKCHECK_LIB_REPORT_FINDING_TEXT_H_
#define LOCKCHECK_LIB_REPORT_FINDING_TEXT_H_

#include <string>

#include "lib/report/layout.h"
#include "lib/report/report.h"

namespace lockcheck::report {

std::string FindingText(const Report& report, const FindingRow& row,
                        size_t number, const Painter& painter,
                        size_t columns = 0, bool all_steps = false);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_FINDING_TEXT_H_
