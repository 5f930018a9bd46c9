#include "lib/analysis/cycles.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "lib/analysis/clauses.h"
#include "lib/analysis/order_graph.h"
#include "lib/analysis/permits.h"
#include "lib/analysis/phase_order.h"
#include "lib/analysis/phase_path.h"
#include "lib/graph/simple_cycles.h"

namespace lockcheck::analysis {
namespace {

using Arcs = std::vector<graph::EdgeIndex>;

// The first search: paths that can still become a deadlock pattern.
class PatternVisitor : public graph::CycleVisitor {
 public:
  struct Pattern {
    Arcs arcs;
    Choices choices;
  };

  PatternVisitor(ClauseChecker& checker, size_t max_cycles)
      : checker_(checker), max_cycles_(max_cycles), choices_(1) {}

  bool OnExtend(std::span<const graph::EdgeIndex> path,
                graph::EdgeIndex edge) override {
    if (checker_.cut()) return false;
    arcs_.assign(path.begin(), path.end());
    arcs_.push_back(edge);
    auto choices = checker_.Extend(arcs_, Clause::kForkJoin, choices_.back());
    if (choices) choices_.push_back(std::move(*choices));
    return choices.has_value();
  }
  void OnRetract() override { choices_.pop_back(); }
  bool OnCycle(std::span<const graph::EdgeIndex> cycle) override {
    if (patterns.size() == max_cycles_) return !(cut = true);
    patterns.push_back({{cycle.begin(), cycle.end()}, choices_.back()});
    return true;
  }

  std::vector<Pattern> patterns;
  bool cut = false;

 private:
  ClauseChecker& checker_;
  const size_t max_cycles_;
  std::vector<Choices> choices_;  // for each length of the path
  Arcs arcs_;
};

// The second search: every cycle that the first did not report.
class InversionVisitor : public graph::CycleVisitor {
 public:
  InversionVisitor(const std::vector<PatternVisitor::Pattern>& patterns,
                   size_t max_cycles)
      : max_cycles_(max_cycles) {
    for (const auto& pattern : patterns) known_.insert(pattern.arcs);
  }

  bool OnExtend(std::span<const graph::EdgeIndex>, graph::EdgeIndex) override {
    return true;
  }
  void OnRetract() override {}
  bool OnCycle(std::span<const graph::EdgeIndex> cycle) override {
    Arcs arcs(cycle.begin(), cycle.end());
    if (known_.contains(arcs)) return true;
    if (inversions.size() == max_cycles_) return !(cut = true);
    inversions.push_back(std::move(arcs));
    return true;
  }

  std::vector<Arcs> inversions;
  bool cut = false;

 private:
  const size_t max_cycles_;
  absl::flat_hash_set<Arcs> known_;
};

class ComponentSearch {
 public:
  ComponentSearch(const Observations& observations, const FindOptions& options,
                  const OrderComponent& component, PhaseOrder& order,
                  PhasePaths& paths)
      : observations_(observations),
        options_(options),
        component_(component),
        checker_(component, order),
        paths_(paths) {}

  void Run(Findings& result) {
    std::vector<Finding>& findings = result.findings;
    PatternVisitor patterns(checker_, options_.max_cycles);
    if (CommonGate(component_) == kNone) FindPatterns(patterns, result);
    for (const auto& pattern : patterns.patterns) {
      findings.push_back(ToPossible(ToFinding(pattern.arcs, pattern.choices)));
    }
    InversionVisitor inversions(patterns.patterns, options_.max_cycles);
    const auto search = Search(inversions, options_.max_cycle_length);
    const bool cut =
        Note("refuted inversions", search, inversions.cut, result.notes);
    if (cut && options_.policy == Policy::kOrder) result.exhaustive = false;
    for (const Arcs& arcs : inversions.inversions) {
      std::optional<Finding> finding = Classify(arcs);
      // A possible one here was beyond a bound of the first search; beyond
      // max_cycles it stays out.
      if (!finding || (patterns.cut && !finding->reason)) continue;
      findings.push_back(std::move(*finding));
    }
    if (checker_.cut()) {
      result.exhaustive = false;
      result.notes.push_back(absl::StrCat(
          "lock order: ", Where(),
          ": too many combinations of actors to try; deadlocks and inversions "
          "among these locks may be missing"));
    }
  }

 private:
  // Actors are distinct, so a pattern is no longer than there are actors.
  void FindPatterns(PatternVisitor& patterns, Findings& result) {
    const size_t actors = component_.actors;
    auto search = Search(patterns, std::min(options_.max_cycle_length, actors));
    search.length_cut &= actors > options_.max_cycle_length;
    if (Note("possible deadlocks", search, patterns.cut, result.notes)) {
      result.exhaustive = false;
    }
  }

