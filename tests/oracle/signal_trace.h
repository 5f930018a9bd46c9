// Random traces of small programs with locks and signals, made by running one,
// and all that can happen in them otherwise: every state that some interleaving
// reaches, by the objects' rules alone, and who is stuck in it.
#ifndef LOCKCHECK_TESTS_ORACLE_SIGNAL_TRACE_H_
#define LOCKCHECK_TESTS_ORACLE_SIGNAL_TRACE_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lib/analysis/trace.h"

namespace lockcheck::oracle {

using analysis::Event;
using analysis::EventKind;
using analysis::Trace;
using model::ObjectKind;
using model::Post;

// Of what there is: locks first, then the others in turn.
struct SignalMix {
  uint32_t actors = 3;
  uint32_t locks = 2;
  std::vector<ObjectKind> signals = {ObjectKind::kSemaphore};
  uint32_t steps = 6;  // of an actor, at most
  uint32_t initial = 0;
  bool forks = true;  // main starts the others, and may join them
  int try_percent = 0;
  bool queues = false;  // signals: kQueue, kQueueSlots, and so on
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

  // What the objects have depends on the order in which things happened for
  // flags only, so that is kept beside the lengths.
  bool Enabled(uint32_t a, const std::vector<bool>& flags) const {
    const Event* e = Next(a);
    if (e == nullptr || !Started(a)) return false;
    switch (e->kind) {
      case EventKind::kAcquire:
        return Holder(e->object) == analysis::kNone;
      case EventKind::kJoin:
        return Ended(e->object);
      case EventKind::kTake:
        return IsFlag(e->object) ? flags[e->object] : Stock(e->object) > 0;
      default:
        return true;
    }
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
  bool IsFlag(uint32_t object) const {
    return trace_.objects[object].kind == ObjectKind::kEvent;
  }

  // The AND-OR fixpoint, word by word.
  std::vector<bool> Stuck(const std::vector<bool>& flags) const {
    const auto count = static_cast<uint32_t>(length_.size());
    std::vector<bool> live(count);
    for (bool changed = true; changed;) {
      changed = false;
      for (uint32_t a = 0; a < count; ++a) {
        if (live[a] || !CanComeAlive(a, flags, live)) continue;
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
      if (!stuck[a] || !Started(a) || e->kind != EventKind::kTake) continue;
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
  std::vector<uint32_t> WaitsFor(uint32_t a) const {
    if (!Started(a)) return {trace_.actors[a].forked_by.actor};
    const Event* e = Next(a);
    if (e == nullptr) return {};
    if (e->kind == EventKind::kJoin) return {e->object};
    if (e->kind == EventKind::kAcquire) return {Holder(e->object)};
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

  bool CanComeAlive(uint32_t a, const std::vector<bool>& flags,
                    const std::vector<bool>& live) const {
    if (!Started(a)) return live[trace_.actors[a].forked_by.actor];
    const Event* e = Next(a);
    if (e == nullptr) return false;  // has ended: no help
    if (Enabled(a, flags) || e->how == model::How::kTry) return true;
    if (e->kind == EventKind::kAcquire) return live[Holder(e->object)];
    if (e->kind == EventKind::kJoin) return live[e->object];
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

class SignalSearch {
 public:
  explicit SignalSearch(const Trace& trace) : trace_(trace) {
    Visit(std::vector<uint32_t>(trace.actors.size()),
          std::vector<bool>(trace.objects.size()));
  }
  const std::set<StuckSet>& found() const { return found_; }
  bool has_circle() const { return has_circle_; }
  size_t states() const { return seen_.size(); }

 private:
  using Key = std::pair<std::vector<uint32_t>, std::vector<bool>>;

  void Visit(std::vector<uint32_t> length, std::vector<bool> flags) {
    std::vector<Key> open = {{std::move(length), std::move(flags)}};
    while (!open.empty()) {
      Key key = std::move(open.back());
      open.pop_back();
      if (!seen_.insert(key).second) continue;
      const SignalState state(trace_, key.first);
      Record(state, key.second);
      for (uint32_t a = 0; a < trace_.actors.size(); ++a) {
        if (!state.Enabled(a, key.second)) continue;
        Key next = key;
        const Event& e = *state.Next(a);
        ++next.first[a];
        if (e.kind == EventKind::kPost && state.IsFlag(e.object)) {
          next.second[e.object] = e.post == Post::kSet;
        }
        open.push_back(std::move(next));
      }
    }
  }

  void Record(const SignalState& state, const std::vector<bool>& flags) {
    const std::vector<bool> stuck = state.Stuck(flags);
    has_circle_ |= state.HasCircle(stuck);
    StuckSet set;
    for (uint32_t a = 0; a < stuck.size(); ++a) {
      if (stuck[a] && state.Started(a)) set.insert({a, state.length()[a]});
    }
    if (!set.empty()) found_.insert(std::move(set));
  }

  const Trace& trace_;
  std::set<Key> seen_;
  std::set<StuckSet> found_;
  bool has_circle_ = false;
};

// A program is a list of events for each actor; a run that comes to its end
// numbers the acts. Nothing: it did not.
class SignalRun {
 public:
  SignalRun(const SignalMix& mix, std::mt19937& random)
      : mix_(mix), random_(random) {
    for (uint32_t l = 0; l < mix.locks; ++l) {
      trace_.objects.push_back({.kind = ObjectKind::kMutex});
    }
    for (const ObjectKind kind : mix.signals) {
      trace_.objects.push_back(
          {.kind = kind,
           .initial = kind == ObjectKind::kSemaphore    ? mix.initial
                      : kind == ObjectKind::kQueueSlots ? 1u
                                                        : 0u});
    }
    trace_.actors.resize(mix.actors);
    for (uint32_t a = 0; a < mix.actors; ++a) Write(a);
  }

  std::optional<Trace> Run() {
    Trace script = trace_;
    std::vector<uint32_t> length(mix_.actors);
    std::vector<bool> flags(trace_.objects.size());
    std::vector<uint32_t> acts(trace_.objects.size());
    std::map<uint32_t, uint32_t> last_set, holder, handover;
    std::set<uint32_t> posted;
    for (;;) {
      const SignalState state(script, length);
      std::vector<uint32_t> ready;
      for (uint32_t a = 0; a < mix_.actors; ++a) {
        if (state.Enabled(a, flags)) ready.push_back(a);
      }
      if (ready.empty()) break;
      const uint32_t a = ready[Below(static_cast<uint32_t>(ready.size()))];
      Event& e = trace_.actors[a].events[length[a]++];
      if (e.kind == EventKind::kAcquire) {
        const auto [row, is_new] = holder.try_emplace(e.object, a);
        if (row->second != a) ++handover[e.object];
        row->second = a;
        e.order = handover[e.object];
      } else if (e.kind == EventKind::kPost && state.IsFlag(e.object)) {
        const bool set = e.post == Post::kSet;
        e.order = flags[e.object] == set ? 0 : ++acts[e.object];
        if (e.order != 0 && set) last_set[e.object] = e.order;
        flags[e.object] = set;
      } else if (e.kind == EventKind::kTake) {
        e.order =
            state.IsFlag(e.object) ? last_set[e.object] : ++acts[e.object];
        // Of a semaphore whose first permits are taken as holds.
        const bool holds =
            trace_.objects[e.object].kind == ObjectKind::kSemaphore &&
            acts[e.object] <= trace_.objects[e.object].initial &&
            !posted.contains(e.object);
        if (holds) e.order = 0;
      } else if (e.kind == EventKind::kPost) {
        e.order = ++acts[e.object];
        posted.insert(e.object);
      }
    }
    for (uint32_t a = 0; a < mix_.actors; ++a) {
      if (length[a] != trace_.actors[a].events.size()) return std::nullopt;
      trace_.actors[a].ended = true;
    }
    return std::move(trace_);
  }

 private:
  uint32_t Below(uint32_t n) {
    return std::uniform_int_distribution<uint32_t>(0, n - 1)(random_);
  }
  bool Percent(int p) { return static_cast<int>(Below(100)) < p; }

  void Add(uint32_t a, Event e) {
    auto& events = trace_.actors[a].events;
    e.site = a * 100 + static_cast<uint32_t>(events.size());
    events.push_back(e);
  }

  void Write(uint32_t a) {
    if (a == 0 && mix_.forks) {
      for (uint32_t u = 1; u < mix_.actors; ++u) {
        trace_.actors[u].forked_by = {
            0, static_cast<uint32_t>(trace_.actors[0].events.size())};
        Add(0, {.kind = EventKind::kFork, .object = u});
      }
    }
    std::vector<std::pair<uint32_t, uint32_t>> held;  // lock, its event
    std::set<uint32_t> joined;
    const uint32_t steps = 2 + Below(mix_.steps - 1);
    for (uint32_t i = 0; i < steps; ++i) Step(a, held, joined);
    while (!held.empty()) Release(a, held);
  }

  void Release(uint32_t a, std::vector<std::pair<uint32_t, uint32_t>>& held) {
    auto& events = trace_.actors[a].events;
    const auto [lock, begun] = held.back();
    held.pop_back();
    events[begun].match = static_cast<uint32_t>(events.size());
    Add(a, {.kind = EventKind::kRelease, .object = lock, .match = begun});
  }

  void Step(uint32_t a, std::vector<std::pair<uint32_t, uint32_t>>& held,
            std::set<uint32_t>& joined) {
    const uint32_t what = Below(10);
    if (what < 3 && held.size() < mix_.locks) {
      uint32_t lock = Below(mix_.locks);
      const auto has = [&] {
        return std::any_of(held.begin(), held.end(),
                           [&](const auto& h) { return h.first == lock; });
      };
      while (has()) lock = (lock + 1) % mix_.locks;
      held.emplace_back(lock,
                        static_cast<uint32_t>(trace_.actors[a].events.size()));
      Add(a, {.kind = EventKind::kAcquire,
              .how = Percent(mix_.try_percent) ? model::How::kTry
                                               : model::How::kBlocking,
              .object = lock});
    } else if (what < 5 && !held.empty()) {
      Release(a, held);
    } else if (what == 5 && a == 0 && mix_.forks) {
      const uint32_t child = 1 + Below(mix_.actors - 1);
      if (joined.insert(child).second) {
        Add(a, {.kind = EventKind::kJoin, .object = child});
      }
    } else {
      Signal(a);
    }
  }

  // The signals are pairs: items of a queue, and its room.
  void PutOrGet(uint32_t a) {
    const auto queues = static_cast<uint32_t>(mix_.signals.size() / 2);
    const uint32_t items = mix_.locks + 2 * Below(queues);
    const bool puts = Below(2) == 0;
    Add(a, {.kind = EventKind::kTake, .object = puts ? items + 1 : items});
    Add(a, {.kind = EventKind::kPost,
            .post = puts ? Post::kPut : Post::kGet,
            .object = puts ? items : items + 1});
  }

  void Signal(uint32_t a) {
    const uint32_t object =
        mix_.locks + Below(static_cast<uint32_t>(mix_.signals.size()));
    const bool is_flag = trace_.objects[object].kind == ObjectKind::kEvent;
    if (mix_.queues) return PutOrGet(a);
    if (Below(2) == 0) {
      Add(a, {.kind = EventKind::kTake,
              .how = Percent(mix_.try_percent) ? model::How::kTry
                                               : model::How::kBlocking,
              .object = object});
    } else if (is_flag) {
      Add(a, {.kind = EventKind::kPost,
              .post = Below(3) == 0 ? Post::kClear : Post::kSet,
              .object = object});
    } else {
      Add(a, {.kind = EventKind::kPost,
              .post = Post::kRelease,
              .object = object,
              .amount = Below(4) == 0 ? 2u : 1u});
    }
  }

  const SignalMix& mix_;
  std::mt19937& random_;
  Trace trace_;
};

}  // namespace lockcheck::oracle

#endif  // LOCKCHECK_TESTS_ORACLE_SIGNAL_TRACE_H_
