#include "lib/analysis/schedule.h"

#include <algorithm>
#include <deque>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/version_order.h"

namespace lockcheck::analysis {
namespace {

class Scheduler {
 public:
  Scheduler(const Trace& trace, const TraceOrder& order,
            std::span<const uint32_t> length)
      : trace_(trace),
        order_(order),
        length_(length),
        versions_(trace, length),
        at_(length.size()) {
    for (ActorIndex a = 0; a < length.size(); ++a) {
      if (length[a] == 0) continue;
      total_ += length[a];
      ready_.push_back(a);
      for (uint32_t i = 0; i < length[a]; ++i) Note({a, i});
      const ObjectIndex pool = Pools().PoolOf(a);
      if (pool != kNone) ++tasks_[pool].to_submit;
    }
    std::reverse(ready_.begin(), ready_.end());  // main first
    for (auto& [lock, acquisitions] : locks_) OrderLock(acquisitions);
    for (auto& [object, takes] : found_of_) OrderChanges(object, takes);
  }

  std::optional<std::vector<ActorIndex>> Run() {
    while (!ready_.empty() || !keepers_.empty()) {
      const bool keeps = ready_.empty();
      auto& from = keeps ? keepers_ : ready_;
      const ActorIndex a = from.back();
      from.pop_back();
      GoOn(a, keeps);
    }
    if (schedule_.size() != total_) return std::nullopt;
    return std::move(schedule_);
  }

 private:
  // Of a pool, those that begin.
  struct Tasks {
    size_t to_submit = 0;
    std::deque<ActorIndex> queued;  // have not begun
  };
  enum class Can : uint8_t { kNow, kLater, kAsKeeper };

  const TaskPools& Pools() const { return order_.pools(); }
  bool IsDone(EventRef ref) const { return ref.index < at_[ref.actor]; }
  bool IsInPart(EventRef ref) const { return ref.index < length_[ref.actor]; }

  void Note(EventRef ref) {
    const Event& e = trace_.At(ref);
    if (e.kind == EventKind::kAcquire) locks_[e.object].push_back(ref);
    if (e.kind != EventKind::kTake) return;
    const Role role = order_.Of(e.object).role;
    if (role == Role::kFlag || role == Role::kOutstanding) {
      found_of_[e.object].push_back(ref);
    }
  }

  // ---- What an event needs, besides what trace_order.h says ----
  // A reader comes after the writer whose count it has.
  void OrderLock(std::vector<EventRef>& acquisitions) {
    const auto key = [&](EventRef ref) {
      const Event& e = trace_.At(ref);
      return std::tuple(e.order, e.mode, ref.actor, ref.index);
    };
    std::sort(acquisitions.begin(), acquisitions.end(),
              [&](EventRef a, EventRef b) { return key(a) < key(b); });
    EventRef writer;
    std::vector<EventRef> readers;  // since then
    for (const EventRef ref : acquisitions) {
      NeedRelease(ref, writer);
      if (trace_.At(ref).mode == model::Mode::kShared) {
        readers.push_back(ref);
        continue;
      }
      for (const EventRef reader : readers) NeedRelease(ref, reader);
      readers.clear();
      writer = ref;
    }
  }

  void NeedRelease(EventRef ref, EventRef before) {
    if (!before.known() || before.actor == ref.actor) return;
    needs_of_[ref.actor][ref.index].push_back(
        {before.actor, trace_.At(before).match});
  }

  // The changes of a flag come in their order, and who found it set before it
  // is cleared; so do the beginnings of what is outstanding, and who found that
  // nothing was before the next one.
  void OrderChanges(ObjectIndex object, std::vector<EventRef>& takes) {
    const ObjectActs& acts = order_.Of(object);
    const bool is_flag = acts.role == Role::kFlag;
    std::sort(takes.begin(), takes.end(), [&](EventRef a, EventRef b) {
      return trace_.At(a).order < trace_.At(b).order;
    });
    auto take = takes.begin();
    EventRef last;
    for (const EventRef change : is_flag ? acts.changes : acts.starts) {
      if (!IsInPart(change)) continue;
      auto& needs = needs_of_[change.actor][change.index];
      if (last.known()) needs.push_back(last);
      last = change;
      const Event& e = trace_.At(change);
      if (is_flag && e.post != model::Post::kClear) continue;
      for (; take != takes.end() && trace_.At(*take).order < e.order; ++take) {
        if (take->actor != change.actor) needs.push_back(*take);
      }
    }
  }

  // ---- One step after the other ----
  void GoOn(ActorIndex a, bool keeps) {
    while (at_[a] < length_[a]) {
      switch (CanDo(a)) {
        case Can::kLater:
          return;
        case Can::kAsKeeper:
          if (!keeps) {
            keepers_.push_back(a);
            return;
          }
          keeps = false;
          break;
        case Can::kNow:
          break;
      }
      Do(a);
    }
  }

