// The lock order graph, one edge per pair of lock classes.
//
// Problem: a program with a thousand accounts has a million edges between
// instances and one between classes; a person can read the latter. But whether
// an edge lies on a cycle is asked of the instances: taking a parent's lock and
// then a child's, both of one class, is an edge from a class to itself and no
// cycle. Cost: linear in dependencies times locks held.
#ifndef LOCKCHECK_LIB_REPORT_EDGES_H_
#define LOCKCHECK_LIB_REPORT_EDGES_H_

#include <vector>

#include "lib/analysis/observations.h"
#include "lib/report/naming.h"
#include "lib/report/report.h"
#include "lib/report/sites.h"

namespace lockcheck::report {

// Ordered by from, then to. Requests by and for the end of an actor are left
// out.
std::vector<EdgeRow> OrderEdges(const analysis::Observations& observations,
                                const Naming& naming, SiteTable& sites);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_EDGES_H_
