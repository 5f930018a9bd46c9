// The lock order graph in Graphviz's language: a box per lock class, an arrow
// from what was held to what was asked for. Edges on a cycle are red; requests
// that only ever gave up are dashed.
#ifndef LOCKCHECK_LIB_REPORT_DOT_H_
#define LOCKCHECK_LIB_REPORT_DOT_H_

#include <string>

#include "lib/report/report.h"

namespace lockcheck::report {

// Without `all`, only the edges that lie on a cycle.
std::string Dot(const Report& report, bool all);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_DOT_H_
