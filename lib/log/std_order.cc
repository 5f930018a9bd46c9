#include "lib/log/std_order.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "lib/log/std_versions.h"

namespace lockcheck::log {
namespace {

// What somebody may wait for.
enum class What : uint8_t { kTurn, kFork, kEnd, kPost, kBegin, kRead, kWrite };
// Of which object or actor; kTurn: and hand-over count; kPost: and first
// ticket; kBegin: and ticket; kRead, kWrite: and version.
using Fact = std::tuple<What, uint32_t, uint32_t>;

struct Turn {  // of one actor, between two hand-overs
  uint32_t order = 0;
  uint64_t left = 0;  // acquisitions
};

struct LockState {
  std::vector<Turn> turns;
  size_t turn = 0;
  bool held = false;

  void Add(uint32_t order) {
    if (turns.empty() || turns.back().order != order) {
      turns.push_back({order, 0});
    }
    ++turns.back().left;
  }
  // Each actor has added its own.
  void Sort() {
    std::stable_sort(
        turns.begin(), turns.end(),
        [](const Turn& a, const Turn& b) { return a.order < b.order; });
    size_t kept = 0;
    for (const Turn& turn : turns) {
      if (kept > 0 && turns[kept - 1].order == turn.order) {
        turns[kept - 1].left += turn.left;
      } else {
        turns[kept++] = turn;
      }
    }
    turns.resize(kept);
  }
};

struct ConditionState {
  std::vector<uint32_t> begins;  // tickets
  std::vector<uint32_t> posts;   // first tickets
};

struct Cursor {
  Cursor(const Recording& recording, ActorIndex actor)
      : source(recording, actor) {}
  StdSteps source;
  std::vector<StdStep> steps;
  size_t next = 0;
  bool more = true, done = false, waits_for_fork = false, has_steps = false;
};

class Orderer {
 public:
  Orderer(const Recording& recording, const StdStepSink& sink)
      : recording_(recording), sink_(sink), locks_(recording.objects.size()) {
    for (ActorIndex a = 0; a < recording.actors.size(); ++a) {
      cursors_.emplace_back(recording, a);
    }
  }

  StdOrderResult Run() {
    for (ActorIndex a = 0; a < cursors_.size(); ++a) Count(a);
    for (LockState& lock : locks_) lock.Sort();
    for (auto& [object, variable] : variables_) variable.Sort();
    for (auto& [object, condition] : conditions_) {
      std::sort(condition.begins.begin(), condition.begins.end());
      std::sort(condition.posts.begin(), condition.posts.end());
    }
    for (ActorIndex a = 0; a < cursors_.size(); ++a) ready_.push_back(a);
    while (!ready_.empty()) {
      const ActorIndex actor = ready_.front();
      ready_.pop_front();
      GoOn(actor);
    }
    StdOrderResult result;
    for (ActorIndex a = 0; a < cursors_.size(); ++a) {
      AddUp(cursors_[a].source.left_out(), result.left_out);
      result.unseen_starts += HasUnseenStart(a);
      if (cursors_[a].done) continue;
      if (result.stopped++ == 0) result.first_stopped = a;
    }
    return result;
  }

 private:
  static void AddUp(const StdLeftOut& one, StdLeftOut& sum) {
    sum.shared_holds += one.shared_holds;
    sum.passages += one.passages;
    sum.other_objects += one.other_objects;
    sum.cut_holds += one.cut_holds;
    sum.as_blocking += one.as_blocking;
  }

  // The first reading.
  void Count(ActorIndex actor) {
    StdSteps source(recording_, actor);
    std::vector<StdStep> steps;
    while (source.Next(steps)) {
      cursors_[actor].has_steps |= !steps.empty();
      for (const StdStep& step : steps) Count(step);
    }
  }
  // Who began before a log that is cut down did so before all of it.
  bool HasUnseenStart(ActorIndex a) const {
    const Actor& actor = recording_.actors[a];
    if (!cursors_[a].has_steps || cursors_[a].waits_for_fork) return false;
    return actor.begun ? actor.how != BeginHow::kMain || actor.process != 0
                       : recording_.from_start;
  }
  void Count(const StdStep& step) {
    switch (step.kind) {
      case StdStepKind::kAcquire:
        return locks_[step.object].Add(step.order);
      case StdStepKind::kFork:
        cursors_[step.object].waits_for_fork = true;
        return;
      case StdStepKind::kWait:
        return conditions_[step.object].begins.push_back(step.order);
      case StdStepKind::kNotifyOne:
      case StdStepKind::kNotifyAll:
        if (step.order != 0) {
          conditions_[step.object].posts.push_back(step.order);
        }
        return;
      case StdStepKind::kRead:
        return variables_[step.object].AddRead(step.order);
      case StdStepKind::kWrite:
        return variables_[step.object].AddWrite(step.order);
      default:
        return;
    }
  }

  // The second one: as far as the actor can.
  void GoOn(ActorIndex actor) {
    Cursor& cursor = cursors_[actor];
    if (cursor.done) return;
    if (cursor.waits_for_fork && !IsTrue({What::kFork, actor, 0})) {
      return Await({What::kFork, actor, 0}, actor);
    }
    while (true) {
      for (; cursor.next < cursor.steps.size(); ++cursor.next) {
        const StdStep& step = cursor.steps[cursor.next];
        if (const auto missing = Missing(step)) return Await(*missing, actor);
        Do(actor, step);
      }
      if (!cursor.more) break;
      cursor.more = cursor.source.Next(cursor.steps);
      cursor.next = 0;
    }
    cursor.done = true;
    Say({What::kEnd, actor, 0});
  }

