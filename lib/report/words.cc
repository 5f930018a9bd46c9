#include "lib/report/words.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "fmt/format.h"
#include "lib/report/advice.h"
#include "lib/report/coroutine_words.h"
#include "lib/report/names.h"
#include "lib/report/naming.h"
#include "lib/report/order_words.h"
#include "lib/report/sentences.h"

namespace lockcheck::report {
namespace {

using analysis::Finding;
using analysis::Rule;
using analysis::Verdict;

// A circle longer than this is told as a path of locks, not actor by actor.
constexpr size_t kLongestTold = 3;

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

std::string UpgradeMessage(const Report& report, const FindingRow& row) {
  std::string names;
  for (const PartRow& part : row.parts) {
    if (!names.empty()) names += " and ";
    names += ActorInSentence(report, part.actor);
  }
  return fmt::format(
      "{} hold {} shared, and each asks for it exclusively before it lets go",
      names, ObjectName(report, row.parts[0].wants->object));
}

// Not every object is a lock: "destroys a queue while somebody waits for it".
std::string OfWhatItIs(std::string sentence, const Report& report,
                       const FindingRow& row) {
  constexpr std::string_view kLock = " a lock ";
  const size_t at = sentence.find(kLock);
  if (row.objects.empty() || at == sentence.npos) return sentence;
  const model::ObjectKind kind = report.objects[row.objects[0]].kind;
  if (!model::EndsByAnybody(kind)) return sentence;
  std::string noun = model::PrimitiveOf(kind).name;
  std::replace(noun.begin(), noun.end(), '_', ' ');
  const bool vowel = std::string_view("aeiou").find(noun[0]) != noun.npos;
  return sentence.replace(at, kLock.size(),
                          fmt::format(" {} {} ", vowel ? "an" : "a", noun));
}

std::string MisuseMessage(const Report& report, const Finding& finding,
                          const FindingRow& row) {
  const model::MisuseName* misuse =
      finding.misuse ? model::NameOf(*finding.misuse) : nullptr;
  const std::optional<uint32_t> actor =
      row.parts.empty() ? std::nullopt : row.parts[0].actor;
  std::string text = fmt::format(
      "{} {}", ActorInSentence(report, actor),
      OfWhatItIs(misuse != nullptr ? misuse->sentence : "misuses a lock",
                 report, row));
  // The log has no entry for a lock that nobody ever asked for.
  if (finding.misuse == model::Misuse::kUnlockFree &&
      !finding.objects.empty() && finding.objects[0] == log::kNone) {
    return text +
           ", nor ever asked for; the program's standard error says where it "
           "was made";
  }
  if (!row.objects.empty() && !IsEnd(report, row.objects[0])) {
    const uint32_t object = row.objects[0];
    text += ": " + (IsPool(report, object) ? PoolName(report, object)
                                           : ObjectName(report, object));
  }
  return text;
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
  if (IsAboutFlag(report, row)) {
    return fmt::format(
        "{} waits for {}, which {} sets and which is cleared again: if it "
        "comes after that, nobody sets it any more",
        ActorInSentence(report, row.parts[0].actor),
        ObjectName(report, row.objects[0]),
        row.parts.size() == 2 ? ActorInSentence(report, row.parts[1].actor)
                              : fmt::format("{} actors", row.parts.size() - 1));
  }
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
  const bool possible =
      row.verdict == Verdict::kPossible || row.verdict == Verdict::kConfirmed;
  std::string text;
  if (row.parts.size() <= kLongestTold) {
    text = Clauses(report, row, possible ? "asks for" : "waits for");
  } else if (finding.rule == Rule::kStall) {
    text = fmt::format("{} actors wait to be signalled", row.parts.size());
  } else {
    text =
        fmt::format("{} actors wait for each other's locks, ends and signals",
                    row.parts.size());
  }
  if (possible) text += "; if all of them come there";
  return text + (possible ? ", nobody is left who could end a wait"
                          : "; nobody is left who could end a wait");
}

std::string NakedNotifyMessage(const Report& report, const FindingRow& row) {
  if (row.parts.size() != 2 || row.objects.size() != 2) {
    return "a condition is notified of what did not change under its lock";
  }
  const std::string waiter = ActorInSentence(report, row.parts[0].actor);
  return fmt::format(
      "{} notifies {} of something that did not change with {} held: if that "
      "comes when {} has looked and does not wait yet, it wakes nobody",
      ActorInSentence(report, row.parts[1].actor),
      ObjectName(report, row.objects[0]), ObjectName(report, row.objects[1]),
      waiter);
}

std::string NeverSignalledMessage(const Report& report, const FindingRow& row) {
  if (row.parts.size() != 1 || !row.parts[0].wants) {
    return "an actor waits for what nobody has signalled in this run";
  }
  const uint32_t object = row.parts[0].wants->object;
  return fmt::format(
      "{} waits for {}, and nobody has {} in this run: whoever waits for it "
      "waits for ever",
      ActorInSentence(report, row.parts[0].actor), ObjectName(report, object),
      WhatNobodyDid(report.objects[object].kind));
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

// The owner's part comes first, if it is known who that was.
std::string OwnerDiedMessage(const Report& report, const FindingRow& row) {
  if (row.parts.empty() || row.objects.empty()) return "";
  const std::string lock = ObjectName(report, row.objects[0]);
  const auto who = [&](const PartRow& part) {
    return ActorInSentence(report, part.actor);
  };
  const PartRow& last = row.parts.back();
  if (row.parts.front().wants) {
    return fmt::format("{} had {} from an owner that died while it had it",
                       who(last), lock);
  }
  if (IsAboutPermits(report, row)) {
    return fmt::format("{} died with a permit of {}, which nobody gives back",
                       who(row.parts[0]), lock);
  }
  return fmt::format("{} died while it held {}; {}", who(row.parts[0]), lock,
                     row.parts.size() == 1
                         ? "nobody has had it since"
                         : who(last) + " had it next, and was told");
}

// Who forked, if that is known, comes last.
std::string ForkedMessage(const Report& report, const Finding& finding,
                          const FindingRow& row) {
  const std::string lock = ObjectName(report, row.objects[0]);
  const std::string who = ActorInSentence(report, row.parts[0].actor);
  const std::string forker = row.parts.size() == 2
                                 ? ActorInSentence(report, row.parts[1].actor)
                                 : "another thread";
  if (finding.rule == Rule::kForkWhileHeld) {
    return fmt::format(
        "{} held {} when {} forked a child: the child's copy of it stays "
        "locked, for nobody in the child holds it",
        who, lock, forker);
  }
  return fmt::format(
      "{} goes on under its copy of {}, which {} held when it forked: it asks "
      "for {}, and its parent's copy keeps it out of nothing",
      who, lock, row.parts.size() == 2 ? forker : "its parent",
      ObjectName(report, row.parts[0].wants->object));
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
      if (!row.parts.empty() && AllAskForWhatTheyHold(row)) {
        return UpgradeMessage(report, row);
      }
      return Circle(report, row, "waits for");
    case Rule::kTimedCycle:
      return Circle(report, row, "waits for") +
             (finding.was_refused ? ": it was a time limit that ended this"
                                  : ": only a time limit ends this");
    case Rule::kWaitHolding:
      return WaitHoldingMessage(report, row);
    case Rule::kLostWakeup:
      return LostWakeupMessage(report, row);
    case Rule::kNakedNotify:
      return NakedNotifyMessage(report, row);
    case Rule::kNeverSignalled:
      return NeverSignalledMessage(report, row);
    case Rule::kRecursiveRead:
      return RecursiveReadMessage(report, row);
    case Rule::kBlockingCall:
      return BlockingCallMessage(report, row);
    case Rule::kOwnerDied:
      return OwnerDiedMessage(report, row);
    case Rule::kLockAcrossAwait:
    case Rule::kBlockingInCoroutine:
    case Rule::kLongRun:
    case Rule::kCarrier:
      return CarrierMessage(report, finding, row);
    case Rule::kForkWhileHeld:
    case Rule::kInheritedLock:
      return ForkedMessage(report, finding, row);
    case Rule::kCommunication:
    case Rule::kStall:
      return NobodyLeftMessage(report, finding, row);
    case Rule::kSelf:
      return SelfMessage(report, row);
    case Rule::kMisuse:
      return MisuseMessage(report, finding, row);
    case Rule::kDeclaredOrder:
      break;
  }
  return "";
}

// A coroutine may be destroyed while it waits.
bool HasCoroutine(const Report& report, const FindingRow& row) {
  return std::any_of(
      row.parts.begin(), row.parts.end(), [&](const PartRow& part) {
        return part.actor && report.actors[*part.actor].kind == "coroutine";
      });
}

std::string WhyActual(const Report& report, const Finding& finding,
                      const FindingRow& row) {
  if (finding.was_refused) {
    return fmt::format(
        "it happened: they waited for each other until one of the requests was "
        "refused (on_deadlock=throw){}",
        HasCoroutine(report, row) ? ", or its coroutine destroyed" : "");
  }
  if (OwnerInParent(report, row) == nullptr) {
    return GoesOn(report, row)
               ? "it happened: none of them can go on any more"
               : "it happened: at the end of the log none of them can go on";
  }
  return fmt::format(
      "it happened: a forked child has its own copy of {} and, of its parent's "
      "threads, only the one that forked, so nobody in it can unlock the copy",
      ObjectName(report, row.objects[0]));
}

std::string Why(const Report& report, const Finding& finding,
                const FindingRow& row) {
  if (row.kind == FindingKind::kMisuse) return "it happened in this run";
  if (IsAboutCarriers(finding.rule)) return WhyCarrier(report, finding, row);
  if (finding.rule == Rule::kWaitHolding) {
    return fmt::format(
        "both stood so at the end of the log; no deadlock for certain, since "
        "whoever does not need {} could still do it",
        ObjectName(report, row.objects[0]));
  }
  if (finding.rule == Rule::kOwnerDied && IsAboutPermits(report, row)) {
    return "it happened in this run, and the semaphore has one less from then "
           "on";
  }
  if (finding.rule == Rule::kOwnerDied) {
    return "it happened in this run; what the lock protects may be half done";
  }
  if (finding.rule == Rule::kForkWhileHeld) {
    return "it happened in this run; the child asked for locks of threads, and "
           "whoever in it asks for this one, or for what a library keeps "
           "behind "
           "such a lock, waits for ever";
  }
  if (finding.rule == Rule::kInheritedLock) {
    return "it happened in this run; each process has the lock once from the "
           "fork on, so what it protects outside of memory, a file for "
           "instance, both may be changing at once";
  }
  if (finding.rule == Rule::kLostWakeup && IsAboutFlag(report, row)) {
    return "it did not happen in this run, but what happened can happen in "
           "that "
           "order, too";
  }
  if (finding.rule == Rule::kLostWakeup) {
    return "at the end of the log every actor of the process has ended, joins "
           "another one or waits to be notified; a notification is not kept "
           "for who comes later";
  }
  if (finding.rule == Rule::kNakedNotify && row.objects.size() == 2) {
    return fmt::format(
        "it did not happen in this run; but nobody had {} while {} waited, so "
        "nothing keeps the notification from coming sooner, and it was the "
        "last one",
        ObjectName(report, row.objects[1]),
        ActorInSentence(report, row.parts[0].actor));
  }
  if (finding.rule == Rule::kNeverSignalled && !row.parts.empty()) {
    return fmt::format(
        "it waited when the process ended, and no record of the run is "
        "missing; a program that joined {} would not end",
        ActorInSentence(report, row.parts[0].actor));
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
  if (finding.rule == Rule::kCommunication &&
      row.verdict == Verdict::kConfirmed) {
    return "it did not happen in this run; the schedule that leads to it has "
           "been found, and whoever could end one of these waits is among them";
  }
  if (finding.rule == Rule::kCommunication &&
      row.verdict == Verdict::kPossible) {
    return "it did not happen in this run; but what each of them did before "
           "can "
           "happen in an order in which all of them come to these waits, and "
           "whoever could end one is among them";
  }
  if (finding.rule == Rule::kCommunication && HasCoroutine(report, row)) {
    return "it happened: they were suspended when their context was "
           "destroyed, so nobody resumes one any more; who is meant to wait "
           "till then is spawned with spawn_background(), and a thread outside "
           "of run() that is to resume one has a context::work";
  }
  if (finding.rule == Rule::kCommunication || finding.rule == Rule::kStall) {
    const std::string what =
        finding.rule == Rule::kStall
            ? "no deadlock, since nobody waits for what another one holds; but "
            : "it happened: ";
    return what +
           (IsBetweenProcesses(report, row)
                ? "all processes of the log that have not ended saw each of "
                  "their threads wait without a time limit, and neither "
                  "another thread nor a signal handler through which a wait "
                  "could end"
                : "the program saw each of its threads wait without a time "
                  "limit, and neither another thread, nor a signal handler, "
                  "nor memory shared with another process, through which a "
                  "wait could end");
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
      if (GoesOn(report, row)) {
        return "it has not happened so far, and nothing that was seen rules "
               "out that it will, in this run or another";
      }
      return "it did not happen in this run, and nothing in the log rules out "
             "that it happens in another";
    case Verdict::kRefuted:
      return WhyRefuted(report, row);
  }
  return "";
}

}  // namespace

void Explain(const Report& report, const Finding& finding, FindingRow& row) {
  if (finding.rule == Rule::kDeclaredOrder) {
    ExplainDeclaredOrder(report, row);
    return;
  }
  row.message = Message(report, finding, row);
  row.why = Why(report, finding, row);
  row.advice = Advice(report, finding, row);
}

}  // namespace lockcheck::report
