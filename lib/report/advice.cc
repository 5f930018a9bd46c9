#include "lib/report/advice.h"

#include <algorithm>
#include <string>

#include "fmt/format.h"
#include "lib/report/coroutine_words.h"
#include "lib/report/layout.h"
#include "lib/report/naming.h"
#include "lib/report/owed_advice.h"
#include "lib/report/sentences.h"
#include "lib/report/signal_advice.h"
#include "lib/report/sites.h"

namespace lockcheck::report {
namespace {

// Whether lockcheck::scoped_lock takes it, with others and in any order.
bool CanBeTakenAtOnce(model::ObjectKind kind) {
  return model::CanBeHeld(kind) &&
         model::PrimitiveOf(kind).wait_rule == model::WaitRule::kAll &&
         kind != model::ObjectKind::kActorEnd &&
         kind != model::ObjectKind::kOnceFlag &&
         kind != model::ObjectKind::kCoroutineMutex;
}

using analysis::Finding;
using analysis::Reason;
using analysis::Rule;
using analysis::Verdict;

// The part seen least often is the likeliest mistake: turn that one round.
const PartRow& RarestPart(const FindingRow& row) {
  return *std::min_element(
      row.parts.begin(), row.parts.end(),
      [](const PartRow& a, const PartRow& b) { return a.count < b.count; });
}

std::string WhereAsked(const Report& report, const PartRow& part) {
  if (!part.wants || !part.wants->site) return "";
  return " in " + SiteLabel(report.sites[*part.wants->site].where);
}

// Of all that is held and asked for.
bool CanBeTakenAtOnce(const Report& report, const FindingRow& row) {
  const auto can = [&](uint32_t object) {
    const ObjectRow* const found = ObjectOf(report, object);
    return found == nullptr || CanBeTakenAtOnce(found->kind);
  };
  return std::all_of(
      row.parts.begin(), row.parts.end(), [&](const PartRow& part) {
        return (part.holds.empty() || can(part.holds[0].object)) &&
               (!part.wants || can(part.wants->object));
      });
}

// Its slots are no lock that a task could let go of.
std::string AdviceForPool(const Report& report, uint32_t pool) {
  return fmt::format(
      "do not wait in a task of {} for what a later task of it does: wait "
      "outside of the pool, give those tasks a pool of their own, or have "
      "more workers than tasks that can wait at once",
      PoolName(report, pool));
}

// Null: no task of a pool waits.
const PartRow* PartOfPool(const Report& report, const FindingRow& row) {
  const auto part = std::find_if(
      row.parts.begin(), row.parts.end(), [&](const PartRow& candidate) {
        return candidate.wants && !candidate.holds.empty() &&
               IsPool(report, candidate.holds[0].object);
      });
  return part == row.parts.end() ? nullptr : &*part;
}

std::string AdviceForJoin(const Report& report, const FindingRow& row) {
  bool only_joins = false;
  for (const PartRow& part : row.parts) {
    if (!part.wants || !IsEnd(report, part.wants->object)) continue;
    if (part.holds.empty()) continue;
    if (IsEnd(report, part.holds[0].object)) {
      only_joins = true;
      continue;
    }
    if (IsPool(report, part.holds[0].object)) continue;
    return fmt::format("let go of {} before waiting for {}{}",
                       ObjectName(report, part.holds[0].object),
                       ObjectName(report, part.wants->object),
                       WhereAsked(report, part));
  }
  return only_joins ? "have each joined by one whom it does not wait for" : "";
}

// Sorted by name the locks have an order, and some actor of a ring must go
// against it: that is the one to turn round.
std::string AdviceForRing(const Report& report, const FindingRow& row) {
  const bool at_once = CanBeTakenAtOnce(report, row);
  for (const PartRow& part : row.parts) {
    if (!part.wants || part.holds.empty()) continue;
    const std::string held = ObjectName(report, part.holds[0].object);
    const std::string asked = ObjectName(report, part.wants->object);
    if (held <= asked) continue;
    return fmt::format(
        "give {} one order; {} then has to take {} before {}{}",
        at_once ? "the locks" : "what is held",
        ActorInSentence(report, part.actor), asked, held,
        at_once ? "; or let each take both at once with lockcheck::scoped_lock"
                : "");
  }
  return "take the locks in one order everywhere";
}

std::string AdviceForOneClass(const Report& report, const FindingRow& row,
                              const PartRow& part) {
  const std::string held = ClassOf(report, part.holds[0].object);
  if (CanBeTakenAtOnce(report, row)) {
    return fmt::format(
        "take several {} in one order everywhere, by an id or by address, or "
        "take them at once with lockcheck::scoped_lock(a, b)",
        held);
  }
  if (part.holds[0].object == part.wants->object) {
    return fmt::format(
        "ask for {} with none of it held, or have so many that all who hold "
        "some get what else they ask for",
        held);
  }
  return fmt::format(
      "take several {} in one order everywhere, by an id or by address", held);
}

// Who holds the gil and waits for something else takes both again in another
// order: to take the gil first is what makes the deadlock then.
const ObjectRow* BesideGil(const Report& report, const FindingRow& row,
                           const ObjectRow** gil) {
  const ObjectRow* other = nullptr;
  for (const PartRow& part : row.parts) {
    if (!part.wants) continue;
    const ObjectRow* const object = ObjectOf(report, part.wants->object);
    if (object == nullptr) continue;
    (object->kind == model::ObjectKind::kGil ? *gil : other) = object;
  }
  return other;
}

std::string AdviceForGil(const Report& report, const FindingRow& row) {
  const ObjectRow* gil = nullptr;
  const ObjectRow* const other = BesideGil(report, row, &gil);
  if (gil == nullptr) return "";
  if (other == nullptr) return "";
  return fmt::format(
      "where {0} is held, wait for {1} without it, as an interpreter does: "
      "{0}.lock({1}); or ask for {1} with {0} let go (release_scope)",
      gil->name, other->name);
}

// "always take a before b".
std::string Order(bool at_once, const std::string& first,
                  const std::string& second) {
  if (!at_once) {
    return fmt::format("keep one order: {} always before {}", first, second);
  }
  return fmt::format(
      "always take {} before {}, or take both at once with "
      "lockcheck::scoped_lock",
      first, second);
}

bool HoldsLock(const Report& report, const FindingRow& row) {
  return std::any_of(
      row.parts.begin(), row.parts.end(), [&](const PartRow& part) {
        if (part.holds.empty()) return false;
        const ObjectRow* const held = ObjectOf(report, part.holds[0].object);
        return held == nullptr || (held->kind != model::ObjectKind::kActorEnd &&
                                   model::CanBeHeld(held->kind));
      });
}

std::string AdviceForCircle(const Report& report, const FindingRow& row) {
  if (std::string join = AdviceForJoin(report, row); !join.empty()) {
    return join;
  }
  if (const PartRow* const part = PartOfPool(report, row)) {
    return AdviceForPool(report, part->holds[0].object);
  }
  if (!HoldsLock(report, row)) return AdviceForSignals(report, row);
  if (std::string gil = AdviceForGil(report, row); !gil.empty()) return gil;
  const PartRow& odd = RarestPart(row);
  if (row.parts.size() < 2 || !odd.wants || odd.holds.empty()) {
    return "take the locks in one order everywhere";
  }
  const std::string held = ClassOf(report, odd.holds[0].object);
  const std::string asked = ClassOf(report, odd.wants->object);
  if (held == asked) return AdviceForOneClass(report, row, odd);
  const bool at_once = CanBeTakenAtOnce(report, row);
  // Seen about as often as another, it is no mistake of a moment.
  constexpr uint64_t kRarer = 10;
  const bool tie =
      std::any_of(row.parts.begin(), row.parts.end(), [&](const PartRow& part) {
        return &part != &odd && part.count / kRarer < odd.count;
      });
  if (tie && row.parts.size() > 2) return AdviceForRing(report, row);
  if (tie) return Order(at_once, held, asked);
  return fmt::format("{}; the other order is the rare one, seen {}{}",
                     Order(at_once, asked, held), Counted(odd.count, "time"),
                     WhereAsked(report, odd));
}

// As of a semaphore's permit, which another one has to release.
bool IsHeld(const FindingRow& row, uint32_t object) {
  return std::any_of(
      row.parts.begin(), row.parts.end(), [&](const PartRow& part) {
        return !part.holds.empty() && part.holds[0].object == object;
      });
}

std::string AdviceForCommunication(const Report& report,
                                   const FindingRow& row) {
  std::string owed = AdviceForOwed(report, row);
  if (!owed.empty()) return owed;
  for (const PartRow& part : row.parts) {
    if (!part.wants || !IsSignal(report, part.wants->object)) continue;
    if (part.holds.empty()) continue;
    if (row.parts.size() > 1 && IsHeld(row, part.wants->object)) continue;
    const std::string wanted = ObjectName(report, part.wants->object);
    const std::string held = ObjectName(report, part.holds[0].object);
    for (const uint32_t object : {part.holds[0].object, part.wants->object}) {
      if (IsPool(report, object)) return AdviceForPool(report, object);
    }
    if (IsEnd(report, part.holds[0].object)) {
      return AdviceForJoined(report, row, part);
    }
    if (ObjectOf(report, part.wants->object)->unseen) {
      return fmt::format(
          "let go of {} before waiting for what another thread is to do", held);
    }
    if (held == wanted) {
      return fmt::format("release {} before it is acquired again", held);
    }
    return fmt::format(
        "let go of {} before waiting for {}{}, or signal {} "
        "without needing {}",
        held, wanted, WhereAsked(report, part), wanted, held);
  }
  return AdviceForCircle(report, row);
}

std::string AdviceForMisuse(model::Misuse misuse) {
  switch (misuse) {
    case model::Misuse::kUnlockFree:
      return "let a guard (lockcheck::lock_guard) unlock it, exactly once";
    case model::Misuse::kUnlockByOther:
      return "unlock in the actor that locked; to signal another actor use a "
             "semaphore or an event";
    case model::Misuse::kDestroyHeld:
      return "end the hold before the lock's life ends; declare the lock "
             "before what uses it";
    case model::Misuse::kDestroyWaited:
      return "join or stop the waiting actors before the lock is destroyed";
    case model::Misuse::kExitHolding:
      return "hold it with a guard (lockcheck::lock_guard), so that every way "
             "out unlocks it";
    case model::Misuse::kSelfLock:
      return "pass the guard on instead of locking again, or make it a "
             "lockcheck::recursive_mutex";
    case model::Misuse::kOverRelease:
      return "release only what was acquired; if others are to be woken that "
             "acquired nothing, use a counting_semaphore";
    case model::Misuse::kTaskDoneTooOften:
      return "call task_done() once for each item got, by whoever got it";
    case model::Misuse::kJoinBeforeClose:
      return "close() the pool before join(): until then more tasks may come";
    case model::Misuse::kUseAfterClose:
      return "close when nobody gives work any more, or expect the exception";
    case model::Misuse::kArriveTooOften:
      return "make the count as large as there are arrivals";
    case model::Misuse::kReleaseByOther:
      return "release in the actor that took it";
    case model::Misuse::kJoinByOwnTask:
      return "join where the pool was made: a task that waits for all tasks "
             "waits for itself";
    case model::Misuse::kSelfJoin:
      return "let another actor join it, or ask first: t.get_id() == "
             "std::this_thread::get_id()";
  }
  return "";
}

// Of a lock that may be shared, what is held and what is asked for differ: no
// recursive lock would help.
std::string AdviceForLockingAgain(const Report& report, const FindingRow& row) {
  using model::Mode;
  const ObjectRow* const object =
      row.objects.empty() ? nullptr : ObjectOf(report, row.objects[0]);
  if (object != nullptr && object->kind == model::ObjectKind::kGil) {
    return "do not take it where it is held; what waits for something else "
           "may let it go meanwhile (release_scope)";
  }
  if (object != nullptr && object->kind == model::ObjectKind::kOnceFlag) {
    return "let the function not call what calls it once more";
  }
  if (!row.parts.empty() && !row.parts[0].holds.empty() && row.parts[0].wants) {
    const Mode held = row.parts[0].holds[0].mode;
    const Mode asked = row.parts[0].wants->mode;
    if (held == Mode::kShared && asked == Mode::kExclusive) {
      return "release the shared hold before asking for the exclusive one, and "
             "look again at what was read, for others may write in between; or "
             "ask for the exclusive one at once";
    }
    if (held == Mode::kExclusive && asked == Mode::kShared) {
      return "do not ask for the shared hold within the exclusive one, which "
             "allows to read too; or release the exclusive one first";
    }
  }
  return AdviceForMisuse(model::Misuse::kSelfLock);
}

bool WaitsForSignal(const Report& report, const FindingRow& row) {
  return std::any_of(
      row.parts.begin(), row.parts.end(), [&](const PartRow& part) {
        return part.wants && IsSignal(report, part.wants->object);
      });
}

// No cycle: one that holds without asking, and has ended.
bool OwnerHasEnded(const Report& report, const FindingRow& row) {
  return std::any_of(row.parts.begin(), row.parts.end(),
                     [&](const PartRow& part) {
                       return !part.wants && HasEnded(report, part);
                     });
}

}  // namespace

std::string Advice(const Report& report, const Finding& finding,
                   const FindingRow& row) {
  if (finding.misuse == model::Misuse::kSelfLock) {
    return AdviceForLockingAgain(report, row);
  }
  if (finding.rule == Rule::kMisuse) {
    return finding.misuse ? AdviceForMisuse(*finding.misuse) : "";
  }
  if (finding.rule == Rule::kSelf) {
    return WaitsForOwnEnd(report, row) ? "let another actor join it"
                                       : AdviceForLockingAgain(report, row);
  }
  if (IsAboutCarriers(finding.rule)) {
    return AdviceForCarrier(report, finding, row);
  }
  if (finding.rule == Rule::kWaitHolding) {
    return fmt::format(
        "release {} before waiting, or do without it what the "
        "wait is for",
        ClassOf(report, row.objects[0]));
  }
  if (finding.rule == Rule::kOwnerDied && IsAboutPermits(report, row)) {
    return fmt::format(
        "release a permit of {} for the dead, where it is known that it had "
        "one and that what it stands for is free",
        ClassOf(report, row.objects[0]));
  }
  if (finding.rule == Rule::kOwnerDied) {
    return fmt::format(
        "look at what lock() or owner_died() says: repair what {} protects, "
        "and call consistent(); who unlocks without makes the lock not "
        "recoverable",
        ClassOf(report, row.objects[0]));
  }
  if (finding.rule == Rule::kForkWhileHeld) {
    return fmt::format(
        "fork before other threads run, or take {} yourself before the fork "
        "and release it after it in both processes (pthread_atfork does that "
        "for every fork), or let the child exec at once",
        ClassOf(report, row.objects[0]));
  }
  if (finding.rule == Rule::kInheritedLock) {
    return fmt::format(
        "fork without {} held, or release it in the child before anything else",
        ClassOf(report, row.objects[0]));
  }
  if (finding.rule == Rule::kLostWakeup && IsAboutFlag(report, row)) {
    return fmt::format(
        "clear {} only when everybody who has to see it has seen it: in "
        "whoever "
        "waits for it, for instance; or give each of them an event of its own",
        ClassOf(report, row.objects[0]));
  }
  if (finding.rule == Rule::kLostWakeup) {
    return "change what it waits for with the lock held, and wait only while a "
           "predicate, looked at under the same lock, says that it is not so "
           "yet: wait(lock, predicate); and if that is done, notify once more "
           "when nothing else will come";
  }
  if (finding.rule == Rule::kNakedNotify && row.objects.size() == 2) {
    return fmt::format(
        "hold {} when you change what {} is notified of; the notification "
        "itself may come after the unlock",
        ClassOf(report, row.objects[1]), ClassOf(report, row.objects[0]));
  }
  if (finding.rule == Rule::kNeverSignalled) {
    return AdviceForNeverSignalled(report, row);
  }
  if (finding.rule == Rule::kBlockingCall) {
    return "make the call first and take the lock for its result, or copy what "
           "it needs under the lock and release that before the call";
  }
  if (finding.rule == Rule::kRecursiveRead) {
    return "take the shared hold once, and pass the guard on or call a "
           "function that expects it to be held";
  }
  if (finding.rule == Rule::kCommunication ||
      (finding.rule == Rule::kTimedCycle && WaitsForSignal(report, row))) {
    return AdviceForCommunication(report, row);
  }
  if (finding.rule == Rule::kStall) {
    return "if they are meant to go on, let whoever is the last to run signal "
           "those who still wait; if they are meant to wait until the program "
           "is ended, nothing";
  }
  if (OwnerInParent(report, row) != nullptr) {
    return fmt::format(
        "fork while no other thread holds {}, for instance with handlers of "
        "pthread_atfork that lock it before and unlock it after; or let the "
        "child do nothing but exec",
        ClassOf(report, row.objects[0]));
  }
  if (finding.rule == Rule::kWaitFor && AllAskForWhatTheyHold(row)) {
    return AdviceForLockingAgain(report, row);
  }
  if (OwnerHasEnded(report, row)) {
    return AdviceForMisuse(model::Misuse::kExitHolding);
  }
  if (row.verdict == Verdict::kRefuted && !row.order_violation) {
    switch (row.reason.value_or(Reason::kHistory)) {
      case Reason::kGate:
        return "nothing, as long as every path takes the gate first";
      case Reason::kTry:
        return "nothing, as long as who gives up lets go before it tries again";
      case Reason::kReaders:
        return "nothing, as long as both only read";
      default:
        return "nothing for this run; --policy order forbids it as a rule of "
               "the code";
    }
  }
  return AdviceForCircle(report, row);
}

}  // namespace lockcheck::report
