// What is said of lock classes that are taken in both orders.
#ifndef LOCKCHECK_LIB_REPORT_CLASS_WORDS_H_
#define LOCKCHECK_LIB_REPORT_CLASS_WORDS_H_

#include <string_view>

#include "lib/report/report.h"

namespace lockcheck::report {

inline constexpr std::string_view kClassOrderRule = "class-order";

// Sets row.message, row.why and row.advice from its parts: one, of a class that
// is nested in itself, or those of a cycle.
void ExplainClassOrder(const Report& report, FindingRow& row);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_CLASS_WORDS_H_
