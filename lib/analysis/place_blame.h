// Where holders had taken what others waited for, if the waits do not say it.
//
// Problem: a wait names the owner that it saw and where that one had taken the
// lock. A lock that is handed over has an owner that is not yet awake, so its
// place is in no memory that the waiter could look at; but it is in that
// owner's own stream, as the place of its wait. And of permits there is no one
// owner; but if all were taken at one place, those who had them took them
// there.
//
// Cost: linear in what was left open, times a binary search.
#ifndef LOCKCHECK_LIB_ANALYSIS_PLACE_BLAME_H_
#define LOCKCHECK_LIB_ANALYSIS_PLACE_BLAME_H_

#include <span>

#include "lib/analysis/piece.h"

namespace lockcheck::analysis {

// `pieces` by actor and in stream order. Adds to totals.blame.
void PlaceBlame(const log::Recording& recording, std::span<const Piece> pieces,
                Totals& totals);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_PLACE_BLAME_H_
