// Puts the segments that a scan found into the actors' streams.
//
// Problem: a segment may be in the file twice (a program killed between writing
// the sealed copy of a block and clearing the hot one), may be missing, and a
// damaged one may claim to be any actor's.
//
// Result: for every actor its segments by number, each number once.
#ifndef LOCKCHECK_LIB_LOG_STREAMS_H_
#define LOCKCHECK_LIB_LOG_STREAMS_H_

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "lib/log/block_scan.h"
#include "lib/log/recording.h"

namespace lockcheck::log {

struct Stream {
  uint32_t process = 0;  // raw id
  std::vector<Segment> segments;
  // Numbers that are missing below the last one: first and last of each gap.
  std::vector<std::pair<uint32_t, uint32_t>> gaps;
  uint64_t foreign = 0;  // dropped: they claim to be of another process
};

using Streams = std::map<uint32_t, Stream>;  // by raw actor id

Streams AssembleStreams(std::vector<FoundSegment> segments);

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_STREAMS_H_
