#include "lib/analysis/nobody_left.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/end_part.h"
#include "lib/analysis/living.h"
#include "lib/analysis/permits.h"

namespace lockcheck::analysis {
namespace {

using graph::Vertex;
using graph::WaitNode;
using log::ProcessIndex;

// Whether whoever comes by ends a wait for the object, and not its holders.
bool IsSignal(const Observations& o, ObjectIndex object) {
  return object == kUnseen ||
         (AnybodyReleases(o, object) && !o.ends_outside(object));
}

class NobodyLeft {
 public:
  NobodyLeft(const Observations& o, std::vector<WaitNode> nodes,
             const std::vector<bool>& locked_up)
      : o_(o), nodes_(std::move(nodes)), locked_up_(locked_up) {
    for (const Quiescence& q : o_.quiescences) {
      if (q.actor < o_.actor_count && !q.across && StillStands(q)) {
        AddGroup({ProcessOf(q.actor)});
        for (const Starved& s : q.starved) starved_[s.actor] = s.pool;
      }
    }
    if (const Group all = ProcessesThatStand(); !all.empty()) AddGroup(all);
    for (const Group& group : groups_) LetAnybodySignal(group);
    if (!groups_.empty()) stuck_ = graph::FindStuck(nodes_);
    stuck_.resize(o_.actor_count);
  }

  void Find(std::vector<Finding>& findings) const {
    for (const Group& group : groups_) Find(group, findings);
  }

  const std::vector<bool>& stuck() const { return stuck_; }

 private:
  // Processes in which nobody is left: one, or all that there are.
  using Group = std::set<ProcessIndex>;

  // An actor that others wait for, by what they want of it.
  struct Wanted {
    std::vector<ActorIndex> by;
    ObjectIndex object = kNone;
    bool only_its_end = true;  // and nothing that it holds
  };

  ProcessIndex ProcessOf(ActorIndex actor) const {
    return o_.recording->actors[actor].process;
  }

  void AddGroup(const Group& group) {
    if (std::find(groups_.begin(), groups_.end(), group) == groups_.end()) {
      groups_.push_back(group);
    }
  }

  std::vector<ActorIndex> ActorsOf(const Group& group) const {
    std::vector<ActorIndex> actors;
    for (ActorIndex a = 0; a < o_.actor_count; ++a) {
      if (group.contains(ProcessOf(a)) && !o_.is_the_runtimes(a))
        actors.push_back(a);
    }
    return actors;
  }

  bool StoodAt(ActorIndex actor, uint64_t ticks) const {
    const log::Actor& row = o_.recording->actors[actor];
    if (row.ended) return row.end_ticks <= ticks;
    const EndState& end = o_.end[actor];
    return end.state == ActorState::kBlocked && end.wait && !end.exiting &&
           !GivesUp(end.wait->how) && end.wait->since_ticks <= ticks;
  }

  // Nobody has recorded anything since.
  bool StillStands(const Quiescence& q) const {
    const ProcessIndex process = ProcessOf(q.actor);
    if (process == kNone) return false;
    const std::vector<ActorIndex> actors = ActorsOf({process});
    return std::all_of(actors.begin(), actors.end(),
                       [&](ActorIndex a) { return StoodAt(a, q.ticks); });
  }

  // All that live, if in each the runtime saw, after the last of all their
  // waits had begun, that nothing moves there any more. None: somebody may
  // still end a wait. Who does so before he waits himself has done it by then.
  Group ProcessesThatStand() const {
    std::map<ProcessIndex, uint64_t> seen;
    for (const Quiescence& q : o_.quiescences) {
      if (!q.across || q.actor >= o_.actor_count) continue;
      uint64_t& ticks = seen[ProcessOf(q.actor)];
      ticks = std::max(ticks, q.ticks);
    }
    if (seen.empty() || o_.has_unseen_actors) return {};
    const Group living = LivingProcesses(o_);
    uint64_t first = UINT64_MAX;
    for (const ProcessIndex p : living) {
      const auto at = seen.find(p);
      if (p == kNone || at == seen.end()) return {};
      first = std::min(first, at->second);
    }
    const std::vector<ActorIndex> actors = ActorsOf(living);
    const bool all_stand =
        std::all_of(actors.begin(), actors.end(),
                    [&](ActorIndex a) { return StoodAt(a, first); });
    return all_stand ? living : Group();
  }

