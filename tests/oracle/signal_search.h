// All that can happen in a small trace otherwise: every state that some
// interleaving reaches, by the objects' rules alone, and who is stuck in it.
#ifndef LOCKCHECK_TESTS_ORACLE_SIGNAL_SEARCH_H_
#define LOCKCHECK_TESTS_ORACLE_SIGNAL_SEARCH_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "lib/analysis/trace.h"

namespace lockcheck::oracle {

using analysis::Event;
using analysis::EventKind;
using analysis::Trace;
using model::ObjectKind;
using model::Post;

inline bool EndsOne(const Event& e) {
  return e.post == Post::kComplete || e.post == Post::kTaskDone;
}

// The level of the event that ends the run of a once_flag's function that
// threw.
inline constexpr uint32_t kThrown = 1;

// The level of an acquisition that is one of several at once, but the first:
// all of them are taken when all are free, and none before.
inline constexpr uint32_t kWithTheFirst = 2;

// What depends on the order in which things happened, and not only on how far
// each actor is.
struct SignalPast {
  explicit SignalPast(const Trace& trace) : flags(trace.objects.size()) {}
  std::vector<bool> flags;       // by object: it is set, or passed
  std::vector<uint32_t> queued;  // tasks that have not begun, as submitted
  // Of a barrier, by actor and object: how many must have come for the phase
  // of its last arrival to be over.
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> opens_at;
  friend auto operator<=>(const SignalPast&, const SignalPast&) = default;
};

// The objects' rules, over the events that have happened of each actor. What
// the analysis knows of an object's order plays no part.
class SignalState {
 public:
  SignalState(const Trace& trace, std::vector<uint32_t> length)
      : trace_(trace), length_(std::move(length)) {}

  const Event* Next(uint32_t a) const {
    const auto& events = trace_.actors[a].events;
    return length_[a] < events.size() ? &events[length_[a]] : nullptr;
  }
  bool Started(uint32_t a) const {
    const auto by = trace_.actors[a].forked_by;
    return !by.known() || length_[by.actor] > by.index;
  }
  bool Ended(uint32_t a) const { return Started(a) && Next(a) == nullptr; }

  bool Enabled(uint32_t a, const SignalPast& past) const {
    const Event* e = Next(a);
    if (e == nullptr || !Started(a)) return false;
    if (IsTask(a) && length_[a] == 0 && !IsNextOfItsPool(a, past)) return false;
    switch (e->kind) {
      case EventKind::kAcquire:
        return Holders(a).empty();
      case EventKind::kJoin:
        return Ended(e->object);
      case EventKind::kFound:
      case EventKind::kTake:
        if (IsOutstanding(e->object)) return Left(e->object) == 0;
        if (IsBarrier(e->object)) return Missing(a, e->object, past) == 0;
        return IsFlag(e->object) ? past.flags[e->object] : Stock(e->object) > 0;
      case EventKind::kPost:
        return !IsOutstanding(e->object) || !EndsOne(*e) || Left(e->object) > 0;
      default:
        return true;
    }
  }
  // The actor's next event happens, of which this is known already.
  void Do(uint32_t a, SignalPast& past) {
    const Event& e = *Next(a);
    if (IsTask(a) && length_[a] == 0) std::erase(past.queued, a);
    if (e.kind == EventKind::kFork && IsTask(e.object)) {
      past.queued.push_back(e.object);
    }
    if (e.kind == EventKind::kPost && IsFlag(e.object)) {
      past.flags[e.object] = e.post != Post::kClear;
    }
    if (e.kind == EventKind::kPost && IsBarrier(e.object)) {
      const uint32_t parties = trace_.objects[e.object].initial;
      past.opens_at[{a, e.object}] =
          (Arrived(e.object) / parties + 1) * parties;
    }
    if (IsOnce(e.object) && DoOnce(a, e, past)) return;
    length_[a] += std::max(1u, Members(a));
  }
  // How many locks its next event takes.
  uint32_t Members(uint32_t a) const {
    const auto& events = trace_.actors[a].events;
    uint32_t i = length_[a];
    if (events[i].kind != EventKind::kAcquire) return 0;
    do {
      ++i;
    } while (i < events.size() && events[i].kind == EventKind::kAcquire &&
             events[i].level == kWithTheFirst);
    return i - length_[a];
  }
  // Who has one of these.
  std::vector<uint32_t> Holders(uint32_t a) const {
    std::vector<uint32_t> holders;
    for (uint32_t i = 0; i < Members(a); ++i) {
      const Event& e = trace_.actors[a].events[length_[a] + i];
      const uint32_t holder = Holder(e.object);
      if (holder != analysis::kNone) holders.push_back(holder);
    }
    return holders;
  }
  // As it was in the run that was recorded: who reads a once_flag has found it
  // done, who writes has not.
  bool IsAsRecorded(uint32_t a, const SignalPast& past) const {
    const Event& e = *Next(a);
    return e.kind != EventKind::kAcquire || !IsOnce(e.object) ||
           past.flags[e.object] == (e.mode == model::Mode::kShared);
  }

