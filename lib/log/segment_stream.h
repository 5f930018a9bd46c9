// One actor's records on their way into a BlockFile, as segments.
//
// Problem: segments say at their beginning what the actor holds, so each costs
// something and a block wastes what its next segment does not fit into; but an
// actor that waits for a block to be full keeps 64 KiB, and a trace may have a
// million actors. So a segment is finished when it has kilobytes, or, with many
// holds, when it has as much as its beginning; an actor that does little keeps
// little.
//
// Not thread-safe.
#ifndef LOCKCHECK_LIB_LOG_SEGMENT_STREAM_H_
#define LOCKCHECK_LIB_LOG_SEGMENT_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "lib/log/block_file.h"
#include "lib/log/decode.h"

namespace lockcheck::log {

class SegmentStream {
 public:
  // A segment of so many holds, and a record behind them, fit into a block.
  static constexpr size_t kMostHolds = 4000;

  SegmentStream(uint32_t actor, uint32_t process)
      : actor_(actor), process_(process) {}

  // `held`: what the actor holds before the record, outermost first, kMostHolds
  // at most. `stamp`: for the segment's beginning, ticks and nanoseconds alike.
  absl::Status Add(std::span<const uint32_t> record,
                   std::span<const RawHold> held, uint64_t stamp,
                   BlockFile& file);
  absl::Status Flush(BlockFile& file);

 private:
  void Begin(std::span<const RawHold> held, uint64_t stamp);

  const uint32_t actor_, process_;
  uint32_t number_ = 0;
  size_t full_ = 0;  // words at which the segment is finished
  std::vector<uint32_t> words_;
};

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_SEGMENT_STREAM_H_
