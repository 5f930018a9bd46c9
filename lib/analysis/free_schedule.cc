#include "lib/analysis/free_schedule.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "lib/analysis/held_now.h"
#include "lib/analysis/variable_states.h"

namespace lockcheck::analysis {
namespace {

class Search {
 public:
  Search(const Trace& trace, const TraceOrder& order,
         std::span<const EventRef> ends, std::span<const uint32_t> length,
         uint64_t most_steps)
      : trace_(trace),
        order_(order),
        ends_(ends),
        most_steps_(most_steps),
        at_(length.size()),
        held_(length.size()),
        limit_(length.begin(), length.end()) {
    std::vector<bool> ends_there(length.size());
    for (const EventRef end : ends) {
      limit_[end.actor] = end.index;
      ends_there[end.actor] = true;
    }
    if (order_.pools().has_tasks()) BeginTasksBefore();
    for (ActorIndex a = 0; a < length.size(); ++a) {
      if (limit_[a] == 0) continue;
      actors_.push_back(a);
      if (!ends_there[a]) limit_[a] = EndOfSections(a, limit_[a]);
    }
    if (order_.pools().has_tasks()) FindPools();
    std::vector<uint32_t> needed(length.begin(), length.end());
    for (const EventRef end : ends) needed[end.actor] = end.index;
    variables_.Begin(trace, needed, limit_);
    for (const EventRef end : ends) FindHeldAtEnd(end);
  }

  std::optional<std::vector<ActorIndex>> Find() {
    if (!FindFrom(0)) return std::nullopt;
    return std::move(schedule_);
  }
  uint64_t steps() const { return steps_; }

 private:
  struct Holder {
    ActorIndex actor = kNone;
    model::Mode mode = model::Mode::kExclusive;
  };
  // Of the tasks that begin.
  struct Pool {
    size_t tasks = 0;
    size_t begun = 0;
    std::vector<ActorIndex> submitted;  // in this order
    ActorIndex submitter = kNone;
    bool several = false;  // submitters
  };
  static constexpr int kDeepest = 2000;

  // ---- What is to be reached ----
  // A hold of a lock, or of a permit.
  bool Begins(const Event& e) const {
    return e.kind == EventKind::kAcquire ||
           (e.kind == EventKind::kTake && IsPermit(e.object));
  }
  bool Ends(const Event& e) const {
    return e.kind == EventKind::kRelease ||
           (e.kind == EventKind::kPost && IsPermit(e.object));
  }
  bool IsPermit(ObjectIndex object) const {
    return order_.Of(object).role == Role::kPermits;
  }

  // The first place from there on at which it holds nothing.
  uint32_t EndOfSections(ActorIndex a, uint32_t from) const {
    const auto& events = trace_.actors[a].events;
    uint32_t open = 0;
    for (uint32_t i = 0; i < events.size(); ++i) {
      if (i >= from && open == 0) return i;
      open += Begins(events[i]);
      open -= Ends(events[i]) && open > 0;
    }
    return open == 0 ? static_cast<uint32_t>(events.size()) : from;
  }

  // Its acquisition comes after the last one of each other actor.
  void FindHeldAtEnd(EventRef end) {
    const auto& events = trace_.actors[end.actor].events;
    for (uint32_t i = 0; i < end.index; ++i) {
      const Event& e = events[i];
      if (e.kind != EventKind::kAcquire) continue;
      if (e.match != kNone && e.match < end.index) continue;
      auto& after = after_[{end.actor, i}];
      for (const ActorIndex other : actors_) {
        if (other == end.actor) continue;
        const uint32_t release = LastRelease(other, e);
        if (release != kNone) after.push_back({other, release});
      }
    }
  }

  // Of what excludes the acquisition, among what the actor is to do.
  uint32_t LastRelease(ActorIndex a, const Event& acquisition) const {
    const auto& events = trace_.actors[a].events;
    for (uint32_t i = limit_[a]; i-- > 0;) {
      if (events[i].kind == EventKind::kRelease &&
          events[i].object == acquisition.object &&
          Exclude(events[i].mode, acquisition.mode)) {
        return i;
      }
    }
    return kNone;
  }

  bool IsThere() const {
    return std::all_of(ends_.begin(), ends_.end(), [&](EventRef end) {
      return at_[end.actor] == end.index;
    });
  }

  // ---- The search ----
  bool FindFrom(int depth) {
    const size_t before = schedule_.size();
    GoOnToWhereNothingIsHeld();
    if (IsThere()) return true;
    if (depth < kDeepest && steps_ < most_steps_ &&
        failed_.insert(hash_).second) {
      for (const ActorIndex a : actors_) {
        if (!CanDo(a)) continue;
        Do(a);
        if (FindFrom(depth + 1)) return true;
        Undo();
      }
    }
    while (schedule_.size() > before) Undo();
    return false;
  }

