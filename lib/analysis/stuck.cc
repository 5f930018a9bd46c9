#include "lib/analysis/stuck.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/end_graph.h"
#include "lib/analysis/end_part.h"
#include "lib/analysis/living.h"
#include "lib/analysis/lost_wakeup.h"
#include "lib/analysis/nobody_left.h"
#include "lib/analysis/permits.h"
#include "lib/graph/wait_for.h"

namespace lockcheck::analysis {
namespace {

using graph::WaitNode;

class EndOfLog {
 public:
  // `end` is what each actor does then.
  EndOfLog(const Observations& o, const std::vector<EndState>& end)
      : o_(o), end_(end), graph_(o, end) {}

  void Find(std::vector<Finding>& findings,
            std::vector<StandingWait>& standing_waits) {
    for (const auto& cycle : graph::WaitCycles(nodes_, stuck_)) {
      AddCycle(cycle, findings);
    }
    FindOwnersThatAreGone(findings);
    FindTimedCycles(findings, kNone);
    FindLostWakeups(findings);
    const std::vector<bool> left = FindNobodyLeft(o_, nodes_, stuck_, findings);
    FindWaitsWhileHolding(left, findings);
    for (ActorIndex a = 0; a < o_.actor_count; ++a) {
      const EndState& end = end_[a];
      // A process that ended ended its actors' waits too, unless they are the
      // deadlock.
      if (!end.wait || (end.state != ActorState::kBlocked && !stuck_[a])) {
        continue;
      }
      standing_waits.push_back({a, *end.wait, end.held, Duration(a, *end.wait),
                                stuck_[a] || left[a]});
    }
  }

  // The cycle that ended when that actor's time was over.
  void FindTimedCycleOf(ActorIndex actor, std::vector<Finding>& findings) {
    FindTimedCycles(findings, actor);
  }

  // The cycle of that actor and others, if it is in one; or of a coroutine
  // alone, that waits for its own end. (To ask for what one has is a misuse,
  // and so is a thread's join of itself.)
  void FindCycleOf(ActorIndex actor, std::vector<Finding>& findings) {
    for (const auto& cycle : graph::WaitCycles(nodes_, stuck_)) {
      if (IsInCycleWithOthers(actor, cycle) ||
          (cycle[0] == actor && AwaitsOwnEnd(actor))) {
        AddCycle(cycle, findings);
        findings.back().was_refused = true;
      }
    }
  }

  // Coroutines that nobody was left to resume, as the program saw. Those that
  // wait for each other are found when they are destroyed.
  void AddLeft(const std::vector<ActorIndex>& coroutines,
               std::vector<Finding>& findings) const {
    if (IsCycleAmong(coroutines)) return;
    Finding finding;
    finding.rule = Rule::kCommunication;
    finding.verdict = Verdict::kActual;
    for (const ActorIndex a : coroutines) {
      if (a >= end_.size() || !end_[a].wait) continue;
      finding.parts.push_back(EndPart(o_, end_, a, kNone));
      finding.objects.push_back(end_[a].wait->object);
      finding.ticks = std::max(finding.ticks, end_[a].wait->since_ticks);
    }
    if (!finding.parts.empty()) findings.push_back(std::move(finding));
    for (const ActorIndex a : coroutines) {
      if (a < end_.size()) FindLostWakeupOf(a, findings);
    }
  }

 private:
  static bool IsInCycleWithOthers(ActorIndex actor,
                                  const std::vector<graph::Vertex>& cycle) {
    return cycle.size() > 1 &&
           std::find(cycle.begin(), cycle.end(), actor) != cycle.end();
  }

  bool AwaitsOwnEnd(ActorIndex actor) const {
    return o_.recording != nullptr &&
           o_.recording->actors[actor].how == log::BeginHow::kCoroutine &&
           o_.is_end_object(end_[actor].wait->object) &&
           o_.actor_of_end(end_[actor].wait->object) == actor;
  }

