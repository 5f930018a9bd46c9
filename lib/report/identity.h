// A finding's stable id and what suppressions know it by.
//
// Problem: a cycle is found at different ends in different runs, with other
// addresses, other actors, other line numbers; yet a baseline or a suppression
// must know it again. Both are made of the rule (and a budget's metric), the
// stable names of the lock classes and the functions of the sites, in the
// rotation that sorts first, without the numbers that compilers give to
// lambdas. A refuted finding has another id than the same finding not refuted.
#ifndef LOCKCHECK_LIB_REPORT_IDENTITY_H_
#define LOCKCHECK_LIB_REPORT_IDENTITY_H_

#include "lib/report/report.h"

namespace lockcheck::report {

// Sets row.id and row.suppression_keys (the best one to print first) from its
// rule, verdict, parts and objects and the tables of `report`.
void Identify(const Report& report, FindingRow& row);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_IDENTITY_H_
