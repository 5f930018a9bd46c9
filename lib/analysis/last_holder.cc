#include "lib/analysis/last_holder.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lib/log/decode.h"

namespace lockcheck::analysis {
namespace {

class CountOf : public log::RecordVisitor {
 public:
  explicit CountOf(uint32_t object) : object_(object) {}
  using log::RecordVisitor::OnSection;
  void OnSection(const log::AcquireRecord& a, const log::ReleaseRecord&) {
    OnAcquire(a);
  }
  void OnAcquire(const log::AcquireRecord& a) {
    if (a.object == object_) count_ = std::max(count_, a.handover);
  }
  uint32_t count() const { return count_; }

 private:
  const uint32_t object_;
  uint32_t count_ = 0;
};

// The last count that the stream shows; counts only grow.
uint32_t LastCount(const log::Recording& recording, ActorIndex actor,
                   uint32_t object) {
  const auto& segments = recording.actors[actor].segments;
  for (auto it = segments.rbegin(); it != segments.rend(); ++it) {
    CountOf count(object);
    log::DecodeSegment(it->words, count);
    if (count.count() != 0) return count.count();
  }
  return 0;
}

// Of two that seem to hold a lock, the later one has the greater rank.
using Rank = std::pair<uint32_t, uint64_t>;

Rank RankOf(const log::Recording& recording, ActorIndex actor,
            uint32_t object) {
  const auto& segments = recording.actors[actor].segments;
  const bool hot = !segments.empty() && segments.back().hot;
  return {LastCount(recording, actor, object), hot ? segments.back().block : 0};
}

bool IsExclusive(const Hold& hold, ObjectIndex object) {
  return hold.object == object && hold.mode == model::Mode::kExclusive;
}

void KeepLast(const log::Recording& recording, ObjectIndex object,
              const std::vector<ActorIndex>& holders,
              std::vector<EndState>& states) {
  std::vector<Rank> ranks;
  ranks.reserve(holders.size());
  for (const ActorIndex actor : holders) {
    ranks.push_back(RankOf(recording, actor, recording.objects[object].id));
  }
  const Rank last = *std::max_element(ranks.begin(), ranks.end());
  for (size_t i = 0; i < holders.size(); ++i) {
    if (ranks[i] == last) continue;
    std::erase_if(states[holders[i]].held,
                  [&](const Hold& h) { return IsExclusive(h, object); });
  }
}

}  // namespace

void KeepLastHolders(const log::Recording& recording,
                     std::vector<EndState>& states) {
  absl::flat_hash_map<ObjectIndex, std::vector<ActorIndex>> holders;
  for (ActorIndex actor = 0; actor < states.size(); ++actor) {
    for (const Hold& hold : states[actor].held) {
      if (!IsExclusive(hold, hold.object)) continue;
      std::vector<ActorIndex>& of = holders[hold.object];
      if (of.empty() || of.back() != actor) of.push_back(actor);
    }
  }
  for (const auto& [object, of] : holders) {
    if (of.size() > 1 && object < recording.objects.size()) {
      KeepLast(recording, object, of, states);
    }
  }
}

}  // namespace lockcheck::analysis