  bool Lives(ActorIndex actor) const {
    return o_.end[actor].state != ActorState::kEnded;
  }

  bool WaitsForSignal(ActorIndex actor) const {
    return o_.end[actor].wait && IsSignal(o_, o_.end[actor].wait->object);
  }

  // One node stands for "anybody of these processes", so that the graph stays
  // as large as they are.
  void LetAnybodySignal(const Group& group) {
    const auto anybody = static_cast<Vertex>(nodes_.size());
    WaitNode any;
    any.state = WaitNode::State::kWaiting;
    any.rule = model::WaitRule::kAny;
    for (const ActorIndex a : ActorsOf(group)) {
      if (!Lives(a)) continue;
      any.providers.push_back(a);
      if (WaitsForSignal(a)) nodes_[a].providers = {anybody};
    }
    nodes_.push_back(std::move(any));
  }

  void Find(const Group& group, std::vector<Finding>& findings) const {
    std::vector<ActorIndex> stuck;
    bool locked_up = false;
    for (const ActorIndex a : ActorsOf(group)) {
      if (stuck_[a]) stuck.push_back(a);
      locked_up |= locked_up_[a];
    }
    std::vector<Wanted> wanted = WantedOf(stuck);
    std::vector<ActorIndex> signalled;
    for (const ActorIndex a : stuck) {
      if (WaitsForSignal(a)) signalled.push_back(a);
    }
    std::vector<ActorIndex> circle = WhoNeeds(signalled, wanted);
    if (circle.empty() && !locked_up) circle = WhoIsOwed(signalled);
    if (!circle.empty()) {
      findings.push_back(ToFinding(circle, wanted));
      findings.back().rule = Rule::kCommunication;
      findings.back().verdict = Verdict::kActual;
    } else if (!signalled.empty() && !locked_up &&
               !HasLostWakeup(group, findings)) {
      findings.push_back(ToFinding(signalled, wanted));
      findings.back().kind = Kind::kHazard;
      findings.back().rule = Rule::kStall;
    }
  }

  // A worker waits for the end of its task in any case; it matters only if
  // somebody waits for the worker's.
  bool IsOwnWorker(ActorIndex waiter, ActorIndex task) const {
    const auto& actors = o_.recording->actors;
    return actors[task].how == log::BeginHow::kTask &&
           actors[task].tid == actors[waiter].tid;
  }
  void LeaveOutIdleWorkers(std::vector<Wanted>& wanted) const {
    for (ActorIndex a = 0; a < wanted.size(); ++a) {
      std::erase_if(wanted[a].by, [&](ActorIndex waiter) {
        return IsOwnWorker(waiter, a) && wanted[waiter].by.empty();
      });
      if (wanted[a].by.empty()) wanted[a].object = kNone;
    }
  }

  // By actor: who waits for what it holds, a permit of a semaphore too.
  std::vector<Wanted> WantedOf(const std::vector<ActorIndex>& stuck) const {
    std::vector<Wanted> wanted(o_.actor_count);
    const auto add = [&](ActorIndex holder, ActorIndex waiter) {
      wanted[holder].by.push_back(waiter);
      wanted[holder].object = o_.end[waiter].wait->object;
      wanted[holder].only_its_end &= o_.is_end_object(wanted[holder].object);
    };
    absl::flat_hash_map<ObjectIndex, std::vector<ActorIndex>> holders;
    for (const ActorIndex a : stuck) {
      for (const Hold& hold : o_.end[a].held) holders[hold.object].push_back(a);
    }
    for (const ActorIndex a : stuck) {
      if (!WaitsForSignal(a)) {
        for (const Vertex owner : nodes_[a].providers) {
          if (owner < o_.actor_count) add(owner, a);
        }
      } else if (const auto of = holders.find(o_.end[a].wait->object);
                 of != holders.end()) {
        for (const ActorIndex holder : of->second) add(holder, a);
      }
    }
    LeaveOutIdleWorkers(wanted);
    return wanted;
  }

