// Makes a log's file of segments that are made elsewhere, one after the other:
// for who translates into the format, and not for who records.
//
// Problem: the runtime's writer gives each thread a block of its own, in a file
// that others write too and that must be readable at every moment. Who
// translates has any number of actors, and nobody reads before it is done. So
// all segments go into one row of blocks, each sealed when it is full, and the
// header is written last: until then the file is no log.
//
// Memory: one block. Not thread-safe.
#ifndef LOCKCHECK_LIB_LOG_BLOCK_FILE_H_
#define LOCKCHECK_LIB_LOG_BLOCK_FILE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "lib/log/format.h"

namespace lockcheck::log {

// Words of a block's records.
inline constexpr size_t kRecordWords = kBlockWords - kHeaderWords;

// How many ids of each kind were given out, and when the log begins.
struct LogFacts {
  uint64_t start_unix_ns = 0, start_monotonic_ns = 0, start_ticks = 0;
  uint32_t objects = 0, sites = 0, actors = 0, processes = 0, places = 0;
  uint8_t recording_id[16] = {};
};

class BlockFile {
 public:
  // Puts bytes at an offset of the file, which grows as needed.
  using Write = std::function<absl::Status(uint64_t at, std::string_view)>;
  explicit BlockFile(Write write);

  // `segment` is a kSegment record and what follows it, kRecordWords at most.
  absl::Status Append(std::span<const uint32_t> segment);
  absl::Status Finish(const LogFacts& facts);

 private:
  absl::Status Seal();

  const Write write_;
  uint64_t next_block_ = 1;
  std::vector<uint32_t> records_;  // of the block that is being filled
};

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_BLOCK_FILE_H_
