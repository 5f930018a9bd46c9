// What a piece of a stream has to know of the segments before and behind it, so
// that where the stream is cut changes nothing.
//
// Cost: that of reading one segment and the head of another.
#ifndef LOCKCHECK_LIB_ANALYSIS_PIECE_EDGES_H_
#define LOCKCHECK_LIB_ANALYSIS_PIECE_EDGES_H_

#include <cstdint>
#include <optional>

#include "lib/log/recording.h"

namespace lockcheck::analysis {

struct EndedWait {
  uint32_t object = 0;  // raw id of the lock, which is the actor's
  uint64_t ticks = 0;
};

// If the segment ends with the end of a wait, whose acquisition follows.
std::optional<EndedWait> WaitAtEnd(const log::Segment& segment);

// When the segment begins.
uint64_t BeginTicks(const log::Segment& segment);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_PIECE_EDGES_H_
