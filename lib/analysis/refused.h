// Deadlocks that happened and did not stay: with on_deadlock=throw the request
// that closes one is refused, and what its actor then lets go of frees the
// others.
//
// Problem: nobody waits any more at the log's end, so such a deadlock would
// look like one that is merely possible. A refused request leaves a wait that
// ended as interrupted. Who else waited at that moment, and with what held, is
// in the streams of the others, so these are read once more, and only then.
// That moment is judged as the end of a log is (stuck.h). So is that at which a
// request with a time limit gave up: others may have waited in a cycle with it.
//
// Cost: nothing without a request that was refused, or gave up with something
// held; else one more pass over the log, and
// for each of at most kMostRefusals of them what waited then. Of one actor, one
// lock and one place the first refusal counts, and the first 16 that gave up.
#ifndef LOCKCHECK_LIB_ANALYSIS_REFUSED_H_
#define LOCKCHECK_LIB_ANALYSIS_REFUSED_H_

#include <cstddef>
#include <span>
#include <vector>

#include "lib/analysis/observations.h"
#include "lib/analysis/piece.h"
#include "lib/log/recording.h"

namespace lockcheck::analysis {

inline constexpr size_t kMostRefusals = 1'000;
// Fewer of them where there are very many actors.
inline constexpr size_t kMostActorsJudged = 20'000'000;

std::vector<RefusedMoment> RefusedMoments(const log::Recording& recording,
                                          std::span<const Piece> pieces);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_REFUSED_H_
