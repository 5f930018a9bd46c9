#include "lib/analysis/can_be_run.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/version_order.h"

namespace lockcheck::analysis {
namespace {

class Run {
 public:
  Run(const Trace& trace, const TraceOrder& order,
      std::span<const uint32_t> length)
      : trace_(trace),
        order_(order),
        length_(length),
        versions_(trace, length),
        at_(length.size()) {
    for (ActorIndex a = 0; a < length.size(); ++a) {
      if (length[a] == 0) continue;
      left_.push_back(a);
      if (Pools().has_tasks()) ++tasks_[Pools().PoolOf(a)].to_submit;
    }
  }

  bool ToItsEnd() {
    while (looks_ < kMostLooks) {
      if (MoveAll()) continue;
      // A permit that is kept is gone for those who give theirs back: last.
      may_keep_ = true;
      const bool moved = MoveOne();
      may_keep_ = false;
      if (!moved) break;
    }
    return left_.empty();
  }
  uint64_t looks() const { return looks_; }
  void Keep(std::vector<ActorIndex>& schedule) { schedule_ = &schedule; }

 private:
  static constexpr uint64_t kMostLooks = 10'000'000;

  bool Move(ActorIndex a) {
    ++looks_;
    if (at_[a] == length_[a] || !CanDo(a)) return false;
    Do(a);
    return true;
  }
  bool MoveAll() {
    bool moved = false;
    for (const ActorIndex a : left_) {
      while (Move(a)) moved = true;
    }
    std::erase_if(left_, [&](ActorIndex a) { return at_[a] == length_[a]; });
    return moved;
  }
  bool MoveOne() {
    return std::any_of(left_.begin(), left_.end(),
                       [&](ActorIndex a) { return Move(a); });
  }

  bool IsDone(EventRef ref) const { return ref.index < at_[ref.actor]; }

  bool CanDo(ActorIndex a) {
    const EventRef ref = {a, at_[a]};
    const EventRef forked_by = trace_.actors[a].forked_by;
    if (forked_by.known() && !IsDone(forked_by)) return false;
    const Event& e = trace_.At(ref);
    if (e.kind == EventKind::kAcquire) {
      const Holds& holds = holds_[e.object];
      if (holds.exclusive != 0 ||
          (e.mode == model::Mode::kExclusive && holds.shared != 0)) {
        return false;
      }
    }
    if (e.kind == EventKind::kFork) return MaySubmit(e.object);
    if (e.kind == EventKind::kJoin) {
      return at_[e.object] == trace_.actors[e.object].events.size();
    }
    if (e.kind == EventKind::kTake && !may_keep_ && IsKept(a, e)) return false;
    if (ref.index == 0 && !IsNextOfItsPool(a)) return false;
    if (e.kind == EventKind::kTake && IsCounted(e.object) &&
        gained_[e.object] + order_.Of(e.object).initial <= 0) {
      return false;
    }
    if (e.kind == EventKind::kTake && IsOutstanding(e.object) &&
        gained_[e.object] != 0) {
      return false;
    }
    if (e.kind == EventKind::kTake && order_.IsRoom(e.object)) return true;
    if (order_.Of(e.object).role == Role::kFlag && !FlagAllows(ref, e)) {
      return false;
    }
    needs_.clear();
    order_.Needs(ref, needs_);
    if (MakesVersion(e.kind)) versions_.Needs(ref, needs_);
    looks_ += needs_.size();
    return std::all_of(needs_.begin(), needs_.end(),
                       [&](EventRef need) { return IsDone(need); });
  }

  const TaskPools& Pools() const { return order_.pools(); }

  // Those that begin come before all that do not; one that keeps its slot,
  // after those that give theirs back.
  bool MaySubmit(ActorIndex child) {
    const ObjectIndex pool = Pools().PoolOf(child);
    if (pool == kNone) return true;
    if (length_[child] == 0) return tasks_[pool].to_submit == 0;
    return may_keep_ || !IsKept(child, trace_.At({child, 0}));
  }

  // None that was submitted before has yet to begin.
  bool IsNextOfItsPool(ActorIndex a) {
    const ObjectIndex pool = Pools().PoolOf(a);
    if (pool == kNone) return true;
    const auto& queued = tasks_[pool].queued;
    return !queued.empty() && queued.front() == a;
  }

  bool IsInPart(EventRef ref) const { return ref.index < length_[ref.actor]; }

