#include "lib/analysis/never_signalled.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "lib/analysis/end_part.h"

namespace lockcheck::analysis {
namespace {

using log::ProcessIndex;

// What is done once ends all waits for it, whoever comes when.
bool StaysOrIsOwed(const model::Primitive& row) {
  return row.stock == model::Stock::kFlag ||
         (row.stock == model::Stock::kOutstanding && !row.outside);
}

// Of a log in which nothing is missing.
class Signalled {
 public:
  explicit Signalled(const Observations& o) : o_(o) {
    for (const Notification& n : o.notifications) objects_.insert(n.object);
  }

  // Nobody has done yet what would end it, and all waits like it.
  bool Lacks(const Wait& wait) const {
    return !wait.joins && !GivesUp(wait.how) && wait.object < o_.object_count &&
           StaysOrIsOwed(
               PrimitiveOf(o_.recording->objects[wait.object].kind)) &&
           !objects_.contains(wait.object);
  }

 private:
  const Observations& o_;
  absl::flat_hash_set<ObjectIndex> objects_;
};

class NeverSignalled {
 public:
  NeverSignalled(const Observations& o, const std::vector<Finding>& others)
      : o_(o), signalled_(o) {
    for (const Finding& f : others) {
      if (f.verdict == Verdict::kRefuted) continue;
      spoken_of_.insert(f.objects.begin(), f.objects.end());
      for (const Part& part : f.parts) {
        spoken_of_.insert(part.wants);
        if (f.verdict == Verdict::kActual && !f.was_refused &&
            part.actor != kNone) {
          deadlocked_.insert(ProcessOf(part.actor));
        }
      }
    }
    for (ActorIndex a = 0; a < o.actor_count; ++a) {
      if (WasAtWork(a)) at_work_.insert(ProcessOf(a));
    }
  }

  void Find(std::vector<Finding>& findings) const {
    std::map<std::pair<ObjectIndex, SiteIndex>, std::vector<ActorIndex>> waits;
    for (ActorIndex a = 0; a < o_.actor_count; ++a) {
      if (!IsOne(a)) continue;
      waits[{o_.end[a].wait->object, o_.end[a].wait->site}].push_back(a);
    }
    for (const auto& [key, actors] : waits) {
      findings.push_back(ToFinding(actors));
    }
  }

 private:
  ProcessIndex ProcessOf(ActorIndex actor) const {
    return o_.recording->actors[actor].process;
  }
  bool HasExited(ProcessIndex process) const {
    return process < o_.recording->processes.size() &&
           o_.recording->processes[process].exited;
  }

  // When its process ended: it ran, or waited for the outside.
  bool WasAtWork(ActorIndex a) const {
    const EndState& end = o_.end[a];
    if (end.state == ActorState::kEnded || end.exiting ||
        !o_.recording->actors[a].begun || o_.is_the_runtimes(a)) {
      return false;
    }
    return !end.wait || o_.ends_outside(end.wait->object);
  }

  bool IsOne(ActorIndex a) const {
    const std::optional<Wait>& wait = o_.end[a].wait;
    const ProcessIndex process = ProcessOf(a);
    if (!wait || !HasExited(process) || !signalled_.Lacks(*wait)) return false;
    const ObjectIndex object = wait->object;
    return !spoken_of_.contains(object) && !deadlocked_.contains(process) &&
           !(o_.is_owed(object) && at_work_.contains(process));
  }

  Finding ToFinding(const std::vector<ActorIndex>& actors) const {
    const ActorIndex first = *std::min_element(
        actors.begin(), actors.end(), [&](ActorIndex a, ActorIndex b) {
          return o_.end[a].wait->since_ticks < o_.end[b].wait->since_ticks;
        });
    Finding finding;
    finding.kind = Kind::kHazard;
    finding.rule = Rule::kNeverSignalled;
    finding.parts = {EndPart(o_, o_.end, first, kNone)};
    finding.objects = {finding.parts[0].wants};
    finding.assumes = {"nobody was about to do that when the process ended"};
    finding.ticks = o_.end[first].wait->since_ticks;
    finding.count = actors.size();
    return finding;
  }

  const Observations& o_;
  const Signalled signalled_;
  // Another finding says what is to be said.
  absl::flat_hash_set<ObjectIndex> spoken_of_;
  std::set<ProcessIndex> deadlocked_, at_work_;
};

bool SaysAll(const Observations& o) {
  return o.recording != nullptr && !o.is_live && o.recording->whole &&
         o.recording->from_start;
}

}  // namespace

void FindNeverSignalled(const Observations& o, std::vector<Finding>& findings) {
  if (SaysAll(o)) NeverSignalled(o, findings).Find(findings);
}

void MarkUnsignalled(const Observations& o, std::vector<StandingWait>& waits) {
  if (!SaysAll(o)) return;
  const Signalled signalled(o);
  for (StandingWait& standing : waits) {
    standing.unsignalled = signalled.Lacks(standing.wait);
  }
}

}  // namespace lockcheck::analysis