  bool IsCycleAmong(const std::vector<ActorIndex>& actors) const {
    for (const auto& cycle : graph::WaitCycles(nodes_, stuck_)) {
      if (std::find(actors.begin(), actors.end(), cycle[0]) != actors.end()) {
        return true;
      }
    }
    return false;
  }

  Finding ToFinding(const std::vector<graph::Vertex>& cycle) const {
    Finding finding;
    for (size_t i = 0; i < cycle.size(); ++i) {
      const ActorIndex before = cycle[(i + cycle.size() - 1) % cycle.size()];
      finding.parts.push_back(
          EndPart(o_, end_, cycle[i], end_[before].wait->object));
      finding.objects.push_back(end_[cycle[i]].wait->object);
      finding.ticks = std::max(finding.ticks, end_[cycle[i]].wait->since_ticks);
    }
    return finding;
  }

  void AddCycle(const std::vector<graph::Vertex>& cycle,
                std::vector<Finding>& findings) const {
    if (graph_.carriers().IsIn(cycle)) {
      findings.push_back(graph_.carriers().ToFinding(cycle));
      return;
    }
    findings.push_back(ToFinding(cycle));
    findings.back().rule = cycle.size() == 1 ? Rule::kSelf : Rule::kWaitFor;
    findings.back().verdict = Verdict::kActual;
  }

  // Who held the lock when it became nobody's; `provider` is not live.
  ActorIndex LostOwner(ActorIndex waiter, graph::Vertex provider) const {
    return provider == graph_.Nobody() ? end_[waiter].wait->owner : provider;
  }

  // The owner's part; what it holds in its own process is not what matters.
  Part LostOwnerPart(ActorIndex owner, ActorIndex waiter) const {
    const Wait& wait = *end_[waiter].wait;
    if (graph_.ProcessOf(owner) == graph_.ProcessOf(waiter))
      return EndPart(o_, end_, owner, wait.object);
    Part part;
    part.actor = owner;
    part.count = 1;
    part.holds = {{wait.object, model::Mode::kExclusive, wait.owner_site}};
    return part;
  }

  // Locks whose owner ended with them, or is not in this process: whoever waits
  // for one waits for ever.
  void FindOwnersThatAreGone(std::vector<Finding>& findings) const {
    std::map<std::pair<ObjectIndex, ActorIndex>, std::vector<ActorIndex>>
        waiters;
    for (ActorIndex a = 0; a < o_.actor_count; ++a) {
      if (!stuck_[a]) continue;
      for (const graph::Vertex owner : nodes_[a].providers) {
        if (nodes_[owner].state != WaitNode::State::kDead) continue;
        waiters[{end_[a].wait->object, LostOwner(a, owner)}].push_back(a);
      }
    }
    for (const auto& [key, actors] : waiters) {
      const auto [object, owner] = key;
      Finding finding;
      finding.rule = Rule::kWaitFor;
      finding.verdict = Verdict::kActual;
      const auto first = *std::min_element(
          actors.begin(), actors.end(), [&](ActorIndex a, ActorIndex b) {
            return end_[a].wait->since_ticks < end_[b].wait->since_ticks;
          });
      finding.parts = {EndPart(o_, end_, first, kNone),
                       LostOwnerPart(owner, first)};
      finding.objects = {object};
      finding.ticks = end_[first].wait->since_ticks;
      finding.count = actors.size();
      findings.push_back(std::move(finding));
    }
  }