  // It begins with a pool's slot.
  bool IsTask(uint32_t a) const {
    const auto& events = trace_.actors[a].events;
    return !events.empty() && IsPool(events[0].object) &&
           events[0].kind == EventKind::kTake;
  }

  uint32_t Holder(uint32_t lock) const {
    for (uint32_t a = 0; a < length_.size(); ++a) {
      bool holds = false;
      for (uint32_t i = 0; i < length_[a]; ++i) {
        const Event& e = trace_.actors[a].events[i];
        if (e.object != lock) continue;
        if (e.kind == EventKind::kAcquire) holds = true;
        if (e.kind == EventKind::kRelease) holds = false;
      }
      if (holds) return a;
    }
    return analysis::kNone;
  }
  int64_t Stock(uint32_t object) const {
    int64_t stock = trace_.objects[object].initial;
    for (uint32_t a = 0; a < length_.size(); ++a) {
      for (uint32_t i = 0; i < length_[a]; ++i) {
        const Event& e = trace_.actors[a].events[i];
        if (e.object != object) continue;
        if (e.kind == EventKind::kTake) --stock;
        if (e.kind == EventKind::kPost) stock += e.amount;
      }
    }
    return stock;
  }
  // What was begun and is not over.
  int64_t Left(uint32_t object) const {
    const uint32_t items = trace_.objects[object].items;
    int64_t left = 0;
    for (uint32_t a = 0; a < length_.size(); ++a) {
      for (uint32_t i = 0; i < length_[a]; ++i) {
        const Event& e = trace_.actors[a].events[i];
        if (e.kind != EventKind::kPost) continue;
        if (e.object == object) left += EndsOne(e) ? -1 : 1;
        if (e.object == items && e.post == Post::kPut) ++left;
      }
    }
    return left;
  }
  bool IsOutstanding(uint32_t object) const {
    const ObjectKind kind = trace_.objects[object].kind;
    return kind == ObjectKind::kQueueDone || kind == ObjectKind::kOperation;
  }
  // Set, and found so. Of a condition it is the predicate, which whoever
  // notifies has made true.
  bool IsFlag(uint32_t object) const {
    return trace_.objects[object].kind == ObjectKind::kEvent ||
           IsCondition(object);
  }
  bool IsCondition(uint32_t object) const {
    return trace_.objects[object].kind == ObjectKind::kConditionVariable;
  }
  bool IsBarrier(uint32_t object) const {
    return trace_.objects[object].kind == ObjectKind::kBarrier;
  }
  // At a barrier, in all phases.
  uint32_t Arrived(uint32_t object) const {
    uint32_t arrived = 0;
    for (uint32_t a = 0; a < length_.size(); ++a) {
      for (uint32_t i = 0; i < length_[a]; ++i) {
        const Event& e = trace_.actors[a].events[i];
        arrived += e.object == object && e.kind == EventKind::kPost;
      }
    }
    return arrived;
  }
  bool IsOnce(uint32_t object) const {
    return object < trace_.objects.size() &&
           trace_.objects[object].kind == ObjectKind::kOnceFlag;
  }
  bool IsPool(uint32_t object) const {
    return object < trace_.objects.size() &&
           trace_.objects[object].kind == ObjectKind::kThreadPool;
  }

  // The AND-OR fixpoint, word by word.
  std::vector<bool> Stuck(const SignalPast& past) const {
    const auto count = static_cast<uint32_t>(length_.size());
    std::vector<bool> live(count);
    for (bool changed = true; changed;) {
      changed = false;
      for (uint32_t a = 0; a < count; ++a) {
        if (live[a] || !CanComeAlive(a, past, live)) continue;
        live[a] = changed = true;
      }
    }
    std::vector<bool> stuck(count);
    for (uint32_t a = 0; a < count; ++a) {
      stuck[a] = !live[a] && !Ended(a);
    }
    return stuck;
  }

