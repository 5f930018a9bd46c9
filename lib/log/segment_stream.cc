#include "lib/log/segment_stream.h"

#include <algorithm>
#include <utility>

#include "lib/log/format.h"
#include "lib/log/made_record.h"

namespace lockcheck::log {

absl::Status SegmentStream::Add(std::span<const uint32_t> record,
                                std::span<const RawHold> held, uint64_t stamp,
                                BlockFile& file) {
  if (!words_.empty() && words_.size() + record.size() > full_) {
    if (absl::Status flushed = Flush(file); !flushed.ok()) return flushed;
  }
  if (words_.empty()) Begin(held, stamp);
  words_.insert(words_.end(), record.begin(), record.end());
  return absl::OkStatus();
}

absl::Status SegmentStream::Flush(BlockFile& file) {
  if (words_.empty()) return absl::OkStatus();
  absl::Status appended = file.Append(words_);
  words_.clear();
  return appended;
}

void SegmentStream::Begin(std::span<const RawHold> held, uint64_t stamp) {
  constexpr size_t kEnough = 2048;
  MadeRecord record(Op::kSegment, 0, {actor_, process_, number_++});
  record.U64(stamp).U64(stamp).Word(static_cast<uint32_t>(held.size()));
  for (const RawHold& hold : held) {
    const bool reads = hold.mode == model::Mode::kShared;
    record.Word(hold.object).Word(hold.site | (reads ? kHeldShared : 0));
  }
  words_ = record.words();
  full_ = words_.size() + std::max(kEnough, words_.size());
}

}  // namespace lockcheck::log
