// Cuts a recording down to what happened after a moment.
//
// Problem: a test wants to know of its own events only, in a log that goes on
// from test to test. So the writer's place in each actor's stream is noted when
// the test begins; what comes before is left out here, and what the actor held
// there becomes the beginning of its stream, as the format has it at the
// beginning of every segment. All analyses then work as on any recording.
#ifndef LOCKCHECK_LIB_LOG_SINCE_H_
#define LOCKCHECK_LIB_LOG_SINCE_H_

#include <cstdint>
#include <span>

#include "lib/log/recording.h"

namespace lockcheck::log {

// A place in an actor's stream: so many words of that segment come before it.
struct StreamMark {
  uint32_t actor = 0;    // raw id
  uint32_t segment = 0;  // number
  uint32_t words = 0;    // from the kSegment record on
};

// Of the actors that have no mark, those are kept whole that began at `ticks`
// or later; the others had ended, and nothing of them is kept. A mark that no
// segment has (a ring has overwritten it) keeps what there is. Cost: decodes
// one segment for each mark.
void KeepSince(Recording& recording, uint64_t ticks,
               std::span<const StreamMark> marks);

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_SINCE_H_
