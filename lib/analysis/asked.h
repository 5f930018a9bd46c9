// What every actor asked for, over all its pieces: equal requests and equal
// dependencies made one, in an order that does not depend on the pieces.
#ifndef LOCKCHECK_LIB_ANALYSIS_ASKED_H_
#define LOCKCHECK_LIB_ANALYSIS_ASKED_H_

#include <vector>

#include "lib/analysis/piece.h"

namespace lockcheck::analysis {

// Moves requests and dependencies out of `pieces`, which are by actor and in
// stream order. Cost: n log n of their number, actors in parallel.
void MergeAsked(const log::Recording& recording, unsigned threads,
                std::vector<Piece>& pieces, Observations& observations);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_ASKED_H_