  // All of them, or those of that actor and others.
  void FindTimedCycles(std::vector<Finding>& findings, ActorIndex of) const {
    std::vector<WaitNode> nodes = nodes_;
    std::vector<bool> waiting(nodes.size(), false);
    for (ActorIndex a = 0; a < o_.actor_count; ++a) {
      const EndState& end = end_[a];
      if (!end.wait || end.exiting || end.state == ActorState::kEnded ||
          stuck_[a]) {
        continue;
      }
      waiting[a] = true;
      nodes[a].providers = graph_.ProvidersOf(a, *end.wait);
    }
    for (const auto& cycle : graph::WaitCycles(nodes, waiting)) {
      const bool timed =
          std::any_of(cycle.begin(), cycle.end(),
                      [&](ActorIndex a) { return GivesUp(end_[a].wait->how); });
      if (!timed || (of != kNone && !IsInCycleWithOthers(of, cycle))) continue;
      findings.push_back(ToFinding(cycle));
      findings.back().kind = Kind::kHazard;
      findings.back().rule = Rule::kTimedCycle;
      findings.back().was_refused = of != kNone;
    }
  }

  bool Runs(ActorIndex actor) const {
    const log::ProcessIndex process = graph_.ProcessOf(actor);
    return process != kNone &&
           o_.recording->processes[process].liveness == log::Liveness::kRunning;
  }

  // Anybody may notify, and of one who runs nobody knows who is about to.
  bool WaitsToBeNotified(ActorIndex actor) const {
    const EndState& end = end_[actor];
    if (!end.wait || end.exiting || end.state != ActorState::kBlocked ||
        GivesUp(end.wait->how) || Runs(actor)) {
      return false;
    }
    return AnybodyReleases(o_, end.wait->object) &&
           !o_.ends_outside(end.wait->object);
  }

  std::vector<ActorIndex> WaitersFor(const Hold& hold,
                                     ActorIndex holder) const {
    std::vector<ActorIndex> waiters;
    for (ActorIndex a = 0; a < o_.actor_count; ++a) {
      const EndState& end = end_[a];
      if (a != holder && end.wait && end.state == ActorState::kBlocked &&
          end.wait->object == hold.object && !GivesUp(end.wait->how) &&
          Exclude(hold.mode, end.wait->mode)) {
        waiters.push_back(a);
      }
    }
    return waiters;
  }

  // Who waits to be notified goes on when anybody does it, so nobody is stuck
  // for certain. But if who would do it waits for a lock that the first one
  // holds, nothing moves.
  void FindWaitsWhileHolding(const std::vector<bool>& stuck,
                             std::vector<Finding>& findings) const {
    for (ActorIndex a = 0; a < o_.actor_count; ++a) {
      if (!WaitsToBeNotified(a) || stuck[a] || stuck_[a]) continue;
      for (const Hold& hold : end_[a].held) {
        const std::vector<ActorIndex> waiters = WaitersFor(hold, a);
        if (waiters.empty()) continue;
        Finding finding;
        finding.kind = Kind::kHazard;
        finding.rule = Rule::kWaitHolding;
        finding.parts = {EndPart(o_, end_, a, hold.object),
                         EndPart(o_, end_, waiters[0], kNone)};
        finding.objects = {hold.object};
        finding.ticks = std::max(end_[a].wait->since_ticks,
                                 end_[waiters[0]].wait->since_ticks);
        finding.count = waiters.size();
        findings.push_back(std::move(finding));
      }
    }
  }

  // Can it still notify anybody, or is it held up by a lock so that it might
  // have? Whoever joins or waits to be notified cannot, and says so.
  bool MightNotify(ActorIndex actor) const {
    const EndState& end = end_[actor];
    if (end.state == ActorState::kEnded || o_.is_the_runtimes(actor)) {
      return false;
    }
    if (end.state != ActorState::kBlocked || !end.wait || stuck_[actor]) {
      return true;
    }
    return end.wait->object != kUnseen && !o_.is_end_object(end.wait->object) &&
           !WaitsToBeNotified(actor);
  }

  bool SomebodyMightNotifyAnywhere() const {
    if (o_.has_unseen_actors) return true;
    const auto living = LivingProcesses(o_);
    return std::any_of(living.begin(), living.end(), [&](auto process) {
      return SomebodyMightNotifyIn(process);
    });
  }

