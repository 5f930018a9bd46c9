// What is said of orders: those that a program declared and somebody broke, and
// why a cycle of them is refuted.
#ifndef LOCKCHECK_LIB_REPORT_ORDER_WORDS_H_
#define LOCKCHECK_LIB_REPORT_ORDER_WORDS_H_

#include <string>
#include <string_view>
#include <vector>

#include "lib/report/report.h"

namespace lockcheck::report {

inline constexpr std::string_view kDeclaredOrderRule = "declared-order";

// Sets row.message, row.why and row.advice of a finding of that rule: from its
// part, or, of a contradiction, from its declarations.
void ExplainDeclaredOrder(const Report& report, FindingRow& row);

// "index before journal, declared in main store.cc:12", each.
std::vector<std::string> DeclaredLines(const Report& report,
                                       const FindingRow& row);

// For row.reason.
std::string WhyRefuted(const Report& report, const FindingRow& row);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_ORDER_WORDS_H_
