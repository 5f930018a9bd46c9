#include "lib/analysis/clauses.h"

#include <algorithm>
#include <numeric>

namespace lockcheck::analysis {
namespace {

// Has the step a phase that is unordered with the cone's?
bool Overlaps(const PhaseCone& cone, const Step& step) {
  const PhaseWindow window = cone.Concurrent(step.actor);
  const auto first = std::upper_bound(
      step.phases.begin(), step.phases.end(), window.after,
      [](int64_t after, uint32_t phase) { return after < int64_t{phase}; });
  return first != step.phases.end() && window.Contains(*first);
}

std::vector<size_t> InOrder(size_t count) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

}  // namespace

Reason ReasonOf(Clause clause) {
  switch (clause) {
    case Clause::kOneActor:
      return Reason::kOneActor;
    case Clause::kReaders:
      return Reason::kReaders;
    case Clause::kGate:
      return Reason::kGate;
    case Clause::kTry:
      return Reason::kTry;
    case Clause::kForkJoin:
      break;
  }
  return Reason::kForkJoin;
}

ObjectIndex GateOf(const Step& a, const Step& b) {
  for (const Hold& x : a.held) {
    for (const Hold& y : b.held) {
      if (x.object == y.object && Exclude(x.mode, y.mode)) return x.object;
    }
  }
  return kNone;
}

ObjectIndex CommonGate(const OrderComponent& component) {
  const auto holds = [](const Step& step, ObjectIndex object) {
    return std::any_of(step.held.begin(), step.held.end(), [&](const Hold& h) {
      return h.object == object && h.mode == model::Mode::kExclusive;
    });
  };
  for (const Hold& candidate : component.arcs.front().steps.front().held) {
    const auto held_in = [&](const Arc& arc) {
      return std::all_of(
          arc.steps.begin(), arc.steps.end(),
          [&](const Step& step) { return holds(step, candidate.object); });
    };
    if (std::all_of(component.arcs.begin(), component.arcs.end(), held_in)) {
      return candidate.object;
    }
  }
  return kNone;
}

// The state of one backtracking search. Arcs are assigned in `order`.
struct ClauseChecker::Assignment {
  std::span<const uint32_t> arcs;
  Clause last;
  std::vector<size_t> order;
  Choices choices;  // by position in `arcs`
};

bool ClauseChecker::Spend() {
  if (checks_left_ > 0) {
    --checks_left_;
    return true;
  }
  cut_ = true;
  return false;
}

bool ClauseChecker::Compatible(uint32_t arc_a, const Step& a, uint32_t arc_b,
                               const Step& b, Clause last) const {
  if (a.actor == b.actor) return false;
  if (last >= Clause::kReaders) {
    const Arc& x = component_.arcs[arc_a];
    const Arc& y = component_.arcs[arc_b];
    if (x.to == y.from && !Exclude(a.mode, b.hold_mode)) return false;
    if (y.to == x.from && !Exclude(b.mode, a.hold_mode)) return false;
  }
  if (last >= Clause::kGate && GateOf(a, b) != kNone) return false;
  return last < Clause::kTry || (!GivesUp(a.how) && !GivesUp(b.how));
}

bool ClauseChecker::PairPossible(uint32_t a, uint32_t b, Clause last) {
  constexpr size_t kCheapToJudge = 16;
  if (component_.arcs[a].steps.size() * component_.arcs[b].steps.size() <=
      kCheapToJudge) {
    return JudgePair(a, b, last);
  }
  if (a > b) std::swap(a, b);
  const uint64_t key = static_cast<uint64_t>(a) << 32 | b;
  auto& known = pairs_[static_cast<int>(last)];
  const auto found = known.find(key);
  if (found != known.end()) return found->second;
  const bool possible = JudgePair(a, b, last);
  known.emplace(key, possible);
  return possible;
}

bool ClauseChecker::JudgePair(uint32_t a, uint32_t b, Clause last) {
  const auto& xs = component_.arcs[a].steps;
  const auto& ys = component_.arcs[b].steps;
  for (const Step& x : xs) {
    if (last < Clause::kForkJoin) {
      for (const Step& y : ys) {
        if (!Spend()) return false;
        if (Compatible(a, x, b, y, last)) return true;
      }
      continue;
    }
    for (const uint32_t phase : x.phases) {
      const PhaseCone& cone = order_.ConeOf(x.actor, phase);
      for (const Step& y : ys) {
        if (!Spend()) return false;
        if (Overlaps(cone, y) && Compatible(a, x, b, y, last)) return true;
      }
    }
  }
  return false;
}

bool ClauseChecker::MayOverlap(const Step& a, const Step& b) {
  return std::any_of(a.phases.begin(), a.phases.end(), [&](uint32_t phase) {
    return Overlaps(order_.ConeOf(a.actor, phase), b);
  });
}

std::optional<Choices> ClauseChecker::Check(std::span<const uint32_t> arcs,
                                            Clause last) {
  for (size_t i = 0; i < arcs.size(); ++i) {
    for (size_t j = i + 1; j < arcs.size(); ++j) {
      if (!PairPossible(arcs[i], arcs[j], last)) return std::nullopt;
    }
  }
  Assignment assignment{arcs, last, InOrder(arcs.size()), Choices(arcs.size())};
  std::stable_sort(assignment.order.begin(), assignment.order.end(),
                   [&](size_t i, size_t j) {
                     return component_.arcs[arcs[i]].steps.size() <
                            component_.arcs[arcs[j]].steps.size();
                   });
  if (!Assign(assignment, 0)) return std::nullopt;
  return std::move(assignment.choices);
}

std::optional<Choices> ClauseChecker::Extend(std::span<const uint32_t> arcs,
                                             Clause last,
                                             const Choices& choices) {
  for (size_t i = 0; i + 1 < arcs.size(); ++i) {
    if (!PairPossible(arcs[i], arcs.back(), last)) return std::nullopt;
  }
  Assignment assignment{arcs, last, InOrder(arcs.size()), choices};
  assignment.choices.emplace_back();
  if (Assign(assignment, arcs.size() - 1)) return std::move(assignment.choices);
  return Check(arcs, last);
}

// Assigns order[depth] and everything after it, given everything before.
bool ClauseChecker::Assign(Assignment& assignment, size_t depth) {
  if (depth == assignment.order.size()) return true;
  const size_t position = assignment.order[depth];
  const uint32_t arc = assignment.arcs[position];
  const bool ordered = assignment.last >= Clause::kForkJoin;
  for (const Step& step : component_.arcs[arc].steps) {
    if (!Spend()) return false;
    PhaseWindow window;
    bool compatible = true;
    for (size_t i = 0; i < depth && compatible; ++i) {
      const size_t other = assignment.order[i];
      const Choice& chosen = assignment.choices[other];
      compatible = Compatible(arc, step, assignment.arcs[other], *chosen.step,
                              assignment.last);
      if (!compatible || !ordered) continue;
      const PhaseWindow w = order_.ConeOf(chosen.step->actor, chosen.phase)
                                .Concurrent(step.actor);
      window.after = std::max(window.after, w.after);
      window.before = std::min(window.before, w.before);
    }
    if (!compatible) continue;
    for (const uint32_t phase : step.phases) {
      if (ordered && !window.Contains(phase)) continue;
      if (!Spend()) return false;
      assignment.choices[position] = {&step, phase};
      if (Assign(assignment, depth + 1)) return true;
      if (!ordered) break;  // no later clause asks for the phase
    }
  }
  return false;
}

}  // namespace lockcheck::analysis
