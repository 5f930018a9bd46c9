// The state each actor was in when the log ended: ended, gone with its process,
// waiting, or running, and what it held.
//
// Problem: a lock that somebody else unlocked is no longer held, but the owner
// only records that at its next event, which may never come; the misuse in the
// other's stream tells it instead. And a log that is read while it is written
// shows each actor at another moment: last_holder.h and second_look.h keep what
// was so at one.
#ifndef LOCKCHECK_LIB_ANALYSIS_END_STATE_H_
#define LOCKCHECK_LIB_ANALYSIS_END_STATE_H_

#include <span>
#include <vector>

#include "lib/analysis/piece.h"

namespace lockcheck::analysis {

// One state per actor of the recording. `pieces` by actor and in stream order.
std::vector<EndState> EndStates(const log::Recording& recording,
                                std::span<const Piece> pieces);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_END_STATE_H_