  bool SomebodyMightNotifyIn(log::ProcessIndex process) const {
    for (ActorIndex a = 0; a < o_.actor_count; ++a) {
      if (graph_.ProcessOf(a) == process && MightNotify(a)) return true;
    }
    return false;
  }

  // A flag that was set, or an item that was put, is there for who comes later.
  bool LosesPosts(ObjectIndex object) const {
    const model::Primitive& primitive = PrimitiveOf(graph_.KindOf(object));
    return primitive.wait_rule == model::WaitRule::kAny &&
           primitive.stock == model::Stock::kNothing;
  }

  // The notification that the actor waits for, if that is lost.
  const Notification* LostFor(ActorIndex actor) const {
    if (!WaitsToBeNotified(actor) || end_[actor].wait->ticket == 0 ||
        !LosesPosts(end_[actor].wait->object)) {
      return nullptr;
    }
    return LostBefore(o_, actor, *end_[actor].wait);
  }

  // A consumer that has taken what it was notified of, and waits for more,
  // looks like one that missed it: no record says what a predicate answered. So
  // nothing is said unless all of the process stands still.
  void FindLostWakeups(std::vector<Finding>& findings) const {
    absl::flat_hash_map<log::ProcessIndex, bool> still;
    for (ActorIndex a = 0; a < o_.actor_count; ++a) {
      if (LostFor(a) == nullptr) continue;
      // kNone: in all of them.
      const bool between = IsBetweenProcesses(o_, end_[a].wait->object);
      const log::ProcessIndex where = between ? kNone : graph_.ProcessOf(a);
      const auto [known, is_new] = still.try_emplace(where, false);
      if (is_new) {
        known->second = between ? !SomebodyMightNotifyAnywhere()
                                : !SomebodyMightNotifyIn(where);
      }
      if (known->second) FindLostWakeupOf(a, findings);
    }
  }
  void FindLostWakeupOf(ActorIndex a, std::vector<Finding>& findings) const {
    if (const Notification* const lost = LostFor(a)) {
      findings.push_back(LostWakeup(EndPart(o_, end_, a, kNone), *lost));
      findings.back().ticks = end_[a].wait->since_ticks;
    }
  }

  uint64_t Duration(ActorIndex actor, const Wait& wait) const {
    if (o_.recording == nullptr) return 0;
    const uint64_t last = o_.recording->LastTicksOf(graph_.ProcessOf(actor));
    if (last < wait.since_ticks) return 0;
    return static_cast<uint64_t>(static_cast<double>(last - wait.since_ticks) *
                                 o_.recording->clock.ns_per_tick);
  }

  const Observations& o_;
  const std::vector<EndState>& end_;
  const EndGraph graph_;
  const std::vector<WaitNode>& nodes_ = graph_.nodes();
  const std::vector<bool>& stuck_ = graph_.stuck();
};

}  // namespace

void FindStuckActors(const Observations& observations,
                     std::vector<Finding>& findings,
                     std::vector<StandingWait>& standing_waits) {
  EndOfLog(observations, observations.end).Find(findings, standing_waits);
}

void FindRefusedDeadlocks(const Observations& observations,
                          std::vector<Finding>& findings) {
  std::vector<EndState> then(observations.actor_count);
  for (const RefusedMoment& moment : observations.refused) {
    for (const auto& waiting : moment.waiting) {
      then[waiting.actor] = {.state = ActorState::kBlocked,
                             .held = waiting.held,
                             .wait = waiting.wait};
    }
    const std::vector<ActorIndex> suspended =
        AddSuspended(observations, moment, then);
    EndOfLog at(observations, then);
    if (!moment.left.empty()) {
      at.AddLeft(moment.left, findings);
    } else if (moment.timed_out) {
      at.FindTimedCycleOf(moment.actor, findings);
    } else {
      at.FindCycleOf(moment.actor, findings);
    }
    for (const auto& waiting : moment.waiting) then[waiting.actor] = {};
    for (const ActorIndex a : suspended) then[a] = {};
  }
}

}  // namespace lockcheck::analysis
