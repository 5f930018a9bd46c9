// Puts the segments that a scan found into the actors' streams.
//
// Problem: a segment may be in the file twice (a program killed between writing
// the sealed copy of a block and clearing the hot one), may be missing, and a
// damaged one may claim to be any actor's. And the acquisition in a hot block's
// pending entry has to find its actor, and be dropped if a record shows it.
//
// Result: for every actor its segments by number, each number once.
#ifndef LOCKCHECK_LIB_LOG_STREAMS_H_
#define LOCKCHECK_LIB_LOG_STREAMS_H_

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "lib/log/block_scan.h"
#include "lib/log/log_file.h"
#include "lib/log/recording.h"

namespace lockcheck::log {

struct Stream {
  uint32_t process = 0;  // raw id
  std::vector<Segment> segments;
  // Numbers that are missing below the last one: first and last of each gap.
  std::vector<std::pair<uint32_t, uint32_t>> gaps;
  uint64_t foreign = 0;  // dropped: they claim to be of another process
  bool has_pending = false;
  AcquireRecord pending;
};

using Streams = std::map<uint32_t, Stream>;  // by raw actor id

// `ended` says of a raw actor id whether its end is recorded.
Streams AssembleStreams(std::vector<FoundSegment> segments,
                        std::span<const HotBlock> hot_blocks,
                        const absl::flat_hash_set<uint32_t>& ended);

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_STREAMS_H_