  graph::CycleSearch Search(graph::CycleVisitor& visitor, size_t max_length) {
    return graph::SimpleCycles(static_cast<uint32_t>(component_.objects.size()),
                               component_.edges,
                               {max_length, options_.max_steps}, visitor);
  }

  std::string Where() const {
    return absl::StrCat("a group of ", component_.objects.size(),
                        " locks in mutual order");
  }

  // Whether a bound cut the search; then it is noted which.
  bool Note(const char* what, const graph::CycleSearch& search, bool cycles_cut,
            std::vector<std::string>& notes) const {
    if (cycles_cut) {
      notes.push_back(absl::StrCat("lock order: ", Where(), " has more than ",
                                   options_.max_cycles, " ", what,
                                   "; the shortest are listed"));
    } else if (search.steps_cut) {
      notes.push_back(absl::StrCat("lock order: ", Where(), ": the search for ",
                                   what, " ended after ", options_.max_steps,
                                   " steps; longer ones may be missing"));
    } else if (search.length_cut) {
      notes.push_back(absl::StrCat("lock order: ", Where(), ": ", what,
                                   " of more than ", options_.max_cycle_length,
                                   " locks were not searched for"));
    }
    return cycles_cut || search.steps_cut || search.length_cut;
  }

  // Nothing if the checker had to give up before it knew.
  std::optional<Finding> Classify(const Arcs& arcs) {
    Choices choices = OneActorChoices(arcs);
    std::optional<Clause> failed;
    for (int i = 0; i < kClauses && !failed; ++i) {
      const auto clause = static_cast<Clause>(i);
      if (auto better = checker_.Check(arcs, clause)) {
        choices = std::move(*better);
      } else {
        failed = clause;
      }
    }
    if (checker_.cut()) return std::nullopt;
    Finding finding = ToFinding(arcs, choices);
    if (!failed) {  // the first search was cut before it came here
      return ToPossible(std::move(finding));
    }
    finding.verdict = Verdict::kRefuted;
    // Of two reasons the one that stays true when another actor does the same.
    if (*failed < Clause::kTry && NeverCloses(arcs)) failed = Clause::kTry;
    finding.reason = ReasonOf(*failed);
    if (finding.reason == Reason::kReaders) {
      finding.assumes.push_back(
          "a writer that waits does not stop new readers, as with lockcheck's "
          "locks and libstdc++'s");
    }
    if (failed == Clause::kGate) finding.gate = GateAmong(choices);
    if (failed == Clause::kForkJoin) SayWhatOrders(choices, finding);
    finding.order_violation =
        options_.policy == Policy::kOrder &&
        (failed == Clause::kOneActor || failed == Clause::kGate ||
         failed == Clause::kForkJoin);
    return finding;
  }

  Finding ToPossible(Finding finding) const {
    finding.verdict = Verdict::kPossible;
    if (observations_.is_live) {
      finding.assumes.push_back(
          "nothing but locks and the start and join of threads keeps them "
          "apart: mode=live knows no order of events, futures, latches, "
          "barriers, queues, semaphores, conditions and once_flags");
    }
    if (std::any_of(
            finding.parts.begin(), finding.parts.end(),
            [&](const Part& part) { return WasNotSeenToStart(part.actor); })) {
      finding.assumes.push_back(
          "a thread that was not started as a lockcheck::thread is in no order "
          "with the others");
    }
    if (SomeShareTheirThread(finding)) {
      finding.assumes.push_back(
          "these coroutines are suspended between the requests that are shown, "
          "or several threads run them: one thread changes from one to another "
          "only where one is suspended");
    }
    return finding;
  }

  // Whether one thread was the first to resume two of these coroutines.
  bool SomeShareTheirThread(const Finding& finding) const {
    if (observations_.recording == nullptr) return false;
    std::set<std::pair<log::ProcessIndex, uint32_t>> threads;
    size_t coroutines = 0;
    for (const Part& part : finding.parts) {
      if (part.actor == kNone) continue;
      const log::Actor& actor = observations_.recording->actors[part.actor];
      if (actor.how != log::BeginHow::kCoroutine) continue;
      ++coroutines;
      threads.insert({actor.process, actor.tid});
    }
    return threads.size() < coroutines;
  }

  // By std::thread, for instance: nor is it known who joins it.
  bool WasNotSeenToStart(ActorIndex actor) const {
    return observations_.recording != nullptr && actor != kNone &&
           observations_.recording->actors[actor].how ==
               log::BeginHow::kForeign;
  }

  // Does everybody give up at some place of the cycle?
  bool NeverCloses(const Arcs& arcs) const {
    return std::any_of(arcs.begin(), arcs.end(), [&](graph::EdgeIndex arc) {
      const auto& steps = component_.arcs[arc].steps;
      return std::all_of(steps.begin(), steps.end(),
                         [](const Step& step) { return GivesUp(step.how); });
    });
  }