  void GoOnToWhereNothingIsHeld() {
    for (bool moved = true; moved && steps_ < most_steps_;) {
      moved = false;
      for (const ActorIndex a : actors_) moved |= GoOn(a);
    }
  }

  bool GoOn(ActorIndex a) {
    size_t good = schedule_.size();
    const size_t before = good;
    while (CanDo(a) && !IsChoice(a) && !DecidesOrder(a)) {
      Do(a);
      if (held_[a] == 0) good = schedule_.size();
    }
    while (schedule_.size() > good) Undo();
    return good > before;
  }

  // Another write may have to come first.
  bool IsChoice(ActorIndex a) const {
    return variables_.IsChoice(a, trace_.At({a, at_[a]}));
  }

  // ---- One step ----
  bool IsDone(EventRef ref) const { return ref.index < at_[ref.actor]; }

  bool CanDo(ActorIndex a) {
    ++steps_;
    if (at_[a] == limit_[a]) return false;
    const EventRef ref = {a, at_[a]};
    const EventRef forked_by = trace_.actors[a].forked_by;
    if (forked_by.known() && !IsDone(forked_by)) return false;
    const Event& e = trace_.At(ref);
    if (e.kind == EventKind::kFork) return MaySubmit(e.object);
    if (ref.index == 0 && !IsNextOfItsPool(a)) return false;
    if (e.kind == EventKind::kJoin) {
      const TraceActor& child = trace_.actors[e.object];
      return child.ended && at_[e.object] == child.events.size() &&
             (!child.forked_by.known() || IsDone(child.forked_by));
    }
    if (e.kind == EventKind::kAcquire && !CanAcquire(ref, e)) return false;
    if (IsAccess(e.kind) && !variables_.Can(ref, e)) return false;
    if (e.kind == EventKind::kTake && IsPermit(e.object) &&
        gained_[e.object] + order_.Of(e.object).initial <= 0) {
      return false;
    }
    needs_.clear();
    order_.Needs(ref, needs_);
    return std::all_of(needs_.begin(), needs_.end(),
                       [&](EventRef need) { return IsDone(need); });
  }

  bool CanAcquire(EventRef ref, const Event& e) {
    for (const Holder& holder : holders_[e.object]) {
      if (Exclude(holder.mode, e.mode)) return false;
    }
    const auto row = after_.find({ref.actor, ref.index});
    return row == after_.end() ||
           std::all_of(row->second.begin(), row->second.end(),
                       [&](EventRef release) { return IsDone(release); });
  }

  // ---- Tasks of pools ----
  // Of one submitter: those before one that begins do, too.
  void BeginTasksBefore() {
    const TaskPools& pools = order_.pools();
    for (ActorIndex a = 0; a < limit_.size(); ++a) {
      if (limit_[a] == 0 || pools.PoolOf(a) == kNone) continue;
      for (ActorIndex before = pools.Before(a);
           before != kNone && limit_[before] == 0 &&
           !trace_.actors[before].events.empty();
           before = pools.Before(before)) {
        limit_[before] = 1;
      }
    }
  }

  void FindPools() {
    for (ActorIndex a = 0; a < limit_.size(); ++a) {
      const ObjectIndex pool = order_.pools().PoolOf(a);
      if (pool == kNone || limit_[a] == 0) continue;
      Pool& p = pools_[pool];
      ++p.tasks;
      const ActorIndex submitter = trace_.actors[a].forked_by.actor;
      p.several |= p.submitter != kNone && p.submitter != submitter;
      p.submitter = submitter;
    }
  }

  // None that was submitted before has yet to begin.
  bool IsNextOfItsPool(ActorIndex a) const {
    const auto row = pools_.find(order_.pools().PoolOf(a));
    if (row == pools_.end()) return true;
    const Pool& pool = row->second;
    return pool.begun < pool.submitted.size() &&
           pool.submitted[pool.begun] == a;
  }
  // Those that do not begin come last.
  bool MaySubmit(ActorIndex child) const {
    const auto row = pools_.find(order_.pools().PoolOf(child));
    return row == pools_.end() || limit_[child] != 0 ||
           row->second.submitted.size() == row->second.tasks;
  }
  // Of tasks of several submitters: so it is tried in both orders.
  bool DecidesOrder(ActorIndex a) const {
    const Event& e = trace_.At({a, at_[a]});
    if (e.kind != EventKind::kFork || pools_.empty()) return false;
    const auto row = pools_.find(order_.pools().PoolOf(e.object));
    return row != pools_.end() && row->second.several;
  }