  const std::vector<uint32_t>& length() const { return length_; }

  // Whether an actor that is stuck in a wait for a signal waits, through
  // others, for itself.
  bool HasCircle(const std::vector<bool>& stuck) const {
    for (uint32_t a = 0; a < stuck.size(); ++a) {
      const Event* e = Next(a);
      if (!stuck[a] || !Started(a) ||
          (e->kind != EventKind::kTake && e->kind != EventKind::kFound)) {
        continue;
      }
      std::set<uint32_t> seen;
      std::vector<uint32_t> open = {a};
      while (!open.empty()) {
        const uint32_t from = open.back();
        open.pop_back();
        for (const uint32_t to : WaitsFor(from)) {
          if (to == a) return true;
          if (stuck[to] && seen.insert(to).second) open.push_back(to);
        }
      }
    }
    return false;
  }

 private:
  // Who comes first runs a function, which does what it was seen to do; one
  // that was not seen to run one, nothing. Whoever comes later passes: true,
  // and all of its call is done.
  bool DoOnce(uint32_t a, const Event& e, SignalPast& past) {
    if (e.kind == EventKind::kAcquire && e.mode == model::Mode::kExclusive &&
        past.flags[e.object]) {
      length_[a] = e.match + 1;
      return true;
    }
    if (e.kind == EventKind::kAcquire && e.mode == model::Mode::kShared) {
      past.flags[e.object] = true;
    }
    if (e.kind == EventKind::kRelease && e.level != kThrown) {
      past.flags[e.object] = true;
    }
    return false;
  }

  // None that was submitted before has yet to begin.
  bool IsNextOfItsPool(uint32_t task, const SignalPast& past) const {
    const auto pool = [&](uint32_t t) {
      return trace_.actors[t].events[0].object;
    };
    const auto first =
        std::find_if(past.queued.begin(), past.queued.end(),
                     [&](uint32_t t) { return pool(t) == pool(task); });
    return first != past.queued.end() && *first == task;
  }

  // Tasks that have a slot of the pool.
  std::vector<uint32_t> Running(uint32_t pool) const {
    std::vector<uint32_t> running;
    for (uint32_t a = 0; a < length_.size(); ++a) {
      if (IsTask(a) && trace_.actors[a].events[0].object == pool &&
          length_[a] > 0 && Next(a) != nullptr) {
        running.push_back(a);
      }
    }
    return running;
  }

  // Of a barrier: how many have yet to come for the actor to go on.
  uint32_t Missing(uint32_t a, uint32_t object, const SignalPast& past) const {
    const auto row = past.opens_at.find({a, object});
    if (row == past.opens_at.end()) return 0;
    return row->second - std::min(row->second, Arrived(object));
  }
  // How often it comes before it waits there itself.
  uint32_t ComesNext(uint32_t a, uint32_t object) const {
    uint32_t count = 0;
    const auto& events = trace_.actors[a].events;
    for (uint32_t i = length_[a]; i < events.size(); ++i) {
      if (events[i].object != object) continue;
      if (events[i].kind == EventKind::kTake) break;
      count += events[i].kind == EventKind::kPost;
    }
    return count;
  }

  std::vector<uint32_t> WaitsFor(uint32_t a) const {
    if (!Started(a)) return {trace_.actors[a].forked_by.actor};
    const Event* e = Next(a);
    if (e == nullptr) return {};
    if (e->kind == EventKind::kJoin) return {e->object};
    if (e->kind == EventKind::kAcquire) return Holders(a);
    if (IsPool(e->object)) return Running(e->object);
    std::vector<uint32_t> posters;
    for (uint32_t p = 0; p < length_.size(); ++p) {
      if (p != a && PostsLater(p, e->object)) posters.push_back(p);
    }
    return posters;
  }

  bool PostsLater(uint32_t p, uint32_t object) const {
    const auto& events = trace_.actors[p].events;
    return std::any_of(
        events.begin() + length_[p], events.end(), [&](const Event& e) {
          return e.object == object && e.kind == EventKind::kPost &&
                 e.post != Post::kClear;
        });
  }

