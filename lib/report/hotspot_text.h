// The contention tables for people: per lock class, site and actor, always the
// same columns (names.h), and who blocked whom.
#ifndef LOCKCHECK_LIB_REPORT_HOTSPOT_TEXT_H_
#define LOCKCHECK_LIB_REPORT_HOTSPOT_TEXT_H_

#include <string>

#include "lib/report/layout.h"
#include "lib/report/report.h"
#include "lib/report/text.h"

namespace lockcheck::report {

std::string HotspotText(const Report& report, const TextOptions& options,
                        const Painter& painter);
std::string BlameText(const Report& report, const TextOptions& options,
                      const Painter& painter);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_HOTSPOT_TEXT_H_