  void FollowTasks(ActorIndex a, const Event& e, bool undo) {
    if (const auto row = pools_.find(order_.pools().PoolOf(a));
        at_[a] == 0 && row != pools_.end()) {
      undo ? --row->second.begun : ++row->second.begun;
    }
    if (e.kind != EventKind::kFork || limit_[e.object] == 0) return;
    const auto row = pools_.find(order_.pools().PoolOf(e.object));
    if (row == pools_.end()) return;
    auto& submitted = row->second.submitted;
    if (undo) submitted.pop_back();
    const uint64_t place =
        Mix(e.object, ~static_cast<uint32_t>(submitted.size()));
    hash_ += undo ? -place : place;
    if (!undo) submitted.push_back(e.object);
  }

  // ---- Done, and undone ----
  void Do(ActorIndex a) {
    const Event& e = trace_.At({a, at_[a]});
    if (!pools_.empty()) FollowTasks(a, e, false);
    if (e.kind == EventKind::kAcquire) Hold(a, e);
    if (e.kind == EventKind::kRelease) LetGo(a, e);
    if (e.kind == EventKind::kTake) --gained_[e.object];
    if (e.kind == EventKind::kPost) ++gained_[e.object];
    if (IsAccess(e.kind)) DoAccess({a, at_[a]}, e);
    CountPermit(a, e, 1);
    hash_ += Mix(a, at_[a]++);
    schedule_.push_back(a);
  }

  void Undo() {
    const ActorIndex a = schedule_.back();
    schedule_.pop_back();
    hash_ -= Mix(a, --at_[a]);
    const Event& e = trace_.At({a, at_[a]});
    if (e.kind == EventKind::kAcquire) LetGo(a, e);
    if (e.kind == EventKind::kRelease) Hold(a, e);
    if (e.kind == EventKind::kTake) ++gained_[e.object];
    if (e.kind == EventKind::kPost) --gained_[e.object];
    if (IsAccess(e.kind)) UndoAccess({a, at_[a]}, e);
    CountPermit(a, e, -1);
    if (!pools_.empty()) FollowTasks(a, e, true);
  }

  void DoAccess(EventRef ref, const Event& e) {
    hash_ -= MixOf(e.object);
    variables_.Do(ref, e);
    hash_ += MixOf(e.object);
  }
  void UndoAccess(EventRef ref, const Event& e) {
    hash_ -= MixOf(e.object);
    variables_.Undo(ref, e);
    hash_ += MixOf(e.object);
  }
  // Where everybody is does not tell which write was the last one.
  uint64_t MixOf(ObjectIndex variable) const {
    return Mix(~variable, variables_.Version(variable));
  }

  void CountPermit(ActorIndex a, const Event& e, int change) {
    if (e.kind != EventKind::kTake && e.kind != EventKind::kPost) return;
    if (!IsPermit(e.object)) return;
    held_[a] +=
        static_cast<uint32_t>(e.kind == EventKind::kTake ? change : -change);
  }

  void Hold(ActorIndex a, const Event& e) {
    holders_[e.object].push_back({a, e.mode});
    ++held_[a];
  }
  void LetGo(ActorIndex a, const Event& e) {
    auto& holders = holders_[e.object];
    const auto at = std::find_if(holders.begin(), holders.end(),
                                 [&](const Holder& h) { return h.actor == a; });
    if (at == holders.end()) return;
    holders.erase(at);
    --held_[a];
  }

  // Sums of these tell where everybody is.
  static uint64_t Mix(ActorIndex actor, uint32_t index) {
    uint64_t x = (uint64_t{actor} << 32 | index) + 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
  }

  const Trace& trace_;
  const TraceOrder& order_;
  const std::span<const EventRef> ends_;
  const uint64_t most_steps_;
  std::vector<uint32_t> at_;        // by actor: the event it is at
  std::vector<uint32_t> held_;      // by actor: how many locks and permits
  std::vector<uint32_t> limit_;     // by actor: goes no further
  std::vector<ActorIndex> actors_;  // that have anything to do
  absl::flat_hash_map<std::pair<ActorIndex, uint32_t>, std::vector<EventRef>>
      after_;
  absl::flat_hash_map<ObjectIndex, std::vector<Holder>> holders_;
  absl::flat_hash_map<ObjectIndex, int64_t> gained_;
  VariableStates variables_;
  absl::flat_hash_map<ObjectIndex, Pool> pools_;
  std::vector<ActorIndex> schedule_;
  absl::flat_hash_set<uint64_t> failed_;
  std::vector<EventRef> needs_;
  uint64_t hash_ = 0;
  uint64_t steps_ = 0;
};

}  // namespace

std::optional<std::vector<ActorIndex>> FreeScheduleOf(
    const Trace& trace, const TraceOrder& order, std::span<const EventRef> ends,
    std::span<const uint32_t> length, uint64_t most_steps, uint64_t& work) {
  Search search(trace, order, ends, length, most_steps);
  auto schedule = search.Find();
  work += search.steps();
  return schedule;
}

}  // namespace lockcheck::analysis