  bool CanComeAlive(uint32_t a, const SignalPast& past,
                    const std::vector<bool>& live) const {
    if (!Started(a)) return live[trace_.actors[a].forked_by.actor];
    const Event* e = Next(a);
    if (e == nullptr) return false;  // has ended: no help
    if (Enabled(a, past) || e->how == model::How::kTry) return true;
    if (e->kind == EventKind::kPost) return true;  // it throws
    if (e->kind == EventKind::kAcquire) {
      const auto holders = Holders(a);
      return std::all_of(holders.begin(), holders.end(),
                         [&](uint32_t holder) { return live[holder]; });
    }
    if (e->kind == EventKind::kJoin) return live[e->object];
    if (IsPool(e->object)) {
      if (Stock(e->object) > 0) return true;
      const auto running = Running(e->object);
      return std::any_of(running.begin(), running.end(),
                         [&](uint32_t task) { return live[task]; });
    }
    if (IsBarrier(e->object)) {
      uint32_t come = 0;
      for (uint32_t p = 0; p < length_.size(); ++p) {
        if (p != a && live[p]) come += ComesNext(p, e->object);
      }
      return come >= Missing(a, e->object, past);
    }
    for (uint32_t p = 0; p < length_.size(); ++p) {
      if (p != a && live[p] && PostsLater(p, e->object)) return true;
    }
    return false;
  }

  const Trace& trace_;
  std::vector<uint32_t> length_;
};

// Who waits for what in a state in which they are stuck: (actor, event).
using StuckSet = std::set<std::pair<uint32_t, uint32_t>>;

// How far each actor is, and what was before.
using SignalMoment = std::pair<std::vector<uint32_t>, SignalPast>;

// All that can come after that moment, which is passed to visit(state, past)
// one by one; false of it ends the walk.
template <typename Visit>
void WalkFrom(const Trace& trace, const SignalMoment& from, Visit visit) {
  std::set<SignalMoment> seen;
  std::vector<SignalMoment> open = {from};
  while (!open.empty()) {
    const SignalMoment now = std::move(open.back());
    open.pop_back();
    if (!seen.insert(now).second) continue;
    const SignalState state(trace, now.first);
    if (!visit(state, now.second)) return;
    for (uint32_t a = 0; a < trace.actors.size(); ++a) {
      if (!state.Enabled(a, now.second)) continue;
      SignalState next = state;
      SignalPast past = now.second;
      next.Do(a, past);
      open.emplace_back(next.length(), std::move(past));
    }
  }
}

// Whatever happens after that moment, these never go on, and nobody is left at
// last who could let them.
inline bool StayStuck(const Trace& trace, const SignalMoment& moment,
                      const StuckSet& waits) {
  bool stay = true;
  WalkFrom(
      trace, moment, [&](const SignalState& state, const SignalPast& past) {
        bool is_last = true;
        for (uint32_t a = 0; a < trace.actors.size(); ++a) {
          is_last &= !state.Enabled(a, past);
        }
        const std::vector<bool> stuck =
            is_last ? state.Stuck(past) : std::vector<bool>();
        for (const auto& [actor, index] : waits) {
          stay &= state.length()[actor] == index && (!is_last || stuck[actor]);
        }
        return stay;
      });
  return stay;
}

class SignalSearch {
 public:
  explicit SignalSearch(const Trace& trace) : trace_(trace) { Visit(); }
  const std::set<StuckSet>& found() const { return found_; }
  bool has_circle() const { return has_circle_; }

 private:
  void Visit() {
    WalkFrom(trace_,
             {std::vector<uint32_t>(trace_.actors.size()), SignalPast(trace_)},
             [&](const SignalState& state, const SignalPast& past) {
               Record(state, past);
               return true;
             });
  }

  void Record(const SignalState& state, const SignalPast& past) {
    const std::vector<bool> stuck = state.Stuck(past);
    has_circle_ |= state.HasCircle(stuck);
    StuckSet set;
    for (uint32_t a = 0; a < stuck.size(); ++a) {
      if (stuck[a] && state.Started(a)) set.insert({a, state.length()[a]});
    }
    if (!set.empty()) found_.insert(std::move(set));
  }

  const Trace& trace_;
  std::set<StuckSet> found_;
  bool has_circle_ = false;
};

}  // namespace lockcheck::oracle

#endif  // LOCKCHECK_TESTS_ORACLE_SIGNAL_SEARCH_H_
