#include "lib/analysis/piece_edges.h"

#include <algorithm>

#include "lib/log/decode.h"

namespace lockcheck::analysis {
namespace {

class LastWait : public log::RecordVisitor {
 public:
  void OnAct() { ended_.reset(); }
  void OnBlock(const log::BlockRecord& block) { block_ = block; }
  void OnUnblock(model::Outcome outcome, uint64_t ticks) {
    if (outcome == model::Outcome::kAcquired && !block_.join) {
      ended_ = EndedWait{block_.object, ticks};
    }
  }
  std::optional<EndedWait> ended() const { return ended_; }

 private:
  log::BlockRecord block_;
  std::optional<EndedWait> ended_;
};

class BeginOf : public log::RecordVisitor {
 public:
  void OnSegment(const log::SegmentHeader& header) { ticks_ = header.ticks; }
  uint64_t ticks() const { return ticks_; }

 private:
  uint64_t ticks_ = 0;
};

}  // namespace

std::optional<EndedWait> WaitAtEnd(const log::Segment& segment) {
  LastWait last;
  log::DecodeSegment(segment.words, last);
  return last.ended();
}

uint64_t BeginTicks(const log::Segment& segment) {
  if (segment.words.empty()) return 0;
  const size_t header = log::WordsOf(segment.words[0]);
  BeginOf begin;
  log::DecodeSegment(
      segment.words.first(std::min(header, segment.words.size())), begin);
  return begin.ticks();
}

}  // namespace lockcheck::analysis