  // Its changes come in the order in which they were seen, so it is at last
  // what they made of it.
  bool FlagAllows(EventRef ref, const Event& e) {
    Flag& flag = flags_[e.object];
    if (e.kind == EventKind::kTake) return flag.is_set;
    if (e.kind != EventKind::kPost) return true;
    const bool clears = e.post == model::Post::kClear;
    if (e.order == 0) return !clears || !flag.is_set;
    const auto& changes = order_.Of(e.object).changes;
    while (IsDone(changes[flag.next]) || !IsInPart(changes[flag.next])) {
      ++flag.next;
    }
    return changes[flag.next] == ref && !(clears && IsStillToBeFound(e));
  }

  // What the flag was set for before.
  bool IsStillToBeFound(const Event& clear) {
    const auto& takes = order_.Of(clear.object).takes;
    looks_ += takes.size();
    return std::any_of(takes.begin(), takes.end(), [&](EventRef take) {
      return trace_.At(take).order < clear.order &&
             take.index < length_[take.actor] && !IsDone(take);
    });
  }

  void Do(ActorIndex a) {
    const Event& e = trace_.At({a, at_[a]});
    if (Pools().has_tasks()) FollowTasks(a, e);
    if (schedule_ != nullptr) schedule_->push_back(a);
    ++at_[a];
    const int64_t change = e.kind == EventKind::kAcquire ? 1 : -1;
    if (e.kind == EventKind::kAcquire || e.kind == EventKind::kRelease) {
      Holds& holds = holds_[e.object];
      (e.mode == model::Mode::kExclusive ? holds.exclusive : holds.shared) +=
          change;
    } else if (e.kind == EventKind::kTake && IsCounted(e.object)) {
      --gained_[e.object];
    } else if (e.kind == EventKind::kPost && IsCounted(e.object)) {
      gained_[e.object] += e.amount;
      const ObjectIndex end = order_.Of(e.object).end;
      if (end != kNone && e.post == model::Post::kPut) ++gained_[end];
    } else if (e.kind == EventKind::kPost && IsOutstanding(e.object)) {
      gained_[e.object] += e.post == model::Post::kClear ? 1 : -1;
    } else if (e.kind == EventKind::kPost) {
      flags_[e.object].is_set = e.post != model::Post::kClear;
    }
  }

  bool IsOutstanding(ObjectIndex object) const {
    return order_.Of(object).role == Role::kOutstanding;
  }

  void FollowTasks(ActorIndex a, const Event& e) {
    if (at_[a] == 0 && Pools().PoolOf(a) != kNone) {
      tasks_[Pools().PoolOf(a)].queued.pop_front();
    }
    if (e.kind != EventKind::kFork || length_[e.object] == 0) return;
    Tasks& tasks = tasks_[Pools().PoolOf(e.object)];
    tasks.queued.push_back(e.object);
    --tasks.to_submit;
  }

  bool IsKept(ActorIndex a, const Event& take) const {
    return order_.Of(take.object).role == Role::kPermits &&
           (take.match == kNone || take.match >= length_[a]);
  }

  bool IsCounted(ObjectIndex object) const {
    const Role role = order_.Of(object).role;
    return role == Role::kUnits || role == Role::kPermits;
  }

  struct Flag {
    bool is_set = false;
    size_t next = 0;  // of its changes
  };

  struct Holds {
    int64_t exclusive = 0, shared = 0;
  };

  // Of a pool, those that begin; of actors that are no tasks, anything.
  struct Tasks {
    size_t to_submit = 0;
    std::deque<ActorIndex> queued;  // have not begun
  };

  const Trace& trace_;
  const TraceOrder& order_;
  const std::span<const uint32_t> length_;
  const VersionOrder versions_;
  std::vector<uint32_t> at_;      // by actor: the event it is at
  std::vector<ActorIndex> left_;  // that are not at their ends
  absl::flat_hash_map<ObjectIndex, Holds> holds_;
  absl::flat_hash_map<ObjectIndex, int64_t> gained_;
  absl::flat_hash_map<ObjectIndex, Flag> flags_;
  absl::flat_hash_map<ObjectIndex, Tasks> tasks_;
  std::vector<EventRef> needs_;
  std::vector<ActorIndex>* schedule_ = nullptr;
  uint64_t looks_ = 0;  // at events
  bool may_keep_ = false;
};

}  // namespace

bool CanBeRun(const Trace& trace, const TraceOrder& order,
              std::span<const uint32_t> length, uint64_t& work) {
  Run run(trace, order, length);
  const bool can = run.ToItsEnd();
  work += run.looks();
  return can;
}

std::optional<std::vector<ActorIndex>> RunOf(const Trace& trace,
                                             const TraceOrder& order,
                                             std::span<const uint32_t> length,
                                             uint64_t& work) {
  std::vector<ActorIndex> schedule;
  Run run(trace, order, length);
  run.Keep(schedule);
  const bool can = run.ToItsEnd();
  work += run.looks();
  if (!can) return std::nullopt;
  return schedule;
}

}  // namespace lockcheck::analysis