  // To show an inversion that distinct actors cannot make: the first actor's
  // steps where it has one.
  Choices OneActorChoices(const Arcs& arcs) const {
    const ActorIndex actor = component_.arcs[arcs.front()].steps.front().actor;
    Choices choices;
    for (const graph::EdgeIndex arc : arcs) {
      const auto& steps = component_.arcs[arc].steps;
      const auto own =
          std::find_if(steps.begin(), steps.end(),
                       [&](const Step& step) { return step.actor == actor; });
      choices.push_back({own != steps.end() ? &*own : &steps.front(), 0});
    }
    return choices;
  }

  static ObjectIndex GateAmong(const Choices& choices) {
    for (size_t i = 0; i < choices.size(); ++i) {
      for (size_t j = i + 1; j < choices.size(); ++j) {
        const ObjectIndex gate = GateOf(*choices[i].step, *choices[j].step);
        if (gate != kNone) return gate;
      }
    }
    return kNone;
  }

  // Of two parts that are never at the same time, if there are such two; else
  // it is all of them together that cannot be.
  void SayWhatOrders(const Choices& choices, Finding& finding) {
    for (size_t i = 0; i < choices.size(); ++i) {
      for (size_t j = i + 1; j < choices.size(); ++j) {
        const Step& a = *choices[i].step;
        const Step& b = *choices[j].step;
        if (checker_.MayOverlap(a, b)) continue;
        finding.earlier_part = static_cast<uint32_t>(i);
        finding.later_part = static_cast<uint32_t>(j);
        finding.ordered_by = paths_.Path({a.actor, a.phases.front()},
                                         {b.actor, b.phases.front()});
        if (!finding.ordered_by.empty()) return;
        std::swap(finding.earlier_part, finding.later_part);
        finding.ordered_by = paths_.Path({b.actor, b.phases.front()},
                                         {a.actor, a.phases.front()});
        return;
      }
    }
  }

  Finding ToFinding(const Arcs& arcs, const Choices& choices) const {
    Finding finding;
    if (std::any_of(choices.begin(), choices.end(), [](const Choice& choice) {
          return choice.step->how == model::How::kRetried;
        })) {
      finding.assumes = {
          "std::lock goes on trying for as long as another holds one of its "
          "locks"};
    }
    if (std::any_of(choices.begin(), choices.end(), [](const Choice& choice) {
          return choice.step->is_perhaps;
        })) {
      finding.assumes.push_back(
          "std::lock makes the try: its place is not known, for the program's "
          "symbols or debug information were not found");
      finding.doubt = Doubt::kManyAtOnce;
    }
    bool semaphores = false;
    for (size_t i = 0; i < arcs.size(); ++i) {
      const Arc& arc = component_.arcs[arcs[i]];
      finding.parts.push_back(ToPart(arc, *choices[i].step));
      finding.objects.push_back(component_.objects[arc.to]);
      semaphores |= AnybodyReleases(observations_, finding.objects.back());
      // What perhaps is retried is there as a try, too.
      const auto steps = static_cast<uint64_t>(
          std::count_if(arc.steps.begin(), arc.steps.end(),
                        [](const Step& step) { return !step.is_perhaps; }));
      constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
      finding.count =
          finding.count > kMost / steps ? kMost : finding.count * steps;
    }
    if (semaphores) {
      finding.assumes.push_back(
          "nobody releases a semaphore that he has not acquired, as nobody did "
          "in this run");
    }
    return finding;
  }

  Part ToPart(const Arc& arc, const Step& step) const {
    Part part;
    part.actor = step.actor;
    part.wants = component_.objects[arc.to];
    part.mode = step.mode;
    part.how = step.how;
    part.site = arc.request_site;
    part.stack = step.stack;
    part.count = step.count;
    part.holds.assign(step.held.begin(), step.held.end());
    const ObjectIndex from = component_.objects[arc.from];
    if (observations_.is_end_object(from)) {
      part.holds.insert(part.holds.begin(),
                        Hold{from, model::Mode::kExclusive, kNone});
      return part;
    }
    const auto hold =
        std::find_if(part.holds.begin(), part.holds.end(), [&](const Hold& h) {
          return h.object == from && h.site == arc.hold_site;
        });
    part.outer = static_cast<uint32_t>(hold - part.holds.begin());
    std::rotate(part.holds.begin(), hold, hold + 1);
    return part;
  }

  const Observations& observations_;
  const FindOptions& options_;
  const OrderComponent& component_;
  ClauseChecker checker_;
  PhasePaths& paths_;
};

}  // namespace

void FindCycles(const Observations& observations, const FindOptions& options,
                Findings& result) {
  const std::vector<OrderComponent> components = BuildOrderGraph(observations);
  if (components.empty()) return;
  PhaseOrder order(observations);
  PhasePaths paths(observations);
  for (const OrderComponent& component : components) {
    ComponentSearch(observations, options, component, order, paths).Run(result);
  }
}

}  // namespace lockcheck::analysis
