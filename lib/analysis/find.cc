#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "lib/analysis/blocking_call.h"
#include "lib/analysis/communication.h"
#include "lib/analysis/confirm_cycles.h"
#include "lib/analysis/coroutine_hazards.h"
#include "lib/analysis/cycles.h"
#include "lib/analysis/declared_order.h"
#include "lib/analysis/expired_wait.h"
#include "lib/analysis/findings.h"
#include "lib/analysis/fork_held.h"
#include "lib/analysis/misuse.h"
#include "lib/analysis/naked_notify.h"
#include "lib/analysis/never_signalled.h"
#include "lib/analysis/ordered_cycles.h"
#include "lib/analysis/owner_died.h"
#include "lib/analysis/recursive_read.h"
#include "lib/analysis/stuck.h"
#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"

namespace lockcheck::analysis {
namespace {

// Part 0 holds the smallest object of the cycle, so that equal cycles look
// equal whoever found them.
void Rotate(Finding& finding) {
  if (finding.rule == Rule::kCommunication || finding.rule == Rule::kStall ||
      finding.rule == Rule::kNakedNotify || finding.rule == Rule::kOwnerDied ||
      finding.rule == Rule::kCarrier || finding.rule == Rule::kForkWhileHeld ||
      finding.rule == Rule::kInheritedLock) {
    return;  // no cycle of objects
  }
  if (finding.parts.size() != finding.objects.size()) return;
  const auto smallest =
      std::min_element(finding.objects.begin(), finding.objects.end());
  const auto shift = (smallest - finding.objects.begin() + 1) %
                     static_cast<ptrdiff_t>(finding.objects.size());
  std::rotate(finding.objects.begin(), finding.objects.begin() + shift,
              finding.objects.end());
  std::rotate(finding.parts.begin(), finding.parts.begin() + shift,
              finding.parts.end());
}

// Is the inversion what the actual deadlock ran into? The same cycle of locks
// at the same places, or, if it is possible, by the same actors.
bool IsSameCycle(const Finding& actual, const Finding& inversion) {
  if (actual.objects != inversion.objects) return false;
  const auto same = [&](auto equal) {
    return std::equal(actual.parts.begin(), actual.parts.end(),
                      inversion.parts.begin(), inversion.parts.end(), equal);
  };
  if (inversion.verdict == Verdict::kPossible &&
      same([](const Part& a, const Part& b) { return a.actor == b.actor; })) {
    return true;
  }
  return same([](const Part& a, const Part& b) {
    return a.site == b.site && a.holds.front().site == b.holds.front().site;
  });
}

// Whether all locks of the inversion are among those that somebody waits for.
bool IsWithin(const Finding& inversion, const Finding& communication) {
  return std::all_of(inversion.objects.begin(), inversion.objects.end(),
                     [&](ObjectIndex o) {
                       return std::find(communication.objects.begin(),
                                        communication.objects.end(),
                                        o) != communication.objects.end();
                     });
}

bool IsPartOf(ActorIndex actor, const Finding& finding) {
  return std::any_of(finding.parts.begin(), finding.parts.end(),
                     [&](const Part& part) { return part.actor == actor; });
}

// Whether the hazard is that the lock is held which the deadlock is about.
bool IsHeldIn(const Finding& hazard, const Finding& actual) {
  if (hazard.rule != Rule::kLockAcrossAwait) return false;
  const Part& part = hazard.parts.front();
  return std::any_of(
      actual.parts.begin(), actual.parts.end(), [&](const Part& other) {
        return other.awaits == part.awaits && !other.holds.empty() &&
               other.holds.front() == part.holds.front();
      });
}

// Whether the deadlock is that somebody waits for what this owner holds, and
// that the owner does not wait.
bool IsOfOwner(const Part& owner, const Finding& deadlock) {
  return std::any_of(
      deadlock.parts.begin(), deadlock.parts.end(), [&](const Part& part) {
        return part.wants == kNone && !part.holds.empty() &&
               part.actor == owner.actor &&
               part.holds.front().site == owner.holds.front().site;
      });
}

// An actual deadlock says all that the inversion behind it would say, and an
// actor stuck on its own lock all that the misuse would.
void DropWhatIsActual(std::vector<Finding>& findings) {
  std::vector<Finding> actual;
  for (const Finding& f : findings) {
    if (f.verdict == Verdict::kActual) actual.push_back(f);
  }
  std::erase_if(findings, [&](const Finding& f) {
    return std::any_of(actual.begin(), actual.end(), [&](const Finding& a) {
      if (a.rule == Rule::kCarrier) return IsHeldIn(f, a);
      if (f.rule == Rule::kLockOrder) {
        return a.rule == Rule::kCommunication
                   ? f.verdict == Verdict::kPossible && IsWithin(f, a)
                   : IsSameCycle(a, f);
      }
      if (f.rule == Rule::kOwnerDied) {
        return IsPartOf(f.parts.front().actor, a) &&
               std::count(a.objects.begin(), a.objects.end(),
                          f.objects.front()) != 0;
      }
      if (f.rule == Rule::kForkWhileHeld) return IsOfOwner(f.parts.front(), a);
      return f.misuse == model::Misuse::kSelfLock && a.rule == Rule::kSelf &&
             f.count == 1 && a.objects == f.objects &&
             a.parts.front().actor == f.parts.front().actor;
    });
  });
}

// Who waits for the outside with what others ask for is a hazard; if those
// others are who would end it, a deadlock says so.
void DropCallsInDeadlocks(std::vector<Finding>& findings) {
  std::set<std::tuple<ObjectIndex, SiteIndex, ObjectIndex>> waits;
  for (const Finding& f : findings) {
    if (f.rule != Rule::kCommunication) continue;
    for (const Part& part : f.parts) {
      for (const Hold& hold : part.holds) {
        waits.insert({part.wants, part.site, hold.object});
      }
    }
  }
  std::erase_if(findings, [&](const Finding& f) {
    return f.rule == Rule::kBlockingCall &&
           waits.contains({f.parts.front().wants, f.parts.front().site,
                           f.objects.front()});
  });
}

int Rank(const Finding& finding) {
  if (finding.kind == Kind::kMisuse) return 3;
  if (finding.kind == Kind::kHazard) return 4;
  return *finding.verdict == Verdict::kRefuted
             ? 5
             : static_cast<int>(*finding.verdict);
}

// Objects and sites only: what an actor's number is depends on the schedule.
void Sort(std::vector<Finding>& findings) {
  const auto sites = [](const Finding& f) {
    std::vector<SiteIndex> sites;
    for (const Part& part : f.parts) {
      sites.push_back(part.site);
      sites.push_back(part.awaits);
      if (!part.holds.empty()) sites.push_back(part.holds.front().site);
    }
    sites.insert(sites.end(), f.declared.begin(), f.declared.end());
    return sites;
  };
  const auto smallest = [](const Finding& f) {
    return *std::min_element(f.objects.begin(), f.objects.end());
  };
  std::stable_sort(findings.begin(), findings.end(),
                   [&](const Finding& a, const Finding& b) {
                     const auto key = [&](const Finding& f) {
                       return std::tuple(Rank(f), smallest(f),
                                         f.objects.size());
                     };
                     const auto ka = key(a), kb = key(b);
                     if (ka != kb) return ka < kb;
                     if (a.objects != b.objects) return a.objects < b.objects;
                     return sites(a) < sites(b);
                   });
}

// What the events have to say of deadlocks that did not happen. A log without
// a cycle and without signals is not read again.
void AskTheEvents(const Observations& observations, const FindOptions& options,
                  Findings& result) {
  std::vector<Finding*> cycles;
  for (Finding& finding : result.findings) {
    if (finding.verdict != Verdict::kPossible) continue;
    if (finding.doubt == Doubt::kNone) finding.doubt = Doubt::kPartial;
    if (finding.rule == Rule::kLockOrder) cycles.push_back(&finding);
  }
  const bool has_signals = HasWhatOrders(observations);
  if (cycles.empty() && !has_signals) return;
  const Trace trace = ReadTrace(observations, {});
  if (trace.actors.empty()) return;
  if (!cycles.empty() && !trace.partial) {
    const TraceOrder order(trace);
    ConfirmCycles(trace, order, {}, cycles);
    RefuteOrderedCycles(trace, order, {.policy = options.policy},
                        result.findings);
  }
  if (has_signals) FindCommunication(trace, {}, result);
}

}  // namespace

Findings Find(const Observations& observations, const FindOptions& options) {
  Findings result;
  FindCycles(observations, options, result);
  FindStuckActors(observations, result.findings, result.standing_waits);
  FindRefusedDeadlocks(observations, result.findings);
  FindMisuse(observations, result.findings);
  FindBrokenOrders(observations, result);
  FindOwnerDeaths(observations, result.findings);
  FindForkHeld(observations, result.findings);
  FindRecursiveReads(observations, result.findings);
  FindBlockingCalls(observations, result.findings);
  FindCoroutineHazards(observations, result.findings);
  FindNakedNotifications(observations, result.findings);
  FindExpiredWaits(observations, result.findings);
  AskTheEvents(observations, options, result);
  FindNeverSignalled(observations, result.findings);
  MarkUnsignalled(observations, result.standing_waits);
  for (Finding& finding : result.findings) Rotate(finding);
  DropWhatIsActual(result.findings);
  DropCallsInDeadlocks(result.findings);
  Sort(result.findings);
  return result;
}

}  // namespace lockcheck::analysis
