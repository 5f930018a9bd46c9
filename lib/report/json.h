// The report for programs, as docs/report.schema.json describes it. Two-space
// indented UTF-8; bytes that are no UTF-8 become U+FFFD.
#ifndef LOCKCHECK_LIB_REPORT_JSON_H_
#define LOCKCHECK_LIB_REPORT_JSON_H_

#include <span>
#include <string>

#include "lib/report/report.h"

namespace lockcheck::report {

std::string Json(const Report& report);
// Several logs: {"schema", "summary", "reports": [...]}.
std::string JsonCollection(std::span<const Report> reports);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_JSON_H_