  std::optional<Fact> Missing(const StdStep& step) const {
    switch (step.kind) {
      case StdStepKind::kAcquire: {
        const LockState& lock = locks_[step.object];
        if (!lock.held && lock.turns[lock.turn].order == step.order) return {};
        return Fact(What::kTurn, step.object, step.order);
      }
      case StdStepKind::kJoin:
        return Unless({What::kEnd, step.object, 0});
      case StdStepKind::kWoken:
        return MissingPost(step);
      case StdStepKind::kNotifyOne:
      case StdStepKind::kNotifyAll:
        return MissingWait(step);
      case StdStepKind::kRead:
        if (variables_.at(step.object).CanRead(step.order)) return {};
        return Fact(What::kRead, step.object, step.order);
      case StdStepKind::kWrite:
        if (variables_.at(step.object).CanWrite(step.order)) return {};
        return Fact(What::kWrite, step.object, step.order);
      default:
        return {};
    }
  }

  // The last one that begins with this ticket or an earlier one.
  std::optional<Fact> MissingPost(const StdStep& woken) const {
    const auto condition = conditions_.find(woken.object);
    if (condition == conditions_.end() || woken.order == 0) return {};
    const auto& posts = condition->second.posts;
    const auto after =
        std::upper_bound(posts.begin(), posts.end(), woken.order);
    if (after == posts.begin()) return {};
    return Unless({What::kPost, woken.object, *std::prev(after)});
  }

  // It would have been lost without those whom it woke.
  std::optional<Fact> MissingWait(const StdStep& post) const {
    const auto condition = conditions_.find(post.object);
    if (condition == conditions_.end() || post.order == 0) return {};
    const auto& begins = condition->second.begins;
    auto begin = std::lower_bound(begins.begin(), begins.end(), post.order);
    for (; begin != begins.end() && *begin - post.order < post.count; ++begin) {
      const Fact fact(What::kBegin, post.object, *begin);
      if (!IsTrue(fact)) return fact;
    }
    return {};
  }

  void Do(ActorIndex actor, const StdStep& step) {
    if (step.kind != StdStepKind::kWoken) sink_(actor, step);
    switch (step.kind) {
      case StdStepKind::kAcquire: {
        LockState& lock = locks_[step.object];
        lock.held = true;
        --lock.turns[lock.turn].left;
        return;
      }
      case StdStepKind::kRelease:
        return Free(step.object);
      case StdStepKind::kFork:
        return Say({What::kFork, step.object, 0});
      case StdStepKind::kWait:
        return Say({What::kBegin, step.object, step.order});
      case StdStepKind::kNotifyOne:
      case StdStepKind::kNotifyAll:
        if (step.order != 0) Say({What::kPost, step.object, step.order});
        return;
      case StdStepKind::kRead:
        variables_[step.object].Read();
        return WakeVariable(step.object);
      case StdStepKind::kWrite:
        variables_[step.object].Write();
        return WakeVariable(step.object);
      default:
        return;
    }
  }

  void Free(ObjectIndex object) {
    LockState& lock = locks_[object];
    lock.held = false;
    if (lock.turns[lock.turn].left == 0) ++lock.turn;
    if (lock.turn < lock.turns.size()) {
      Wake({What::kTurn, object, lock.turns[lock.turn].order});
    }
  }

  void WakeVariable(ObjectIndex object) {
    const StdVersions& versions = variables_[object];
    Wake({What::kRead, object, versions.now()});
    if (const auto next = versions.next()) {
      Wake({What::kWrite, object, *next});
    }
  }

  bool IsTrue(const Fact& fact) const { return facts_.contains(fact); }
  std::optional<Fact> Unless(const Fact& fact) const {
    if (IsTrue(fact)) return {};
    return fact;
  }
  void Await(const Fact& fact, ActorIndex actor) {
    awaited_[fact].push_back(actor);
  }
  void Say(const Fact& fact) {
    facts_.insert(fact);
    Wake(fact);
  }
  void Wake(const Fact& fact) {
    const auto found = awaited_.find(fact);
    if (found == awaited_.end()) return;
    ready_.insert(ready_.end(), found->second.begin(), found->second.end());
    awaited_.erase(found);
  }

  const Recording& recording_;
  const StdStepSink& sink_;
  std::vector<LockState> locks_;
  absl::flat_hash_map<ObjectIndex, ConditionState> conditions_;
  absl::flat_hash_map<ObjectIndex, StdVersions> variables_;
  std::deque<Cursor> cursors_;
  std::deque<ActorIndex> ready_;
  absl::flat_hash_set<Fact> facts_;
  absl::flat_hash_map<Fact, std::vector<ActorIndex>> awaited_;
};

}  // namespace

StdOrderResult PutInOrder(const Recording& recording, const StdStepSink& sink) {
  return Orderer(recording, sink).Run();
}

}  // namespace lockcheck::log
