#include "lib/analysis/phase_order.h"

#include <algorithm>
#include <numeric>

namespace lockcheck::analysis {
namespace {

constexpr size_t kMaxBytes = 32 << 20;
constexpr size_t kMinCones = 64;  // more than a cycle has actors

}  // namespace

PhaseOrder::PhaseOrder(const Observations& observations)
    : actors_(observations.actor_count),
      alone_on_(observations.alone_on),
      edge_(actors_, kNone),
      capacity_(std::max(kMinCones,
                         kMaxBytes / (2 * sizeof(uint32_t) * (actors_ + 8)))) {
  Rows out, in;
  for (const PhaseEdge& e : observations.phase_edges) {
    out.push_back({e.from_actor, {e.from_phase, e.to_actor, e.to_phase}});
    in.push_back({e.to_actor, {e.to_phase, e.from_actor, e.from_phase}});
  }
  BuildRows(std::move(out), out_, out_begin_);
  BuildRows(std::move(in), in_, in_begin_);
}

void PhaseOrder::BuildRows(Rows rows, std::vector<Arrow>& arrows,
                           std::vector<uint32_t>& begin) const {
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first, a.second.phase) <
           std::pair(b.first, b.second.phase);
  });
  begin.assign(actors_ + 1, 0);
  for (const auto& [actor, arrow] : rows) {
    ++begin[actor + 1];
    arrows.push_back(arrow);
  }
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
}

const PhaseCone& PhaseOrder::ConeOf(ActorIndex actor, uint32_t phase) {
  const uint64_t key = static_cast<uint64_t>(actor) << 32 | phase;
  const auto found = cone_of_.find(key);
  if (found != cone_of_.end()) return cones_[found->second];
  size_t slot = cones_.size();
  if (slot < capacity_) {
    cones_.emplace_back();
  } else {
    slot = oldest_;
    oldest_ = (oldest_ + 1) % capacity_;
    cone_of_.erase(cones_[slot].key_);
  }
  cone_of_[key] = slot;
  PhaseCone& cone = cones_[slot];
  cone.key_ = key;
  cone.after_.assign(actors_, kNone);
  cone.before_.assign(actors_, kNone);
  SearchForward(actor, phase, cone.after_);
  SearchBackward(actor, phase, cone.before_);
  LeaveOutThoseAloneWith(actor, cone);
  return cone;
}

void PhaseOrder::LeaveOutThoseAloneWith(ActorIndex actor,
                                        PhaseCone& cone) const {
  if (alone_on_.empty() || alone_on_[actor] == kNone) return;
  for (ActorIndex other = 0; other < actors_; ++other) {
    if (alone_on_[other] == alone_on_[actor]) cone.after_[other] = 0;
  }
}

// Rows ascend by phase, so the arrows that can be followed from a phase are the
// end of the row (forward) or its beginning (backward). An actor is looked at
// again when a better phase of it is reached, and then only the arrows that
// this adds are followed: each is followed once.
void PhaseOrder::SearchForward(ActorIndex actor, uint32_t phase,
                               std::vector<uint32_t>& best) {
  queue_.assign(1, actor);
  best[actor] = phase;
  for (size_t i = 0; i < queue_.size(); ++i) {
    const ActorIndex a = queue_[i];
    if (edge_[a] == kNone) edge_[a] = out_begin_[a + 1];
    while (edge_[a] > out_begin_[a] && out_[edge_[a] - 1].phase >= best[a]) {
      const Arrow& arrow = out_[--edge_[a]];
      if (arrow.other_phase >= best[arrow.other]) continue;
      best[arrow.other] = arrow.other_phase;
      queue_.push_back(arrow.other);
    }
  }
  for (const ActorIndex a : queue_) edge_[a] = kNone;
}

void PhaseOrder::SearchBackward(ActorIndex actor, uint32_t phase,
                                std::vector<uint32_t>& best) {
  queue_.assign(1, actor);
  best[actor] = phase;
  for (size_t i = 0; i < queue_.size(); ++i) {
    const ActorIndex a = queue_[i];
    if (edge_[a] == kNone) edge_[a] = in_begin_[a];
    while (edge_[a] < in_begin_[a + 1] && in_[edge_[a]].phase <= best[a]) {
      const Arrow& arrow = in_[edge_[a]++];
      uint32_t& known = best[arrow.other];
      if (known != kNone && known >= arrow.other_phase) continue;
      known = arrow.other_phase;
      queue_.push_back(arrow.other);
    }
  }
  for (const ActorIndex a : queue_) edge_[a] = kNone;
}

}  // namespace lockcheck::analysis
