// The oracle: every correct reordering of a small trace, exhaustively.
//
// A reordering is a prefix of each actor's events; the locks held follow from
// the prefixes alone, so a state is a vector of positions, and of each variable
// the last write, and each is visited once. A read, or an update, comes after
// the very write that it was seen to find. In every reachable state the actors
// whose next event is a blocking request of a lock that others hold (or a join
// of an actor that has not ended) wait for those others; a cycle among them is
// a deadlock that can happen.
#ifndef LOCKCHECK_TESTS_ORACLE_SEARCH_H_
#define LOCKCHECK_TESTS_ORACLE_SEARCH_H_

#include <algorithm>
#include <set>
#include <vector>

#include "tests/oracle/trace.h"

namespace lockcheck::oracle {

// One reachable deadlock: the requests (indices into Trace::events) at which
// its actors stand, in cyclic order, the smallest first: each asks for what the
// next one holds. `acquired` are the events that got those locks; the same
// index as the request's successor for END.
struct Deadlock {
  std::vector<size_t> requests;
  std::vector<size_t> acquired;  // of what requests[i] asks; kNoEvent: a join
  static constexpr size_t kNoEvent = static_cast<size_t>(-1);
  auto operator<=>(const Deadlock&) const = default;
};

class Search {
 public:
  explicit Search(const Trace& trace)
      : trace_(trace),
        events_(trace.actor_count),
        forked_by_(trace.actor_count),
        saw_(trace.events.size()) {
    State last(trace.variables.size());
    for (size_t i = 0; i < trace.events.size(); ++i) {
      const Event& e = trace.events[i];
      if (e.op == Op::kFork) {
        forked_by_[e.object] = {true, e.actor, events_[e.actor].size()};
      }
      events_[e.actor].push_back(i);
      if (!IsAccess(e.op)) continue;
      saw_[i] = last[e.object];
      if (Writes(e.op)) last[e.object] = static_cast<uint32_t>(i + 1);
    }
  }

  // Every deadlock that some correct reordering reaches.
  std::set<Deadlock> Run() {
    std::vector<State> open = {
        State(trace_.actor_count + trace_.variables.size(), 0)};
    seen_.insert(open.back());
    while (!open.empty()) {
      const State state = std::move(open.back());
      open.pop_back();
      const Holders holders = HoldersOf(state);
      Collect(state, holders);
      for (uint32_t actor = 0; actor < trace_.actor_count; ++actor) {
        if (!Enabled(state, holders, actor)) continue;
        State next = state;
        Do(*Next(state, actor), events_[actor][state[actor]], next);
        if (seen_.insert(next).second) open.push_back(std::move(next));
      }
    }
    return found_;
  }

 private:
  // By actor, how many events it has done; by variable, 0 or one more than the
  // last write's index.
  using State = std::vector<uint32_t>;
  struct Holder {
    uint32_t actor;
    size_t event;
    model::Mode mode;
  };
  using Holders = std::vector<std::vector<Holder>>;
  struct Fork {
    bool known = false;
    uint32_t actor = 0;
    size_t position = 0;
  };

  uint32_t LastWrite(const State& s, const Event& access) const {
    return s[trace_.actor_count + access.object];
  }
  void Do(const Event& e, size_t index, State& s) const {
    ++s[e.actor];
    if (Writes(e.op)) {
      s[trace_.actor_count + e.object] = static_cast<uint32_t>(index + 1);
    }
  }
  bool Ended(const State& s, uint32_t a) const {
    return s[a] == events_[a].size();
  }
  bool Started(const State& s, uint32_t a) const {
    return !forked_by_[a].known ||
           s[forked_by_[a].actor] > forked_by_[a].position;
  }
  const Event* Next(const State& s, uint32_t a) const {
    return Ended(s, a) || !Started(s, a) ? nullptr
                                         : &trace_.events[events_[a][s[a]]];
  }

