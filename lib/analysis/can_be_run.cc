#include "lib/analysis/can_be_run.h"

#include <algorithm>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace lockcheck::analysis {
namespace {

class Run {
 public:
  Run(const Trace& trace, const TraceOrder& order,
      std::span<const uint32_t> length)
      : trace_(trace), order_(order), length_(length), at_(length.size()) {}

  bool ToItsEnd() {
    while (looks_ < kMostLooks) {
      if (MoveAll()) continue;
      // A permit that is kept is gone for those who give theirs back: last.
      may_keep_ = true;
      const bool moved = MoveOne();
      may_keep_ = false;
      if (!moved) break;
    }
    return std::equal(at_.begin(), at_.end(), length_.begin());
  }

 private:
  // At actors, without the events that happen.
  static constexpr uint64_t kMostLooks = 50'000'000;

  bool Move(ActorIndex a) {
    if (at_[a] == length_[a] || !CanDo(a)) return false;
    Do(a);
    return true;
  }
  bool MoveAll() {
    looks_ += at_.size();
    bool moved = false;
    for (ActorIndex a = 0; a < at_.size(); ++a) {
      while (Move(a)) moved = true;
    }
    return moved;
  }
  bool MoveOne() {
    looks_ += at_.size();
    for (ActorIndex a = 0; a < at_.size(); ++a) {
      if (Move(a)) return true;
    }
    return false;
  }

  bool IsDone(EventRef ref) const { return ref.index < at_[ref.actor]; }

  bool CanDo(ActorIndex a) {
    const EventRef ref = {a, at_[a]};
    const EventRef forked_by = trace_.actors[a].forked_by;
    if (forked_by.known() && !IsDone(forked_by)) return false;
    const Event& e = trace_.At(ref);
    if (e.kind == EventKind::kAcquire) {
      const Holds& holds = holds_[e.object];
      return e.mode == model::Mode::kExclusive
                 ? holds.exclusive == 0 && holds.shared == 0
                 : holds.exclusive == 0;
    }
    if (e.kind == EventKind::kJoin) {
      return at_[e.object] == trace_.actors[e.object].events.size();
    }
    if (e.kind == EventKind::kTake && !may_keep_ && IsKept(a, e)) return false;
    if (e.kind == EventKind::kTake && IsCounted(e.object) &&
        gained_[e.object] + order_.Of(e.object).initial <= 0) {
      return false;
    }
    if (e.kind == EventKind::kTake && IsOutstanding(e.object) &&
        gained_[e.object] != 0) {
      return false;
    }
    if (e.kind == EventKind::kTake && order_.IsRoom(e.object)) return true;
    if (e.kind == EventKind::kPost && e.post == model::Post::kClear &&
        IsStillToBeFound(e)) {
      return false;
    }
    needs_.clear();
    order_.Needs(ref, needs_);
    return std::all_of(needs_.begin(), needs_.end(),
                       [&](EventRef need) { return IsDone(need); });
  }

  // What the flag was set for before.
  bool IsStillToBeFound(const Event& clear) const {
    const auto& takes = order_.Of(clear.object).takes;
    return std::any_of(takes.begin(), takes.end(), [&](EventRef take) {
      return trace_.At(take).order < clear.order &&
             take.index < length_[take.actor] && !IsDone(take);
    });
  }

  void Do(ActorIndex a) {
    const Event& e = trace_.At({a, at_[a]++});
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
    }
  }

  bool IsOutstanding(ObjectIndex object) const {
    return order_.Of(object).role == Role::kOutstanding;
  }

  bool IsKept(ActorIndex a, const Event& take) const {
    return order_.Of(take.object).role == Role::kPermits &&
           (take.match == kNone || take.match >= length_[a]);
  }

  bool IsCounted(ObjectIndex object) const {
    const Role role = order_.Of(object).role;
    return role == Role::kUnits || role == Role::kPermits;
  }

  struct Holds {
    int64_t exclusive = 0, shared = 0;
  };

  const Trace& trace_;
  const TraceOrder& order_;
  const std::span<const uint32_t> length_;
  std::vector<uint32_t> at_;  // by actor: the event it is at
  absl::flat_hash_map<ObjectIndex, Holds> holds_;
  absl::flat_hash_map<ObjectIndex, int64_t> gained_;
  std::vector<EventRef> needs_;
  uint64_t looks_ = 0;
  bool may_keep_ = false;
};

}  // namespace

bool CanBeRun(const Trace& trace, const TraceOrder& order,
              std::span<const uint32_t> length) {
  return Run(trace, order, length).ToItsEnd();
}

}  // namespace lockcheck::analysis
