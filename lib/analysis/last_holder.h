// Who holds a lock that several actors seem to hold.
//
// Problem: while a program runs, each thread's last records are read at another
// moment, so a lock that went from hand to hand meanwhile seems to be held by
// many. An exclusive lock counts its hand-overs, and every record that follows
// one has the new count: the seeming holder with the highest count is the one
// that came last, and the others have let go. A stream without a count shows
// the first holder of all, or has lost the record (in a ring): count 0. Among
// equals the one whose hot block was copied last held the lock when those of
// the others had been copied.
//
// Cost: nothing unless several seem to hold one lock; then a search of their
// streams for the last count, from their ends.
#ifndef LOCKCHECK_LIB_ANALYSIS_LAST_HOLDER_H_
#define LOCKCHECK_LIB_ANALYSIS_LAST_HOLDER_H_

#include <vector>

#include "lib/analysis/observations.h"
#include "lib/log/recording.h"

namespace lockcheck::analysis {

// Takes exclusive holds from all but the last holder. `states` by actor.
void KeepLastHolders(const log::Recording& recording,
                     std::vector<EndState>& states);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_LAST_HOLDER_H_
