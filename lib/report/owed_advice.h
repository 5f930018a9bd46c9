// What to do where somebody waits for what is owed to it (`owed` in lib/model),
// nobody is left to end that, and no lock, end or worker is to blame; or nobody
// ever did.
#ifndef LOCKCHECK_LIB_REPORT_OWED_ADVICE_H_
#define LOCKCHECK_LIB_REPORT_OWED_ADVICE_H_

#include <string>

#include "lib/report/report.h"

namespace lockcheck::report {

// Empty: another waits for what one of them has, or it has not happened.
std::string AdviceForOwed(const Report& report, const FindingRow& row);

// Nobody has ever signalled what the only part of the finding waits for; it is
// owed to it or not.
std::string AdviceForNeverSignalled(const Report& report,
                                    const FindingRow& row);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_OWED_ADVICE_H_