  // If not, it is woken when that may have changed.
  Can CanDo(ActorIndex a) {
    const EventRef ref = {a, at_[a]};
    const Event& e = trace_.At(ref);
    needs_.clear();
    const TraceActor& actor = trace_.actors[a];
    if (ref.index == 0 && actor.forked_by.known()) {
      needs_.push_back(actor.forked_by);
    }
    if (e.kind == EventKind::kJoin) {
      const TraceActor& child = trace_.actors[e.object];
      const auto size = static_cast<uint32_t>(child.events.size());
      if (size != 0) needs_.push_back({e.object, size - 1});
      if (child.forked_by.known()) needs_.push_back(child.forked_by);
    }
    order_.Needs(ref, needs_);
    if (MakesVersion(e.kind)) versions_.Needs(ref, needs_);
    if (const auto row = needs_of_.find(a); row != needs_of_.end()) {
      const auto more = row->second.find(ref.index);
      if (more != row->second.end()) {
        needs_.insert(needs_.end(), more->second.begin(), more->second.end());
      }
    }
    for (const EventRef need : needs_) {
      if (IsDone(need)) continue;
      if (!IsInPart(need)) return Can::kLater;  // never
      waiters_[need.actor].push_back({need.index, a});
      return Can::kLater;
    }
    if (const auto pool = WaitsForPool(a, e)) {
      waiters_on_[*pool].push_back(a);
      return Can::kLater;
    }
    const bool takes_permit = e.kind == EventKind::kTake &&
                              order_.Of(e.object).role == Role::kPermits;
    if (!takes_permit) return Can::kNow;
    if (gained_[e.object] + order_.Of(e.object).initial <= 0) {
      waiters_on_[e.object].push_back(a);
      return Can::kLater;
    }
    const bool keeps = e.match == kNone || e.match >= length_[a];
    return keeps ? Can::kAsKeeper : Can::kNow;
  }

  // A pool's tasks begin as they are submitted, and those that do not begin are
  // submitted last.
  std::optional<ObjectIndex> WaitsForPool(ActorIndex a, const Event& e) {
    if (!Pools().has_tasks()) return std::nullopt;
    if (const ObjectIndex pool = Pools().PoolOf(a);
        at_[a] == 0 && pool != kNone) {
      const auto& queued = tasks_[pool].queued;
      if (queued.empty() || queued.front() != a) return pool;
    }
    if (e.kind != EventKind::kFork || length_[e.object] != 0) {
      return std::nullopt;
    }
    const ObjectIndex pool = Pools().PoolOf(e.object);
    if (pool == kNone || tasks_[pool].to_submit == 0) return std::nullopt;
    return pool;
  }

  void Do(ActorIndex a) {
    const Event& e = trace_.At({a, at_[a]});
    schedule_.push_back(a);
    if (Pools().has_tasks()) FollowTasks(a, e);
    const uint32_t done = at_[a]++;
    if ((e.kind == EventKind::kTake || e.kind == EventKind::kPost) &&
        order_.Of(e.object).role == Role::kPermits) {
      gained_[e.object] += e.kind == EventKind::kTake ? -1 : 1;
      if (e.kind == EventKind::kPost) WakeOn(e.object);
    }
    const auto waiters = waiters_.find(a);
    if (waiters == waiters_.end()) return;
    std::erase_if(waiters->second,
                  [&](const std::pair<uint32_t, ActorIndex>& w) {
                    if (w.first > done) return false;
                    ready_.push_back(w.second);
                    return true;
                  });
  }

  void FollowTasks(ActorIndex a, const Event& e) {
    if (const ObjectIndex pool = Pools().PoolOf(a);
        at_[a] == 0 && pool != kNone) {
      tasks_[pool].queued.pop_front();
      WakeOn(pool);
    }
    if (e.kind != EventKind::kFork || length_[e.object] == 0) return;
    const ObjectIndex pool = Pools().PoolOf(e.object);
    if (pool == kNone) return;
    tasks_[pool].queued.push_back(e.object);
    --tasks_[pool].to_submit;
    WakeOn(pool);
  }

  void WakeOn(ObjectIndex object) {
    const auto row = waiters_on_.find(object);
    if (row == waiters_on_.end()) return;
    ready_.insert(ready_.end(), row->second.begin(), row->second.end());
    row->second.clear();
  }

  const Trace& trace_;
  const TraceOrder& order_;
  const std::span<const uint32_t> length_;
  const VersionOrder versions_;
  std::vector<uint32_t> at_;  // by actor: the event it is at
  size_t total_ = 0;
  std::vector<ActorIndex> schedule_;
  std::vector<ActorIndex> ready_;    // may go on
  std::vector<ActorIndex> keepers_;  // may, with a permit that they keep
  absl::flat_hash_map<ObjectIndex, std::vector<EventRef>> locks_, found_of_;
  absl::flat_hash_map<ActorIndex,
                      absl::flat_hash_map<uint32_t, std::vector<EventRef>>>
      needs_of_;
  // By actor: who waits for which of its events.
  absl::flat_hash_map<ActorIndex, std::vector<std::pair<uint32_t, ActorIndex>>>
      waiters_;
  absl::flat_hash_map<ObjectIndex, std::vector<ActorIndex>> waiters_on_;
  absl::flat_hash_map<ObjectIndex, int64_t> gained_;
  absl::flat_hash_map<ObjectIndex, Tasks> tasks_;
  std::vector<EventRef> needs_;
};

}  // namespace

std::optional<std::vector<ActorIndex>> ScheduleOf(
    const Trace& trace, const TraceOrder& order,
    std::span<const uint32_t> length) {
  return Scheduler(trace, order, length).Run();
}

}  // namespace lockcheck::analysis
