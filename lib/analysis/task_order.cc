#include "lib/analysis/task_order.h"

namespace lockcheck::analysis {

bool KeepsOrderOfTasks(const Trace& trace, const TraceOrder& order,
                       std::span<const TraceNode* const> waits,
                       const Reordering& part, Reordering& before) {
  ObjectIndex pool = kNone;
  for (const TraceNode* node : waits) {
    if (node->kind != EventKind::kTake) continue;
    const EventRef submitted = trace.actors[node->actor].forked_by;
    const ObjectActs& acts = order.Of(node->object);
    if (acts.role != Role::kPermits || node->at.front() != 0 ||
        !submitted.known()) {
      continue;
    }
    if (node->object != pool) {
      pool = node->object;
      before.Clear();
      for (const EventRef take : acts.takes) {
        const EventRef other = trace.actors[take.actor].forked_by;
        if (take.index == 0 && part.Has(take) && other.known() &&
            !before.Grow(other)) {
          return false;
        }
      }
    }
    if (before.Has(submitted)) return false;
  }
  return true;
}

}  // namespace lockcheck::analysis
