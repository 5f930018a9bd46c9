// Which of the waits that stood when a log was read stand still.
//
// Problem: while a program runs, each thread's last records are read at another
// moment. What one waits for and what another holds may never have been so at
// one time, and a circle of such waits is no deadlock. But a wait that is there
// at a second look, taken after the whole of the first, stood at every moment
// between them, and with it all that its actor held: so waits that stand in
// both looks stood together.
//
// Cost: the hot blocks are read once more, if anybody waits at all.
#ifndef LOCKCHECK_LIB_ANALYSIS_SECOND_LOOK_H_
#define LOCKCHECK_LIB_ANALYSIS_SECOND_LOOK_H_

#include <vector>

#include "lib/analysis/observations.h"
#include "lib/log/recording.h"

namespace lockcheck::analysis {

// Drops the waits that have ended since the recording was opened. In the log of
// a program that is gone there are none. `states` by actor.
void KeepStandingWaits(const log::Recording& recording,
                       std::vector<EndState>& states);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_SECOND_LOOK_H_
