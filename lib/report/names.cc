#include "lib/report/names.h"

#include <algorithm>
#include <cstddef>

#include "lib/report/class_words.h"
#include "lib/report/order_words.h"

namespace lockcheck::report {
namespace {

using analysis::ActorState;
using analysis::EventKind;
using analysis::Reason;
using analysis::Rule;
using analysis::Verdict;

template <typename Enum>
struct Name {
  Enum value;
  const char* name;
};

constexpr Name<Verdict> kVerdicts[] = {{Verdict::kActual, "actual"},
                                       {Verdict::kConfirmed, "confirmed"},
                                       {Verdict::kPossible, "possible"},
                                       {Verdict::kRefuted, "refuted"}};
constexpr Name<Reason> kReasons[] = {
    {Reason::kOneActor, "one-actor"}, {Reason::kForkJoin, "fork-join"},
    {Reason::kGate, "gate"},          {Reason::kTry, "try"},
    {Reason::kReaders, "readers"},    {Reason::kGuard, "guard"},
    {Reason::kHistory, "history"}};
constexpr Name<EventKind> kActs[] = {
    {EventKind::kAcquire, "acquire"}, {EventKind::kRelease, "release"},
    {EventKind::kTake, "take"},       {EventKind::kPost, "post"},
    {EventKind::kWaitBegin, "wait"},  {EventKind::kFound, "found"},
    {EventKind::kFork, "start"},      {EventKind::kJoin, "join"},
    {EventKind::kRead, "read"},       {EventKind::kWrite, "write"},
    {EventKind::kUpdate, "update"}};
constexpr Name<FindingKind> kKinds[] = {
    {FindingKind::kDeadlock, "deadlock"},
    {FindingKind::kMisuse, "misuse"},
    {FindingKind::kHazard, "hazard"},
    {FindingKind::kContention, "contention"}};
constexpr Name<Rule> kRules[] = {
    {Rule::kLockOrder, "lock-order"},
    {Rule::kWaitFor, "wait-for"},
    {Rule::kSelf, "self"},
    {Rule::kTimedCycle, "timed-cycle"},
    {Rule::kWaitHolding, "wait-holding"},
    {Rule::kLostWakeup, "lost-wakeup"},
    {Rule::kNakedNotify, "naked-notify"},
    {Rule::kNeverSignalled, "never-signalled"},
    {Rule::kRecursiveRead, "recursive-read"},
    {Rule::kBlockingCall, "blocking-call"},
    {Rule::kCommunication, "communication"},
    {Rule::kStall, "stall"},
    {Rule::kOwnerDied, "owner-died"},
    {Rule::kLockAcrossAwait, "lock-across-await"},
    {Rule::kBlockingInCoroutine, "blocking-in-coroutine"},
    {Rule::kLongRun, "long-run"},
    {Rule::kCarrier, "carrier"},
    {Rule::kForkWhileHeld, "fork-while-held"},
    {Rule::kInheritedLock, "inherited-lock"},
    {Rule::kDeclaredOrder, kDeclaredOrderRule.data()}};
constexpr Name<ActorState> kStates[] = {{ActorState::kRunning, "running"},
                                        {ActorState::kBlocked, "blocked"},
                                        {ActorState::kEnded, "ended"},
                                        {ActorState::kGone, "gone"}};
constexpr Name<model::Mode> kModes[] = {{model::Mode::kExclusive, "exclusive"},
                                        {model::Mode::kShared, "shared"}};
constexpr Name<model::How> kHows[] = {{model::How::kBlocking, "blocking"},
                                      {model::How::kTry, "try"},
                                      {model::How::kTimed, "timed"},
                                      {model::How::kMulti, "multi"},
                                      {model::How::kRetried, "retried"}};

// Values outside the enumeration get the first name: they come from damaged
// logs only, and every form's enumerations are closed.
template <typename Enum, size_t n>
std::string_view Find(const Name<Enum> (&table)[n], Enum value) {
  for (const Name<Enum>& row : table) {
    if (row.value == value) return row.name;
  }
  return table[0].name;
}

template <typename Enum, size_t n>
std::vector<std::string_view> All(const Name<Enum> (&table)[n]) {
  std::vector<std::string_view> names;
  for (const Name<Enum>& row : table) names.push_back(row.name);
  return names;
}

double Percent(const UsageRow& u) {
  const uint64_t requests = u.acquisitions + u.unmet;
  return requests == 0
             ? 0
             : std::min(100.0, 100.0 * static_cast<double>(u.contended) /
                                   static_cast<double>(requests));
}

template <typename T>
std::optional<double> Maybe(const std::optional<T>& value) {
  if (!value) return std::nullopt;
  return static_cast<double>(*value);
}
template <auto member>
std::optional<double> OfClass(const UsageRow& u) {
  return Maybe(u.*member);
}

// Percentiles, totals and means of holds mean nothing when none was timed.
template <auto member>
std::optional<double> Hold(const UsageRow& u) {
  if (u.hold.n == 0) return std::nullopt;
  return static_cast<double>(u.hold.*member);
}
template <auto member>
std::optional<double> Wait(const UsageRow& u) {
  return static_cast<double>(u.wait.*member);
}
template <auto member>
std::optional<double> Own(const UsageRow& u) {
  return static_cast<double>(u.*member);
}

constexpr Column kColumns[] = {
    {"acquisitions", "", "acquisitions", "acquired", Unit::kCount,
     "acquisitions", Own<&UsageRow::acquisitions>},
    {"contended", "", "contended", "contended", Unit::kCount,
     "acquisitions that had to wait, and waits that failed",
     Own<&UsageRow::contended>},
    {"contended_percent", "", "contended_percent", "%", Unit::kPercent,
     "contended / (acquisitions + waits that did not get it)",
     [](const UsageRow& u) -> std::optional<double> { return Percent(u); }},
    {"try_failed", "", "try_failed", "try failed", Unit::kCount,
     "try requests that found the lock taken", Own<&UsageRow::try_failed>},
    {"wait_total", "wait_ns", "total", "suffered", Unit::kNs,
     "time waited for it", Wait<&Times::total>},
    {"standing", "", "standing", "standing", Unit::kCount,
     "waits that stand at the log's end; their time so far is suffered too",
     Own<&UsageRow::standing>},
    {"caused", "", "caused_ns", "caused", Unit::kNs,
     "time others waited meanwhile", Own<&UsageRow::caused_ns>},
    {"signal_waits", "", "signal_waits", "signals", Unit::kCount,
     "waits for a signal, as of a condition variable: no contention",
     Own<&UsageRow::signal_waits>},
    {"signal_wait", "", "signal_wait_ns", "awaited", Unit::kNs,
     "time waited for signals", Own<&UsageRow::signal_wait_ns>},
    {"wait_n", "wait_ns", "n", "waits", Unit::kCount, "waits measured",
     Wait<&Times::n>},
    {"wait_mean", "wait_ns", "mean", "mean", Unit::kNs, "mean wait",
     Wait<&Times::mean>},
    {"wait_error", "wait_ns", "error", "+-", Unit::kNs,
     "standard error of the mean wait; 0, all are measured",
     Wait<&Times::error>},
    {"wait_p50", "wait_ns", "p50", "p50", Unit::kNs, "median wait",
     Wait<&Times::p50>},
    {"wait_p90", "wait_ns", "p90", "p90", Unit::kNs, "90 % wait no longer",
     Wait<&Times::p90>},
    {"wait_p99", "wait_ns", "p99", "p99", Unit::kNs, "99 % wait no longer",
     Wait<&Times::p99>},
    {"wait_max", "wait_ns", "max", "max", Unit::kNs, "longest wait",
     Wait<&Times::max>},
    {"max_waiters", "", "max_waiters", "waiters", Unit::kCount,
     "waiters at once, at most, of one lock",
     [](const UsageRow& u) { return Maybe(u.max_waiters); }},
    {"hold_n", "hold_ns", "n", "timed", Unit::kCount, "holds measured",
     [](const UsageRow& u) -> std::optional<double> {
       return static_cast<double>(u.hold.n);
     }},
    {"hold_total", "hold_ns", "total", "held", Unit::kNs,
     "time held, estimated from the measured holds", Hold<&Times::total>},
    {"hold_mean", "hold_ns", "mean", "mean", Unit::kNs, "mean hold",
     Hold<&Times::mean>},
    {"hold_error", "hold_ns", "error", "+-", Unit::kNs,
     "standard error of the mean hold", Hold<&Times::error>},
    {"hold_p50", "hold_ns", "p50", "p50", Unit::kNs, "median hold",
     Hold<&Times::p50>},
    {"hold_p90", "hold_ns", "p90", "p90", Unit::kNs, "90 % hold no longer",
     Hold<&Times::p90>},
    {"hold_p99", "hold_ns", "p99", "p99", Unit::kNs, "99 % hold no longer",
     Hold<&Times::p99>},
    {"hold_max", "hold_ns", "max", "max", Unit::kNs, "longest measured hold",
     Hold<&Times::max>},
    {"utilisation", "", "utilisation", "used", Unit::kRatio,
     "hold time / wall time; of a class, its busiest lock",
     [](const UsageRow& u) { return u.utilisation; }},
    {"owner_changes", "", "owner_changes", "hand-overs", Unit::kCount,
     "acquisitions by another actor than the last holder",
     OfClass<&UsageRow::owner_changes>},
    {"actors", "", "actors", "actors", Unit::kCount,
     "actors that acquired one lock, at most",
     [](const UsageRow& u) { return Maybe(u.actors); }},
    {"serial", "", "serial", "serial", Unit::kRatio,
     "share of the run that one lock was held, if it is never shared",
     OfClass<&UsageRow::serial>},
    {"serial_error", "", "serial_error", "+-", Unit::kRatio,
     "standard error of that share", OfClass<&UsageRow::serial_error>},
    {"waited", "", "waited_ns", "waited for", Unit::kNs,
     "time for which somebody waited for it", OfClass<&UsageRow::waited_ns>},
    {"crowd", "", "crowd", "crowd", Unit::kFactor,
     "how many waited, in the mean, while somebody did",
     OfClass<&UsageRow::crowd>},
    {"speed_up", "", "speed_up_at_most", "speed-up", Unit::kFactor,
     "of the run, at most, if nobody had waited for it",
     OfClass<&UsageRow::speed_up>},
    {"found_waiters", "", "found_waiters", "to waiters", Unit::kCount,
     "releases that saw somebody wait", OfClass<&UsageRow::found_waiters>},
    {"woken_in_vain", "", "woken_in_vain", "in vain", Unit::kCount,
     "wake-ups that found nothing; of a condition variable, at most",
     OfClass<&UsageRow::woken_in_vain>},
    {"posts", "", "posts", "posts", Unit::kCount,
     "acts that can end waits: notifications, sets, puts, ...",
     OfClass<&UsageRow::posts>},
    {"woke_nobody", "", "woke_nobody", "woke nobody", Unit::kCount,
     "of those: ended no wait", OfClass<&UsageRow::woke_nobody>},
    {"clears", "", "clears", "clears", Unit::kCount,
     "clears of an event, beginnings of an operation",
     OfClass<&UsageRow::clears>},
    {"takes", "", "takes", "takes", Unit::kCount,
     "acts that found what they asked for, after a wait or without",
     OfClass<&UsageRow::takes>},
};

}  // namespace

std::string_view NameOf(Verdict verdict) { return Find(kVerdicts, verdict); }
std::string_view NameOf(Reason reason) { return Find(kReasons, reason); }
std::string_view NameOf(ActorState state) { return Find(kStates, state); }
std::string_view NameOf(EventKind kind) { return Find(kActs, kind); }
std::string_view NameOf(FindingKind kind) { return Find(kKinds, kind); }
std::string_view NameOf(model::Mode mode) { return Find(kModes, mode); }
std::string_view NameOf(model::How how) { return Find(kHows, how); }

std::string_view NameOf(Rule rule, std::optional<model::Misuse> misuse) {
  if (rule != Rule::kMisuse) return Find(kRules, rule);
  const model::MisuseName* row = misuse ? model::NameOf(*misuse) : nullptr;
  return row != nullptr ? row->rule : model::kMisuses[0].rule;
}

std::optional<Verdict> FindVerdict(std::string_view name) {
  for (const Name<Verdict>& row : kVerdicts) {
    if (row.name == name) return row.value;
  }
  return std::nullopt;
}
std::string_view WhatEndsAWait(model::ObjectKind kind) {
  switch (kind) {
    case model::ObjectKind::kSemaphore:
    case model::ObjectKind::kProcessSemaphore:
      return "releases";
    case model::ObjectKind::kEvent:
    case model::ObjectKind::kProcessEvent:
      return "sets";
    case model::ObjectKind::kLatch:
      return "counts down";
    case model::ObjectKind::kBarrier:
    case model::ObjectKind::kProcessBarrier:
      return "arrives at";
    case model::ObjectKind::kFuture:
      return "fulfils";
    default:
      return "notifies";
  }
}

std::string_view WhatNobodyDid(model::ObjectKind kind) {
  switch (kind) {
    case model::ObjectKind::kEvent:
    case model::ObjectKind::kProcessEvent:
      return "set it";
    case model::ObjectKind::kLatch:
      return "counted it down";
    case model::ObjectKind::kFuture:
      return "fulfilled it";
    case model::ObjectKind::kQueueDone:
    case model::ObjectKind::kProcessQueueDone:
      return "called task_done()";
    default:
      return "signalled it";
  }
}

std::vector<std::string_view> AllVerdicts() { return All(kVerdicts); }
std::vector<std::string_view> AllReasons() { return All(kReasons); }
std::vector<std::string_view> AllKinds() { return All(kKinds); }

std::vector<std::string_view> AllRules() {
  std::vector<std::string_view> rules = All(kRules);
  rules.push_back(kClassOrderRule);
  for (const model::MisuseName& row : model::kMisuses) {
    rules.push_back(row.rule);
  }
  rules.push_back(kBudgetRule);
  return rules;
}

std::span<const Column> Columns() { return kColumns; }

const Column* FindColumn(std::string_view key) {
  for (const Column& column : kColumns) {
    if (key == column.key) return &column;
  }
  return nullptr;
}

}  // namespace lockcheck::report
