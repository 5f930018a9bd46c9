// Shared holds that are asked for within a shared hold of the same lock.
//
// Problem: between the two a writer may begin to wait. A lock that stops new
// readers while a writer waits (the standard leaves it open, and forbids the
// second request) then never lets the inner one in: the reader waits for the
// writer, and the writer for the reader. lockcheck's own locks and libstdc++'s
// on Linux let readers go first, so it is a hazard and no deadlock.
//
// Found only if another actor asks for the lock exclusively at a time that
// fork and join do not put before or after, and not under a lock that keeps the
// two apart. Cost: one pass over the dependencies; more only for what is found.
#ifndef LOCKCHECK_LIB_ANALYSIS_RECURSIVE_READ_H_
#define LOCKCHECK_LIB_ANALYSIS_RECURSIVE_READ_H_

#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

// Appends to `findings`: one for each lock and pair of sites, whoever reads.
// parts[0] reads twice, parts[1] is a writer.
void FindRecursiveReads(const Observations& observations,
                        std::vector<Finding>& findings);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_RECURSIVE_READ_H_
