#include "lib/analysis/second_look.h"

#include <algorithm>
#include <optional>
#include <span>

#include "absl/container/flat_hash_map.h"
#include "lib/log/decode.h"

namespace lockcheck::analysis {
namespace {

// The wait that stands at a segment's end.
class WaitAtEnd : public log::RecordVisitor {
 public:
  // Ticks of its beginning; 0: it began before this segment.
  const std::optional<uint64_t>& since() const { return since_; }
  uint32_t actor() const { return actor_; }
  uint32_t number() const { return number_; }

  void OnSegment(const log::SegmentHeader& h) {
    actor_ = h.actor;
    number_ = h.number;
  }
  void OnBlock(const log::BlockRecord& block) { since_ = block.ticks; }

  void OnAct() { since_.reset(); }
  void OnUnblock(model::Outcome, uint64_t) { since_.reset(); }
  void OnJoin(uint32_t, uint64_t) { since_.reset(); }

 private:
  uint32_t actor_ = 0, number_ = 0;
  std::optional<uint64_t> since_ = 0;
};

WaitAtEnd WaitOf(std::span<const uint32_t> segment) {
  WaitAtEnd wait;
  log::DecodeSegment(segment, wait);
  return wait;
}

// Each actor's last segment in a hot block, by the actor's id.
using Latest = absl::flat_hash_map<uint32_t, WaitAtEnd>;

Latest LookAgain(const log::Recording& recording) {
  Latest latest;
  recording.LookAgain([&](std::span<const uint32_t> segment) {
    const WaitAtEnd now = WaitOf(segment);
    const auto [it, is_new] = latest.try_emplace(now.actor(), now);
    if (!is_new && now.number() > it->second.number()) it->second = now;
  });
  return latest;
}

bool Stands(const log::Actor& actor, const Latest& latest) {
  if (actor.segments.empty()) return false;
  const log::Segment& last = actor.segments.back();
  const auto now = latest.find(actor.id);
  // Its block has been sealed since, or it is the last one of a thread that is
  // gone.
  if (now == latest.end()) return !last.hot;
  if (now->second.number() != last.number) {
    return now->second.number() < last.number;
  }
  return now->second.since() == WaitOf(last.words).since();
}

}  // namespace

void KeepStandingWaits(const log::Recording& recording,
                       std::vector<EndState>& states) {
  if (std::none_of(states.begin(), states.end(),
                   [](const EndState& s) { return s.wait.has_value(); })) {
    return;
  }
  const Latest latest = LookAgain(recording);
  for (ActorIndex actor = 0; actor < states.size(); ++actor) {
    if (states[actor].wait && !Stands(recording.actors[actor], latest)) {
      states[actor].wait.reset();
    }
  }
}

}  // namespace lockcheck::analysis