  Holders HoldersOf(const State& state) const {
    Holders holders(trace_.locks.size());
    for (uint32_t actor = 0; actor < trace_.actor_count; ++actor) {
      for (uint32_t i = 0; i < state[actor]; ++i) {
        const Event& e = trace_.events[events_[actor][i]];
        if (e.op == Op::kAcquire) {
          holders[e.object].push_back({actor, events_[actor][i], e.mode});
        } else if (e.op == Op::kRelease) {
          std::erase_if(holders[e.object],
                        [&](const Holder& h) { return h.actor == actor; });
        }
      }
    }
    return holders;
  }

  static bool Excludes(model::Mode a, model::Mode b) {
    return a == model::Mode::kExclusive || b == model::Mode::kExclusive;
  }

  bool Enabled(const State& s, const Holders& holders, uint32_t actor) const {
    const Event* e = Next(s, actor);
    if (e == nullptr || e->op == Op::kRequest) return false;
    if (Reads(e->op) && LastWrite(s, *e) != saw_[events_[actor][s[actor]]]) {
      return false;
    }
    if (e->op == Op::kJoin) return Started(s, e->object) && Ended(s, e->object);
    if (e->op != Op::kAcquire) return true;
    return std::none_of(
        holders[e->object].begin(), holders[e->object].end(),
        [&](const Holder& h) { return Excludes(h.mode, e->mode); });
  }

  // Whom the actor waits for in this state, with the event that got the lock.
  std::vector<Holder> WaitsFor(const State& s, const Holders& holders,
                               uint32_t actor) const {
    const Event* e = Next(s, actor);
    if (e == nullptr || e->how == model::How::kTry ||
        e->how == model::How::kTimed) {
      return {};
    }
    if (e->op == Op::kJoin || (e->op == Op::kRequest && e->join)) {
      if (Ended(s, e->object) || !Started(s, e->object)) return {};
      return {{e->object, Deadlock::kNoEvent, model::Mode::kExclusive}};
    }
    if (e->op != Op::kAcquire && e->op != Op::kRequest) return {};
    std::vector<Holder> waits;
    for (const Holder& h : holders[e->object]) {
      if (h.actor != actor && Excludes(h.mode, e->mode)) waits.push_back(h);
    }
    return waits;
  }

  void Collect(const State& s, const Holders& holders) {
    for (uint32_t actor = 0; actor < trace_.actor_count; ++actor) {
      std::vector<uint32_t> path = {actor};
      std::vector<size_t> acquired;
      Extend(s, holders, path, acquired);
    }
  }

  void Extend(const State& s, const Holders& holders,
              std::vector<uint32_t>& path, std::vector<size_t>& acquired) {
    for (const Holder& h : WaitsFor(s, holders, path.back())) {
      acquired.push_back(h.event);
      if (h.actor == path.front() && path.size() > 1) {
        Record(s, path, acquired);
      } else if (h.actor > path.front() &&
                 std::find(path.begin(), path.end(), h.actor) == path.end()) {
        path.push_back(h.actor);
        Extend(s, holders, path, acquired);
        path.pop_back();
      }
      acquired.pop_back();
    }
  }

  // Only cycles of distinct locks: a cycle through shared holds that meets a
  // lock twice contains a shorter one.
  void Record(const State& s, const std::vector<uint32_t>& path,
              const std::vector<size_t>& acquired) {
    Deadlock deadlock;
    std::set<std::pair<bool, uint32_t>> distinct;
    for (uint32_t actor : path) {
      deadlock.requests.push_back(events_[actor][s[actor]]);
      const Event& e = *Next(s, actor);
      distinct.insert({e.join || e.op == Op::kJoin, e.object});
    }
    deadlock.acquired = acquired;
    if (distinct.size() == path.size()) found_.insert(std::move(deadlock));
  }

  const Trace& trace_;
  std::vector<std::vector<size_t>> events_;  // per actor
  std::vector<Fork> forked_by_;
  std::vector<uint32_t> saw_;  // by event: of a read, as in State
  std::set<State> seen_;
  std::set<Deadlock> found_;
};

}  // namespace lockcheck::oracle

#endif  // LOCKCHECK_TESTS_ORACLE_SEARCH_H_
