// One run of a program that is a list of events for each actor: whoever can go
// on does, by chance, and the acts get the numbers that a log has of them.
#ifndef LOCKCHECK_TESTS_ORACLE_SIGNAL_RUN_H_
#define LOCKCHECK_TESTS_ORACLE_SIGNAL_RUN_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "tests/oracle/signal_search.h"

namespace lockcheck::oracle {

class SignalRun {
 public:
  SignalRun(const Trace& program, std::mt19937& random)
      : program_(program),
        random_(random),
        trace_(program),
        state_(program, std::vector<uint32_t>(program.actors.size())),
        past_(program) {}

  // Nothing: it did not come to its end.
  std::optional<Trace> ToItsEnd() {
    while (const auto actor = SomebodyReady()) {
      const uint32_t members = std::max(1u, state_.Members(*actor));
      for (uint32_t i = 0; i < members; ++i) Number(*actor, i);
      state_.Do(*actor, past_);
    }
    for (uint32_t a = 0; a < trace_.actors.size(); ++a) {
      if (!state_.Ended(a)) return std::nullopt;
      trace_.actors[a].ended = true;
    }
    for (auto ref = not_there_.rbegin(); ref != not_there_.rend(); ++ref) {
      LeaveOut(trace_, *ref);
    }
    return std::move(trace_);
  }

 private:
  std::optional<uint32_t> SomebodyReady() {
    std::vector<uint32_t> ready;
    for (uint32_t a = 0; a < program_.actors.size(); ++a) {
      if (state_.Enabled(a, past_) && state_.IsAsRecorded(a, past_)) {
        ready.push_back(a);
      }
    }
    if (ready.empty()) return std::nullopt;
    const auto last = static_cast<uint32_t>(ready.size() - 1);
    return ready[std::uniform_int_distribution<uint32_t>(0, last)(random_)];
  }

  void Number(uint32_t a, uint32_t member) {
    Event& e = trace_.actors[a].events[state_.length()[a] + member];
    if (e.kind == EventKind::kAcquire) {
      const auto [row, is_new] = holder_.try_emplace(e.object, a);
      if (row->second != a) ++handover_[e.object];
      row->second = a;
      e.order = handover_[e.object];
    } else if (e.kind != EventKind::kFork && e.kind != EventKind::kJoin &&
               state_.IsOutstanding(e.object)) {
      NumberOutstanding(a, e);
    } else if (IsOf(e, &SignalState::IsCondition)) {
      NumberCondition(a, e);
    } else if (IsOf(e, &SignalState::IsBarrier)) {
      uint32_t& phase = phase_[{a, e.object}];
      if (e.kind == EventKind::kPost) {
        phase =
            state_.Arrived(e.object) / program_.objects[e.object].initial + 1;
      }
      e.order = phase;
    } else if (program_.objects[e.object].held) {
      e.order = 0;
    } else if (e.kind == EventKind::kPost && state_.IsFlag(e.object)) {
      const bool set = e.post == Post::kSet;
      e.order = past_.flags[e.object] == set ? 0 : ++acts_[e.object];
      if (e.order != 0 && set) last_set_[e.object] = e.order;
    } else if (e.kind == EventKind::kTake) {
      e.order = state_.IsFlag(e.object) ? last_set_[e.object] : NextAct(e);
    } else if (e.kind == EventKind::kPost) {
      e.order = ++acts_[e.object];
      posted_.insert(e.object);
    }
  }

  bool IsOf(const Event& e, bool (SignalState::*is)(uint32_t) const) const {
    return e.kind != EventKind::kFork && e.kind != EventKind::kJoin &&
           (state_.*is)(e.object);
  }

  // Who finds the predicate true does not wait: one event for two.
  void NumberCondition(uint32_t a, Event& e) {
    auto& waiting = waiting_[e.object];
    const uint32_t index = state_.length()[a];
    if (e.kind == EventKind::kPost) {
      e.order = acts_[e.object] + 1;
      e.first_ticket = waiting.empty() ? 0 : *waiting.begin();
      e.tickets = static_cast<uint32_t>(waiting.size());
      waiting.clear();
    } else if (e.kind == EventKind::kTake) {
      e.order = trace_.actors[a].events[index - 1].order;
    } else if (past_.flags[e.object]) {
      e.kind = EventKind::kFound;
      not_there_.insert({a, index + 1});
    } else {
      e.order = ++acts_[e.object];
      waiting.insert(e.order);
    }
  }

  static void LeaveOut(Trace& trace, std::pair<uint32_t, uint32_t> ref) {
    const auto [actor, index] = ref;
    auto& events = trace.actors[actor].events;
    events.erase(events.begin() + index);
    for (Event& e : events) {
      if (e.match != analysis::kNone && e.match > index) --e.match;
    }
    for (auto& other : trace.actors) {
      if (other.forked_by.actor == actor && other.forked_by.index > index) {
        --other.forked_by.index;
      }
    }
  }

  // An operation's own acts are numbered; of a queue puts and gets are.
  void NumberOutstanding(uint32_t a, Event& e) {
    const uint32_t items = program_.objects[e.object].items;
    if (e.kind == EventKind::kTake) {
      e.order = none_left_[e.object];
      return;
    }
    if (items == analysis::kNone) ++acts_[e.object];
    e.order = acts_[items == analysis::kNone ? e.object : items];
    std::vector<uint32_t> length = state_.length();
    ++length[a];
    const SignalState after(program_, length);
    e.level = static_cast<uint32_t>(after.Left(e.object));
    if (e.level == 0) none_left_[e.object] = e.order;
  }

  // Of a semaphore the first permits are taken as holds.
  uint32_t NextAct(const Event& take) {
    const analysis::TraceObject& object = program_.objects[take.object];
    const uint32_t act = ++acts_[take.object];
    const bool holds = object.kind == ObjectKind::kSemaphore &&
                       act <= object.initial && !posted_.contains(take.object);
    return holds ? 0 : act;
  }

  const Trace& program_;
  std::mt19937& random_;
  Trace trace_;
  SignalState state_;
  SignalPast past_;
  std::map<uint32_t, uint32_t> acts_, last_set_, none_left_, holder_, handover_;
  std::set<uint32_t> posted_;
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> phase_;  // of a barrier
  std::map<uint32_t, std::set<uint32_t>> waiting_;           // tickets
  // Events of waits that need not be: actor, index.
  std::set<std::pair<uint32_t, uint32_t>> not_there_;
};

}  // namespace lockcheck::oracle

#endif  // LOCKCHECK_TESTS_ORACLE_SIGNAL_RUN_H_
