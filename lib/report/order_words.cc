#include "lib/report/order_words.h"

#include <algorithm>
#include <cstddef>

#include "fmt/format.h"
#include "lib/model/primitives.h"
#include "lib/report/naming.h"
#include "lib/report/sentences.h"
#include "lib/report/sites.h"

namespace lockcheck::report {
namespace {

using analysis::EventKind;
using analysis::IsAccess;
using analysis::Reason;

// More are told by the first and the last ones.
constexpr size_t kMostTold = 4;

std::string Before(const Report& report, const DeclaredRow& row) {
  return fmt::format("{} before {}", ObjectName(report, row.first),
                     ObjectName(report, row.second));
}

void ExplainContradiction(const Report& report, FindingRow& row) {
  std::string orders;
  for (size_t i = 0; i < row.declared.size(); ++i) {
    if (i == kMostTold) {
      orders += " and so on";
      break;
    }
    if (i != 0) orders += ", ";
    orders += Before(report, row.declared[i]);
  }
  row.message = fmt::format(
      "the program declares orders of locks that contradict each other: {}",
      orders);
  row.why =
      "nobody can keep them all, so none of these is held against anybody";
  row.advice = "take one of the declarations back";
}

struct StepWords {
  const char* act;
  const char* need;  // what the other one does; empty: the act is done to it
};
StepWords WordsOf(EventKind act) {
  switch (act) {
    case EventKind::kFork:
      return {"starts", ""};
    case EventKind::kJoin:
      return {"joins", ""};
    case EventKind::kWrite:
    case EventKind::kUpdate:
      return {"writes", "reads that"};
    case EventKind::kRelease:
      return {"does so in the function of", "passes it"};
    default:
      return {"signals", "waits for it"};
  }
}

// The actor of the step before it is not named again.
std::string StepText(const Report& report, const OrderingRow& step,
                     const OrderingRow* before) {
  const StepWords words = WordsOf(step.act);
  const bool is_done_to_it = *words.need == 0;
  std::string text;
  if (before == nullptr || before->actor != step.actor) {
    text = ActorInSentence(report, step.actor) + " ";
  }
  text += fmt::format("{} {}", words.act,
                      is_done_to_it ? ActorInSentence(report, step.other)
                      : step.object ? ObjectName(report, *step.object)
                                    : "something");
  if (step.site) text += fmt::format(" ({})", SiteLabel(report, step.site));
  // It is what the earlier part does next, and not what is done to it.
  if (before == nullptr && step.act != EventKind::kJoin &&
      step.act != EventKind::kRelease) {
    text += " only after that";
  }
  if (is_done_to_it) return text;
  return text + fmt::format(", and {} {}", ActorInSentence(report, step.other),
                            words.need);
}

// "A2 comes before A3, for A2 ..."; empty if it is not known.
std::string WhatOrders(const Report& report, const FindingRow& row) {
  const std::vector<OrderingRow>& steps = row.ordered_by;
  if (steps.empty() || row.earlier_part >= row.parts.size() ||
      row.later_part >= row.parts.size()) {
    return "";
  }
  std::string text =
      fmt::format("{} comes before {}, for ",
                  ActorInSentence(report, row.parts[row.earlier_part].actor),
                  ActorInSentence(report, row.parts[row.later_part].actor));
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps.size() > kMostTold && i == kMostTold / 2) {
      text += ", ...";
      i = steps.size() - kMostTold / 2;
    }
    if (i != 0) text += ", then ";
    text += StepText(report, steps[i], i != 0 ? &steps[i - 1] : nullptr);
  }
  switch (steps.back().act) {
    case EventKind::kFork:
      return text;
    case EventKind::kJoin:
      return text + " before that";
    default:
      return text + " first";
  }
}

std::string WhyForkJoin(const Report& report, const FindingRow& row) {
  const std::string orders = WhatOrders(report, row);
  return "these sections never run at the same time: " +
         (orders.empty() ? "starting and joining threads puts them in order"
                         : orders);
}

// What a verdict assumes of variables: of those by which the parts are in
// order, or, if that is not known, or not for all that are alike, of all; empty
// without any.
std::string IfReadsFindTheSame(const Report& report, const FindingRow& row) {
  std::vector<std::string> variables;
  if (row.count == 1 && !row.ordered_by.empty()) {
    for (const OrderingRow& step : row.ordered_by) {
      if (!step.object || !IsAccess(step.act)) continue;
      variables.push_back(ObjectName(report, *step.object));
    }
  } else {
    for (const ClassRow& its : report.classes) {
      if (model::IsData(its.kind)) variables.push_back(its.name);
    }
  }
  std::sort(variables.begin(), variables.end());
  variables.erase(std::unique(variables.begin(), variables.end()),
                  variables.end());
  if (variables.empty()) return "";
  return fmt::format(", as long as each read of {} finds the same write",
                     variables.size() > kMostTold
                         ? "a recorded variable"
                         : fmt::format("{}", fmt::join(variables, ", ")));
}

}  // namespace

void ExplainDeclaredOrder(const Report& report, FindingRow& row) {
  if (row.parts.empty() || row.parts[0].holds.empty() || !row.parts[0].wants) {
    ExplainContradiction(report, row);
    return;
  }
  const PartRow& part = row.parts[0];
  const std::string held = ObjectName(report, part.holds[0].object);
  const std::string wanted = ObjectName(report, part.wants->object);
  row.message = fmt::format("{}; the program declares {} before {}",
                            Clause(report, part, "asks for"), wanted, held);
  if (row.declared.size() > 1) row.message += ", by way of others";
  row.why =
      "it happened in this run; one who keeps to the declared order and this "
      "one can wait for each other, whether anybody did in this run or not";
  row.advice = fmt::format(
      "take {} before {}, or let go of {} first; if this order is meant, "
      "change the declaration",
      wanted, held, held);
}

std::vector<std::string> DeclaredLines(const Report& report,
                                       const FindingRow& row) {
  std::vector<std::string> lines;
  for (const DeclaredRow& declared : row.declared) {
    lines.push_back(fmt::format("{}, in {}", Before(report, declared),
                                SiteLabel(report, declared.site)));
  }
  return lines;
}

std::string WhyRefuted(const Report& report, const FindingRow& row) {
  switch (row.reason.value_or(Reason::kHistory)) {
    case Reason::kOneActor:
      return "one actor would have to be in two of these places at once; "
             "another actor that did the same could deadlock with it";
    case Reason::kForkJoin:
      return WhyForkJoin(report, row);
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
      return fmt::format(
          "one of them has {} by then, which another one had before and can "
          "let go of only after that{}",
          row.gate ? ObjectName(report, *row.gate) : "a lock",
          IfReadsFindTheSame(report, row));
    case Reason::kHistory: {
      const std::string orders = WhatOrders(report, row);
      return (orders.empty() ? "the order of events that every run of this log "
                               "must keep rules it out"
                             : "in every order " + orders) +
             IfReadsFindTheSame(report, row);
    }
  }
  return "";
}

}  // namespace lockcheck::report
