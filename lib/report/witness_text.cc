#include "lib/report/witness_text.h"

#include <algorithm>

#include "fmt/format.h"
#include "lib/report/layout.h"
#include "lib/report/naming.h"
#include "lib/report/sentences.h"
#include "lib/report/sites.h"

namespace lockcheck::report {
namespace {

using analysis::Doubt;

std::string At(const Report& report, const std::optional<uint32_t>& site) {
  if (!site || *site >= report.sites.size()) return "";
  const std::string place = ShortPlace(report.sites[*site].where);
  return place.empty() ? "" : " at " + place;
}

std::string What(const Report& report, const WitnessRow& step) {
  if (!step.object) return "what is not known";
  if (IsPool(report, *step.object)) {
    return "a worker of " + PoolName(report, *step.object);
  }
  std::string name = ObjectName(report, *step.object);
  if (IsShared(report.objects[*step.object], step.mode)) name += " (shared)";
  return name;
}

std::string Step(const Report& report, const WitnessRow& step) {
  const std::string who = ActorInSentence(report, step.actor);
  const std::string place = At(report, step.site);
  if (step.act == "start" || step.act == "join") {
    return fmt::format("{} {}s {}{}", who, step.act,
                       ActorInSentence(report, step.other), place);
  }
  const std::string what = What(report, step);
  if (step.act == "acquire") return who + " takes " + what + place;
  if (step.act == "release") return who + " lets go of " + what;
  if (step.act == "take") {
    return fmt::format("{} has waited for {}, or need not{}", who, what, place);
  }
  if (step.act == "read") {
    return who + " reads what was last written to " + what + place;
  }
  if (step.act == "write") return who + " writes to " + what + place;
  if (step.act == "update") return who + " reads and writes " + what + place;
  if (step.act == "wait") return who + " begins to wait for " + what + place;
  if (step.act == "found") {
    return fmt::format("{} finds that it need not wait for {}{}", who, what,
                       place);
  }
  return fmt::format("{} does what ends waits for {} ({}){}", who, what,
                     step.post, place);
}

// Of the end, who has what that part asks for: in a cycle the next one; null if
// it waits for a signal, which nobody has.
const PartRow* HolderFor(const FindingRow& row, size_t i) {
  if (row.rule != "communication") {
    return &row.parts[(i + 1) % row.parts.size()];
  }
  const auto holder = std::find_if(
      row.parts.begin(), row.parts.end(), [&](const PartRow& other) {
        return &other != &row.parts[i] &&
               std::any_of(other.holds.begin(), other.holds.end(),
                           [&](const HoldRow& hold) {
                             return hold.object == row.parts[i].wants->object;
                           });
      });
  return holder == row.parts.end() ? nullptr : &*holder;
}

std::string Stuck(const Report& report, const FindingRow& row, size_t i) {
  const PartRow& part = row.parts[i];
  const std::string who = ActorInSentence(report, part.actor);
  if (!part.wants) return "now " + who + " is stuck";
  const std::string place = At(report, part.wants->site);
  const PartRow* const holder = HolderFor(row, i);
  if (IsEnd(report, part.wants->object) || holder == nullptr ||
      IsPool(report, part.wants->object)) {
    return fmt::format("now {} waits for {}{}: stuck", who,
                       WantedThing(report, *part.wants), place);
  }
  return fmt::format("now {} wants {}{}, which {} has: stuck", who,
                     WantedThing(report, *part.wants), place,
                     ActorInSentence(report, holder->actor));
}

}  // namespace

std::vector<std::string> WitnessLines(const Report& report,
                                      const FindingRow& row, bool all) {
  std::vector<std::string> lines;
  if (row.witness_length == 0 && row.witness.empty()) return lines;
  size_t number = 0;
  for (const WitnessRow& step : row.witness) {
    if (!all && !step.matters) continue;
    lines.push_back(fmt::format("{}. {}", ++number, Step(report, step)));
  }
  const uint64_t left_out = row.witness_length - number;
  for (size_t i = 0; i < row.parts.size(); ++i) {
    lines.push_back(fmt::format("{}. {}", ++number, Stuck(report, row, i)));
  }
  if (left_out != 0) {
    lines.push_back(fmt::format(
        "({} {} left out that {} not matter here{})",
        FormatCount(static_cast<double>(left_out)),
        left_out == 1 ? "step is" : "steps are", left_out == 1 ? "does" : "do",
        row.witness.size() == row.witness_length ? "; --all shows all" : ""));
  }
  return lines;
}

std::string MissingFor(Doubt doubt) {
  switch (doubt) {
    case Doubt::kNone:
    case Doubt::kNotLooked:
      return "";
    case Doubt::kPartial:
      return "not all that happened was recorded, so no schedule of it was "
             "looked for";
    case Doubt::kCut:
      return "only the beginning of this long log was searched for a schedule "
             "that leads to it";
    case Doubt::kNotTold:
      return "the log does not say at what times these requests were made";
    case Doubt::kUnseenStart:
      return "the log does not say after what one of the threads or processes "
             "was started, so all that comes before may have to";
    case Doubt::kManyAtOnce:
      return "whether one of them tries for ever, as std::lock does, is not "
             "known, since its place is not";
    case Doubt::kPredicate:
      return "what is notified of may be so before it, for the log does not "
             "say what a condition's predicate is";
    case Doubt::kManyWays:
      return "no schedule that leads to it was found before the search for one "
             "reached its bound";
    // Whether one was tried, and was none, depends on how the run went.
    case Doubt::kNoSchedule:
    case Doubt::kNotReplayed:
      return "no schedule of what was recorded was found that leads to it";
  }
  return "";
}

}  // namespace lockcheck::report
