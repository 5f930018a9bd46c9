// What to do about waits for signals, where no lock is held that could be let
// go of.
#ifndef LOCKCHECK_LIB_REPORT_SIGNAL_ADVICE_H_
#define LOCKCHECK_LIB_REPORT_SIGNAL_ADVICE_H_

#include <cstdint>
#include <string>

#include "lib/report/report.h"

namespace lockcheck::report {

// What whoever comes by may signal.
bool IsSignal(const Report& report, uint32_t object);

// Nothing is held that could be let go of, or taken earlier.
std::string AdviceForSignals(const Report& report, const FindingRow& row);

// Its end is all that others wait for, and it waits for a signal.
std::string AdviceForJoined(const Report& report, const FindingRow& row,
                            const PartRow& joined);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_SIGNAL_ADVICE_H_
