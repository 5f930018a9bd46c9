#include "lib/analysis/task_pools.h"

#include "absl/container/flat_hash_map.h"

namespace lockcheck::analysis {
namespace {

bool BeginsWithSlot(const Trace& trace, const TraceActor& actor) {
  if (actor.events.empty() || !actor.forked_by.known()) return false;
  const Event& first = actor.events.front();
  return first.kind == EventKind::kTake &&
         model::IsSlots(trace.objects[first.object].kind);
}

// Into which whoever forked it put it next; kNone: into none.
ObjectIndex QueueOf(const Trace& trace, const TraceActor& actor) {
  if (!actor.forked_by.known()) return kNone;
  const auto& events = trace.actors[actor.forked_by.actor].events;
  const size_t at = actor.forked_by.index + size_t{1};
  if (at >= events.size() || events[at].kind != EventKind::kPost ||
      events[at].post != model::Post::kPut) {
    return kNone;
  }
  return events[at].object;
}

}  // namespace

TaskPools::TaskPools(const Trace& trace)
    : pool_(trace.actors.size(), kNone), before_(trace.actors.size(), kNone) {
  FindPools(trace);
  if (!has_tasks_) return;
  for (const TraceActor& submitter : trace.actors) {
    absl::flat_hash_map<ObjectIndex, ActorIndex> last;
    for (const Event& e : submitter.events) {
      if (e.kind != EventKind::kFork || pool_[e.object] == kNone) continue;
      const auto [row, is_first] = last.try_emplace(pool_[e.object], e.object);
      if (is_first) continue;
      before_[e.object] = row->second;
      row->second = e.object;
    }
  }
}

void TaskPools::FindPools(const Trace& trace) {
  absl::flat_hash_map<ObjectIndex, ObjectIndex> pool_of_queue;
  for (ActorIndex a = 0; a < trace.actors.size(); ++a) {
    if (!BeginsWithSlot(trace, trace.actors[a])) continue;
    has_tasks_ = true;
    pool_[a] = trace.actors[a].events.front().object;
    const ObjectIndex queue = QueueOf(trace, trace.actors[a]);
    if (queue != kNone) pool_of_queue[queue] = pool_[a];
  }
  if (!has_tasks_) return;
  for (ActorIndex a = 0; a < trace.actors.size(); ++a) {
    if (!trace.actors[a].events.empty()) continue;
    const auto row = pool_of_queue.find(QueueOf(trace, trace.actors[a]));
    if (row != pool_of_queue.end()) pool_[a] = row->second;
  }
}

}  // namespace lockcheck::analysis
