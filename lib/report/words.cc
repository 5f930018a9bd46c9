#include "lib/report/words.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "lib/report/layout.h"
#include "lib/report/names.h"
#include "lib/report/naming.h"
#include "lib/report/sentences.h"
#include "lib/report/sites.h"

namespace lockcheck::report {
namespace {

using analysis::Finding;
using analysis::Reason;
using analysis::Rule;
using analysis::Verdict;

// A circle longer than this is told as a path of locks, not actor by actor.
constexpr size_t kLongestTold = 3;

std::string ClassOf(const Report& report, uint32_t object) {
  const ObjectRow* row = ObjectOf(report, object);
  if (row == nullptr) return "a lock";
  return row->lock_class ? report.classes[*row->lock_class].name : row->name;
}

std::string Circle(const Report& report, const FindingRow& row,
                   std::string_view asks) {
  if (row.parts.empty()) return "a circle of locks";
  if (row.parts.size() <= kLongestTold) return Clauses(report, row, asks);
  std::string text = fmt::format(
      "{} actors each hold one lock and {}: ", row.parts.size(),
      asks == "asks for" ? "ask for the next" : "wait for the next");
  for (const PartRow& part : row.parts) {
    if (part.wants) text += ObjectName(report, part.wants->object) + " -> ";
  }
  if (row.parts[0].wants) {
    text += ObjectName(report, row.parts[0].wants->object);
  }
  return text;
}

std::string MisuseMessage(const Report& report, const Finding& finding,
                          const FindingRow& row) {
  const model::MisuseName* misuse =
      finding.misuse ? model::NameOf(*finding.misuse) : nullptr;
  const std::optional<uint32_t> actor =
      row.parts.empty() ? std::nullopt : row.parts[0].actor;
  std::string text =
      fmt::format("{} {}", ActorInSentence(report, actor),
                  misuse != nullptr ? misuse->sentence : "misuses a lock");
  // The log has no entry for a lock that nobody ever asked for.
  if (finding.misuse == model::Misuse::kUnlockFree &&
      !finding.objects.empty() && finding.objects[0] == log::kNone) {
    return text +
           ", nor ever asked for; the program's standard error says where it "
           "was made";
  }
  if (!row.objects.empty()) text += ": " + ObjectName(report, row.objects[0]);
  return text;
}

bool WaitsForOwnEnd(const Report& report, const FindingRow& row) {
  return !row.parts.empty() && row.parts[0].wants &&
         IsEnd(report, row.parts[0].wants->object);
}

std::string SelfMessage(const Report& report, const FindingRow& row) {
  if (row.parts.empty() || !row.parts[0].wants) {
    return "an actor waits for a lock that it holds";
  }
  const std::string actor = ActorInSentence(report, row.parts[0].actor);
  if (WaitsForOwnEnd(report, row)) return actor + " waits for its own end";
  return fmt::format("{} waits for {}, which it already holds", actor,
                     ObjectName(report, row.parts[0].wants->object));
}

// No cycle: the owner of the lock is a thread of another process, the one that
// this one was forked from.
const ActorRow* OwnerInParent(const Report& report, const FindingRow& row) {
  if (row.parts.size() != 2 || row.parts[1].wants) return nullptr;
  const auto waiter = row.parts[0].actor, owner = row.parts[1].actor;
  if (!waiter || !owner) return nullptr;
  const ActorRow& of = report.actors[*owner];
  return of.process != report.actors[*waiter].process ? &of : nullptr;
}

std::string ForkMessage(const Report& report, const FindingRow& row,
                        const ActorRow& owner) {
  const std::string name = ActorInSentence(report, row.parts[1].actor);
  return fmt::format(
      "{}, which {} held when the process was forked; {} exists in the parent "
      "only (pid {})",
      Clause(report, row.parts[0], "waits for"), name, name, owner.pid);
}

std::string WaitHoldingMessage(const Report& report, const FindingRow& row) {
  if (row.parts.size() != 2 || row.parts[0].holds.empty() ||
      !row.parts[0].wants) {
    return "an actor waits to be notified while it holds a lock that another "
           "one waits for";
  }
  return fmt::format(
      "{} holds {} and waits until somebody {} {}, while {} waits for {}",
      ActorInSentence(report, row.parts[0].actor),
      ObjectName(report, row.parts[0].holds[0].object),
      WhatEndsAWait(report.objects[row.parts[0].wants->object].kind),
      ObjectName(report, row.parts[0].wants->object),
      ActorInSentence(report, row.parts[1].actor),
      ObjectName(report, row.parts[0].holds[0].object));
}

std::string LostWakeupMessage(const Report& report, const FindingRow& row) {
  if (row.parts.size() != 2 || row.objects.empty()) {
    return "a condition was notified before anybody waited, and not again";
  }
  return fmt::format(
      "{} notified {} when nobody waited; {} began to wait after that, and "
      "nobody has notified it since",
      ActorInSentence(report, row.parts[1].actor),
      ObjectName(report, row.objects[0]),
      ActorInSentence(report, row.parts[0].actor));
}

std::string NobodyLeftMessage(const Report& report, const Finding& finding,
                              const FindingRow& row) {
  std::string text;
  if (row.parts.size() <= kLongestTold) {
    text = Clauses(report, row, "waits for");
  } else if (finding.rule == Rule::kStall) {
    text = fmt::format("{} actors wait to be signalled", row.parts.size());
  } else {
    text =
        fmt::format("{} actors wait for each other's locks, ends and signals",
                    row.parts.size());
  }
  return text + "; nobody is left who could end a wait";
}

std::string RecursiveReadMessage(const Report& report, const FindingRow& row) {
  if (row.parts.size() != 2 || row.objects.empty()) {
    return "an actor reads a lock twice, and a writer may come between";
  }
  const std::string lock = ObjectName(report, row.objects[0]);
  return fmt::format(
      "{} holds {} shared and asks for it shared again; {} asks for it "
      "exclusively, and if that comes between, each waits for the other",
      ActorInSentence(report, row.parts[0].actor), lock,
      ActorInSentence(report, row.parts[1].actor));
}

std::string BlockingCallMessage(const Report& report, const FindingRow& row) {
  if (row.parts.size() != 2 || row.objects.empty() || !row.parts[0].wants) {
    return "an actor waits for the outside with a lock held that others ask "
           "for";
  }
  return fmt::format(
      "{} waits for the outside ({}) with {} held; {} asks for it",
      ActorInSentence(report, row.parts[0].actor),
      ObjectName(report, row.parts[0].wants->object),
      ObjectName(report, row.objects[0]),
      ActorInSentence(report, row.parts[1].actor));
}

std::string Message(const Report& report, const Finding& finding,
                    const FindingRow& row) {
  switch (finding.rule) {
    case Rule::kLockOrder:
      return Circle(report, row, "asks for");
    case Rule::kWaitFor:
      if (const ActorRow* owner = OwnerInParent(report, row)) {
        return ForkMessage(report, row, *owner);
      }
      return Circle(report, row, "waits for");
    case Rule::kTimedCycle:
      return Circle(report, row, "waits for") + ": only a time limit ends this";
    case Rule::kWaitHolding:
      return WaitHoldingMessage(report, row);
    case Rule::kLostWakeup:
      return LostWakeupMessage(report, row);
    case Rule::kRecursiveRead:
      return RecursiveReadMessage(report, row);
    case Rule::kBlockingCall:
      return BlockingCallMessage(report, row);
    case Rule::kCommunication:
    case Rule::kStall:
      return NobodyLeftMessage(report, finding, row);
    case Rule::kSelf:
      return SelfMessage(report, row);
    case Rule::kMisuse:
      return MisuseMessage(report, finding, row);
  }
  return "";
}

std::string WhyRefuted(const Report& report, const FindingRow& row) {
  switch (row.reason.value_or(Reason::kHistory)) {
    case Reason::kOneActor:
      return "one actor would have to be in two of these places at once; "
             "another actor that did the same could deadlock with it";
    case Reason::kForkJoin:
      return "these sections never run at the same time: starting and joining "
             "threads puts them in order";
    case Reason::kGate:
      return fmt::format(
          "{} hold {} all the while, so only one at a time can be inside",
          row.parts.size() == 2 ? "both" : "two of the actors",
          row.gate ? ObjectName(report, *row.gate) : "the same gate lock");
    case Reason::kTry:
      return "one of the requests is a try or timed one: it gives up instead "
             "of waiting for ever";
    case Reason::kReaders:
      return "at one of the locks both sides only read, and readers do not "
             "exclude each other";
    case Reason::kGuard:
      return "before all actors can be there, one must pass a section that "
             "another one keeps locked";
    case Reason::kHistory:
      return "the order of events that every run of this log must keep rules "
             "it out";
  }
  return "";
}

std::string WhyActual(const Report& report, const Finding& finding,
                      const FindingRow& row) {
  if (finding.was_refused) {
    return "it happened: they waited for each other until one of the requests "
           "was refused (on_deadlock=throw)";
  }
  if (OwnerInParent(report, row) == nullptr) {
    return "it happened: at the end of the log none of them can go on";
  }
  return fmt::format(
      "it happened: a forked child has its own copy of {} and, of its parent's "
      "threads, only the one that forked, so nobody in it can unlock the copy",
      ObjectName(report, row.objects[0]));
}

std::string Why(const Report& report, const Finding& finding,
                const FindingRow& row) {
  if (row.kind == FindingKind::kMisuse) return "it happened in this run";
  if (finding.rule == Rule::kWaitHolding) {
    return fmt::format(
        "both stood so at the end of the log; no deadlock for certain, since "
        "whoever does not need {} could still do it",
        ObjectName(report, row.objects[0]));
  }
  if (finding.rule == Rule::kLostWakeup) {
    return "at the end of the log every actor of the process has ended, joins "
           "another one or waits to be notified; a notification is not kept "
           "for who comes later";
  }
  if (finding.rule == Rule::kRecursiveRead) {
    return "no deadlock with this lock, which lets readers in while a writer "
           "waits; the standard forbids it, and locks that let writers go "
           "first deadlock";
  }
  if (finding.rule == Rule::kBlockingCall) {
    return "no deadlock, since the outside ends the call; but until then "
           "nobody "
           "gets the lock";
  }
  if (finding.rule == Rule::kCommunication || finding.rule == Rule::kStall) {
    return std::string(finding.rule == Rule::kStall
                           ? "no deadlock, since nobody waits for what another "
                             "one holds; but the "
                           : "it happened: the ") +
           "program saw each of its threads wait without a time limit, and "
           "neither another thread, nor a signal handler, nor memory shared "
           "with another process, through which a wait could end";
  }
  if (row.kind == FindingKind::kHazard) {
    return "no deadlock, since a request gives up; but everybody waits until "
           "it does";
  }
  switch (row.verdict.value_or(Verdict::kPossible)) {
    case Verdict::kActual:
      return WhyActual(report, finding, row);
    case Verdict::kConfirmed:
      return "it did not happen in this run; the schedule that leads to it has "
             "been found";
    case Verdict::kPossible:
      return "it did not happen in this run, and nothing in the log rules out "
             "that it happens in another";
    case Verdict::kRefuted:
      return WhyRefuted(report, row);
  }
  return "";
}

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

std::string AdviceForJoin(const Report& report, const FindingRow& row) {
  bool only_joins = false;
  for (const PartRow& part : row.parts) {
    if (!part.wants || !IsEnd(report, part.wants->object)) continue;
    if (part.holds.empty()) continue;
    if (IsEnd(report, part.holds[0].object)) {
      only_joins = true;
      continue;
    }
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
  for (const PartRow& part : row.parts) {
    if (!part.wants || part.holds.empty()) continue;
    const std::string held = ObjectName(report, part.holds[0].object);
    const std::string asked = ObjectName(report, part.wants->object);
    if (held <= asked) continue;
    return fmt::format(
        "give the locks one order; {} then has to take {} before {}; or "
        "let each take both at once with lockcheck::scoped_lock",
        ActorInSentence(report, part.actor), asked, held);
  }
  return "take the locks in one order everywhere";
}

std::string AdviceForCircle(const Report& report, const FindingRow& row) {
  if (std::string join = AdviceForJoin(report, row); !join.empty()) {
    return join;
  }
  if (row.parts.size() < 2) return "take the locks in one order everywhere";
  const PartRow& odd = RarestPart(row);
  if (!odd.wants || odd.holds.empty()) {
    return "take the locks in one order everywhere";
  }
  const std::string held = ClassOf(report, odd.holds[0].object);
  const std::string asked = ClassOf(report, odd.wants->object);
  if (held == asked) {
    return fmt::format(
        "take several {} in one order everywhere, by an id or by address, or "
        "take them at once with lockcheck::scoped_lock(a, b)",
        held);
  }
  // Seen about as often as another, it is no mistake of a moment.
  constexpr uint64_t kRarer = 10;
  const bool tie =
      std::any_of(row.parts.begin(), row.parts.end(), [&](const PartRow& part) {
        return &part != &odd && part.count / kRarer < odd.count;
      });
  if (tie && row.parts.size() > 2) return AdviceForRing(report, row);
  if (tie) {
    return fmt::format(
        "always take {} before {}, or take both at once with "
        "lockcheck::scoped_lock",
        held, asked);
  }
  return fmt::format(
      "always take {} before {}, or take both at once with "
      "lockcheck::scoped_lock; the other order is the rare one, seen {}{}",
      asked, held, Counted(odd.count, "time"), WhereAsked(report, odd));
}

// What whoever comes by may signal.
bool IsSignal(const Report& report, uint32_t object) {
  const ObjectRow* row = ObjectOf(report, object);
  return row != nullptr && !IsEnd(report, object) &&
         (!model::CanBeHeld(row->kind) ||
          model::PrimitiveOf(row->kind).wait_rule == model::WaitRule::kAny);
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
  for (const PartRow& part : row.parts) {
    if (!part.wants || !IsSignal(report, part.wants->object)) continue;
    if (part.holds.empty()) continue;
    if (row.parts.size() > 1 && IsHeld(row, part.wants->object)) continue;
    const std::string wanted = ObjectName(report, part.wants->object);
    const std::string held = ObjectName(report, part.holds[0].object);
    if (IsEnd(report, part.holds[0].object)) {
      return fmt::format("signal {} before waiting for {}", wanted, held);
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
  }
  return "";
}

// Of a lock that may be shared, what is held and what is asked for differ: no
// recursive lock would help.
std::string AdviceForLockingAgain(const FindingRow& row) {
  using model::Mode;
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

// No cycle: one that holds without asking, and has ended.
bool OwnerHasEnded(const Report& report, const FindingRow& row) {
  return std::any_of(row.parts.begin(), row.parts.end(),
                     [&](const PartRow& part) {
                       return !part.wants && HasEnded(report, part);
                     });
}

std::string Advice(const Report& report, const Finding& finding,
                   const FindingRow& row) {
  if (finding.misuse == model::Misuse::kSelfLock) {
    return AdviceForLockingAgain(row);
  }
  if (finding.rule == Rule::kMisuse) {
    return finding.misuse ? AdviceForMisuse(*finding.misuse) : "";
  }
  if (finding.rule == Rule::kSelf) {
    return WaitsForOwnEnd(report, row) ? "let another actor join it"
                                       : AdviceForLockingAgain(row);
  }
  if (finding.rule == Rule::kWaitHolding) {
    return fmt::format(
        "release {} before waiting, or do without it what the "
        "wait is for",
        ClassOf(report, row.objects[0]));
  }
  if (finding.rule == Rule::kLostWakeup) {
    return "change what it waits for with the lock held, and wait only while a "
           "predicate, looked at under the same lock, says that it is not so "
           "yet: wait(lock, predicate); and if that is done, notify once more "
           "when nothing else will come";
  }
  if (finding.rule == Rule::kBlockingCall) {
    return "make the call first and take the lock for its result, or copy what "
           "it needs under the lock and release that before the call";
  }
  if (finding.rule == Rule::kRecursiveRead) {
    return "take the shared hold once, and pass the guard on or call a "
           "function that expects it to be held";
  }
  if (finding.rule == Rule::kCommunication) {
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

}  // namespace

void Explain(const Report& report, const Finding& finding, FindingRow& row) {
  row.message = Message(report, finding, row);
  row.why = Why(report, finding, row);
  row.advice = Advice(report, finding, row);
}

}  // namespace lockcheck::report
