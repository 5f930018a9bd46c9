#include "lib/analysis/must_meet.h"

#include <cstddef>

namespace lockcheck::analysis {

std::optional<std::vector<EventRef>> FirstThatMeet(
    const TraceOrder& order, std::span<const TraceNode* const> requests,
    MustPrecede& must) {
  must.Clear();
  for (const TraceNode* node : requests) {
    for (const Hold& hold : node->held) {
      if (order.Of(hold.object).role == Role::kLock) {
        must.HoldAtEnd(node->actor, hold);
      }
    }
  }
  std::vector<size_t> instance(requests.size());
  for (const TraceNode* node : requests) must.Grow(node->actor, node->at[0]);
  for (bool moved = true; moved;) {
    moved = false;
    for (size_t i = 0; i < requests.size(); ++i) {
      const TraceNode& node = *requests[i];
      while (must.Has({node.actor, node.at[instance[i]]})) {
        moved = true;
        if (++instance[i] == node.at.size()) return std::nullopt;
      }
      if (moved) must.Grow(node.actor, node.at[instance[i]]);
    }
  }
  if (!must.is_possible()) return std::nullopt;
  std::vector<EventRef> times;
  for (size_t i = 0; i < requests.size(); ++i) {
    times.push_back({requests[i]->actor, requests[i]->at[instance[i]]});
  }
  return times;
}

}  // namespace lockcheck::analysis
