// From a trace to the Observations that the scan of a log of the same events
// gives, straight from the definitions in lib/analysis/observations.h.
#ifndef LOCKCHECK_TESTS_ORACLE_TRANSLATE_H_
#define LOCKCHECK_TESTS_ORACLE_TRANSLATE_H_

#include <algorithm>
#include <vector>

#include "lib/analysis/observations.h"
#include "tests/oracle/trace.h"

namespace lockcheck::oracle {

class Translator {
 public:
  explicit Translator(const Trace& trace) {
    out_.object_count = trace.locks.size();
    out_.actor_count = trace.actor_count;
    out_.phase_count.assign(trace.actor_count, 1);
    out_.end.resize(trace.actor_count);
    for (const Event& event : trace.events) Add(event);
    for (uint32_t a = 0; a < trace.actor_count; ++a) {
      for (const Open& open : held(a)) out_.end[a].held.push_back(open.hold);
    }
  }

  analysis::Observations Take() { return std::move(out_); }

 private:
  struct Open {
    analysis::Hold hold;
    int depth = 1;
  };
  std::vector<Open>& held(uint32_t actor) {
    if (held_.size() <= actor) held_.resize(actor + 1);
    return held_[actor];
  }

  void Add(const Event& e) {
    uint32_t& phases = out_.phase_count[e.actor];
    switch (e.op) {
      case Op::kAcquire:
        Acquire(e);
        break;
      case Op::kRelease:
        Release(e);
        break;
      case Op::kRequest:
        Request(e, e.join ? out_.end_object(e.object) : e.object);
        Wait(e);
        break;
      case Op::kFork:
        out_.phase_edges.push_back({e.actor, phases - 1, e.object, 0});
        ++phases;
        break;
      case Op::kJoin:
        Request(e, out_.end_object(e.object));
        out_.phase_edges.push_back(
            {e.object, out_.phase_count[e.object] - 1, e.actor, phases});
        ++phases;
        out_.end[e.object].state = analysis::ActorState::kEnded;
        break;
      case Op::kEnd:
        out_.end[e.actor].state = analysis::ActorState::kEnded;
        break;
      case Op::kRead:
      case Op::kWrite:
      case Op::kUpdate:
        break;  // what the scan leaves knows nothing of variables
    }
  }

  void Acquire(const Event& e) {
    for (Open& open : held(e.actor)) {
      if (open.hold.object != e.object) continue;
      ++open.depth;
      return;
    }
    Request(e, e.object);
    held(e.actor).push_back({{e.object, e.mode, e.site}});
  }

  void Release(const Event& e) {
    auto& open = held(e.actor);
    const auto found =
        std::find_if(open.begin(), open.end(),
                     [&](const Open& o) { return o.hold.object == e.object; });
    if (found != open.end() && --found->depth == 0) open.erase(found);
  }

  void Request(const Event& e, uint32_t object) {
    analysis::HeldSet holds;
    for (const Open& open : held(e.actor)) {
      if (open.hold.object == object) return;  // re-entrant, or a self-lock
      holds.push_back(open.hold);
    }
    if (holds.empty()) {
      for (analysis::Request& r : out_.requests) {
        if (r.actor == e.actor && r.lock == object && r.mode == e.mode &&
            r.how == e.how && r.site == e.site) {
          return Count(e, r);
        }
      }
      return Count(e, Ask(e, object, out_.requests.emplace_back()));
    }
    for (analysis::Dependency& d : out_.dependencies) {
      if (d.actor == e.actor && d.lock == object && d.mode == e.mode &&
          d.how == e.how && d.site == e.site && d.held == holds) {
        return Count(e, d);
      }
    }
    analysis::Dependency& d = out_.dependencies.emplace_back();
    d.held = holds;
    Count(e, Ask(e, object, d));
  }

  template <typename Row>
  static Row& Ask(const Event& e, uint32_t object, Row& row) {
    row.actor = e.actor;
    row.lock = object;
    row.mode = e.mode;
    row.how = e.how;
    row.site = e.site;
    return row;
  }

  template <typename Row>
  void Count(const Event& e, Row& row) {
    const uint32_t phase = out_.phase_count[e.actor] - 1;
    ++row.count;
    if (row.phases.empty() || row.phases.back() != phase) {
      row.phases.push_back(phase);
    }
  }

  void Wait(const Event& e) {
    analysis::EndState& end = out_.end[e.actor];
    end.state = analysis::ActorState::kBlocked;
    end.wait.emplace();
    end.wait->object = e.join ? out_.end_object(e.object) : e.object;
    end.wait->how = e.how;
    end.wait->mode = e.mode;
    end.wait->site = e.site;
  }

  analysis::Observations out_;
  std::vector<std::vector<Open>> held_;
};

inline analysis::Observations Translate(const Trace& trace) {
  return Translator(trace).Take();
}

}  // namespace lockcheck::oracle

#endif  // LOCKCHECK_TESTS_ORACLE_TRANSLATE_H_
