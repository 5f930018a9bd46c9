#include "lib/report/coroutine_words.h"

#include "fmt/format.h"
#include "lib/report/layout.h"
#include "lib/report/naming.h"
#include "lib/report/sentences.h"

namespace lockcheck::report {
namespace {

using analysis::Finding;
using analysis::Rule;

std::string Who(const Report& report, const FindingRow& row, size_t part) {
  return part < row.parts.size()
             ? ActorInSentence(report, row.parts[part].actor)
             : "a coroutine";
}

std::string Lock(const Report& report, const FindingRow& row) {
  return row.objects.empty() ? "a lock" : ObjectName(report, row.objects[0]);
}

std::string MeanwhileReady(const Finding& finding) {
  if (finding.ready == 0) return "";
  return fmt::format("; {} of its context {} ready meanwhile",
                     finding.ready == 1
                         ? "one other"
                         : fmt::format("{} others", finding.ready),
                     finding.ready == 1 ? "was" : "were");
}

std::string HeldAcrossMessage(const Report& report, const Finding& finding,
                              const FindingRow& row) {
  std::string text = fmt::format("{} is suspended with {} held",
                                 Who(report, row, 0), Lock(report, row));
  if (finding.elsewhere) {
    text += ", and goes on with it in another thread than the one that took it";
  }
  return text;
}

std::string BlockingMessage(const Report& report, const Finding& finding,
                            const FindingRow& row) {
  return fmt::format("{} waits for {} in its thread, without being suspended{}",
                     Who(report, row, 0), Lock(report, row),
                     MeanwhileReady(finding));
}

std::string LongRunMessage(const Report& report, const Finding& finding,
                           const FindingRow& row) {
  return fmt::format("{} kept its thread for {} without being suspended{}",
                     Who(report, row, 0),
                     FormatDuration(static_cast<double>(finding.ns)),
                     MeanwhileReady(finding));
}

// The others wait for what is held by who comes before them, or carry it.
std::string DeadlockMessage(const Report& report, const FindingRow& row) {
  std::string text = fmt::format("{} is suspended with {} held, and ",
                                 Who(report, row, 0), Lock(report, row));
  for (size_t i = 1; i < row.parts.size(); ++i) {
    if (i != 1) text += ", ";
    text += Clause(report, row.parts[i], "waits for");
  }
  return text + "; no thread is left in which it could go on";
}

}  // namespace

bool IsAboutCarriers(Rule rule) {
  return rule == Rule::kLockAcrossAwait || rule == Rule::kBlockingInCoroutine ||
         rule == Rule::kLongRun || rule == Rule::kCarrier;
}

std::string CarrierMessage(const Report& report, const Finding& finding,
                           const FindingRow& row) {
  switch (finding.rule) {
    case Rule::kLockAcrossAwait:
      return HeldAcrossMessage(report, finding, row);
    case Rule::kBlockingInCoroutine:
      return BlockingMessage(report, finding, row);
    case Rule::kLongRun:
      return LongRunMessage(report, finding, row);
    default:
      return DeadlockMessage(report, row);
  }
}

std::string WhyCarrier(const Report& report, const Finding& finding,
                       const FindingRow& row) {
  switch (finding.rule) {
    case Rule::kLockAcrossAwait:
      return fmt::format(
          "it happened in this run; who asks for {} meanwhile keeps its "
          "thread, "
          "and if that is the thread that would resume {}, for ever{}",
          Lock(report, row), Who(report, row, 0),
          finding.elsewhere ? "; and a std::mutex may be unlocked only by the "
                              "thread that locked it"
                            : "");
    case Rule::kBlockingInCoroutine:
      return "it happened in this run; until the wait ends, its thread runs no "
             "other coroutine";
    case Rule::kLongRun:
      return "it happened in this run; until it awaits something, its thread "
             "runs no other coroutine (long_run= says what is long)";
    default:
      return "it happened: only a thread in run() of its context could resume "
             "it, and nobody was left who could come there and does not wait "
             "for it";
  }
}

std::string AdviceForCarrier(const Report& report, const Finding& finding,
                             const FindingRow& row) {
  switch (finding.rule) {
    case Rule::kBlockingInCoroutine:
      return "co_await what lockcheck/coroutine/ has for it, or let another "
             "thread wait and set a coroutine::event";
    case Rule::kLongRun:
      return "co_await coroutine::yield() now and then, or do the work in "
             "another thread that sets a coroutine::event when it is done";
    default:
      return fmt::format(
          "let go of {} before the co_await, or make it a coroutine::mutex, "
          "for "
          "which no thread sleeps",
          row.objects.empty() ? "the lock" : ClassOf(report, row.objects[0]));
  }
}

}  // namespace lockcheck::report