  // Those of `signalled` that others, or tasks, wait for, and all who wait for
  // them. If nobody waits for what one of those holds, then it is a third one
  // that was to signal, and waits to be signalled itself: it is one of the
  // others.
  std::vector<ActorIndex> WhoNeeds(const std::vector<ActorIndex>& signalled,
                                   const std::vector<Wanted>& wanted) const {
    const auto is_wanted = [&](ActorIndex a) {
      return !wanted[a].by.empty() || starved_.contains(a);
    };
    std::vector<ActorIndex> circle;
    std::copy_if(signalled.begin(), signalled.end(), std::back_inserter(circle),
                 is_wanted);
    if (circle.empty()) return circle;
    if (std::all_of(circle.begin(), circle.end(), [&](ActorIndex a) {
          return wanted[a].only_its_end && !starved_.contains(a);
        })) {
      std::remove_copy_if(signalled.begin(), signalled.end(),
                          std::back_inserter(circle), is_wanted);
    }
    std::set<ActorIndex> seen(circle.begin(), circle.end());
    for (size_t i = 0; i < circle.size(); ++i) {
      for (const ActorIndex waiter : wanted[circle[i]].by) {
        if (seen.insert(waiter).second) circle.push_back(waiter);
      }
    }
    return circle;
  }

  // Those who wait for what is owed to them, and then the others, who may be
  // who owes it.
  std::vector<ActorIndex> WhoIsOwed(std::vector<ActorIndex> signalled) const {
    const auto others = std::stable_partition(
        signalled.begin(), signalled.end(),
        [&](ActorIndex a) { return o_.is_owed(o_.end[a].wait->object); });
    if (others == signalled.begin()) signalled.clear();
    return signalled;
  }

  bool HasLostWakeup(const Group& group,
                     const std::vector<Finding>& findings) const {
    return std::any_of(findings.begin(), findings.end(), [&](const Finding& f) {
      return f.rule == Rule::kLostWakeup &&
             group.contains(ProcessOf(f.parts.front().actor));
    });
  }

  // Of many who wait alike, a pool's workers for instance, one part.
  Finding ToFinding(const std::vector<ActorIndex>& actors,
                    const std::vector<Wanted>& wanted) const {
    Finding finding;
    std::set<std::tuple<ObjectIndex, SiteIndex, ObjectIndex>> kinds;
    std::set<ObjectIndex> objects;
    for (const ActorIndex a : actors) {
      const Wait& wait = *o_.end[a].wait;
      finding.ticks = std::max(finding.ticks, wait.since_ticks);
      // Of tasks that wait each waits for another's answer.
      const auto starved = starved_.find(a);
      const bool is_starved = starved != starved_.end();
      const auto kind = std::make_tuple(is_starved ? kNone : wait.object,
                                        wait.site, wanted[a].object);
      if (!kinds.insert(kind).second) {
        ++finding.count;
        continue;
      }
      finding.parts.push_back(EndPart(o_, o_.end, a, wanted[a].object));
      if (is_starved && starved->second != kNone) {
        auto& holds = finding.parts.back().holds;
        holds.insert(holds.begin(),
                     {starved->second, model::Mode::kExclusive, kNone});
      }
      if (objects.insert(wait.object).second) {
        finding.objects.push_back(wait.object);
      }
    }
    return finding;
  }

  const Observations& o_;
  std::vector<WaitNode> nodes_;
  const std::vector<bool>& locked_up_;
  std::vector<Group> groups_;
  std::map<ActorIndex, ObjectIndex> starved_;  // by whom: the pool
  std::vector<bool> stuck_;
};

}  // namespace

std::vector<bool> FindNobodyLeft(const Observations& o,
                                 std::vector<WaitNode> nodes,
                                 const std::vector<bool>& locked_up,
                                 std::vector<Finding>& findings) {
  if (o.quiescences.empty() || o.recording == nullptr) {
    return std::vector<bool>(o.actor_count);
  }
  const NobodyLeft left(o, std::move(nodes), locked_up);
  left.Find(findings);
  return left.stuck();
}

}  // namespace lockcheck::analysis
