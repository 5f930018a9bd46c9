#include "lib/report/owed_advice.h"

#include <algorithm>

#include "fmt/format.h"
#include "lib/report/naming.h"
#include "lib/report/sentences.h"

namespace lockcheck::report {
namespace {

using model::ObjectKind;

// What of it is wanted stands first among what a part holds.
bool SomebodyNeedsWhatIsHeld(const Report& report, const FindingRow& row) {
  const auto is_wanted = [&](uint32_t object) {
    return IsPool(report, object) ||
           std::any_of(row.parts.begin(), row.parts.end(),
                       [&](const PartRow& part) {
                         return part.wants && part.wants->object == object;
                       });
  };
  return std::any_of(
      row.parts.begin(), row.parts.end(), [&](const PartRow& part) {
        return !part.holds.empty() && is_wanted(part.holds[0].object);
      });
}

std::string AdviceFor(const ObjectRow& object) {
  switch (object.kind) {
    case ObjectKind::kFuture:
      return fmt::format(
          "let an actor that does not wait for {} fulfil it, with an exception "
          "if there is no value",
          object.name);
    case ObjectKind::kQueueDone:
    case ObjectKind::kProcessQueueDone:
      return "call task_done() once for each item that was put, by whoever "
             "got it and whatever came of it";
    case ObjectKind::kQueueSlots:
    case ObjectKind::kProcessQueueSlots:
      return fmt::format(
          "let somebody get for as long as others put, or have more of {}",
          object.name);
    default:
      return fmt::format(
          "have as many arrivals at {} as it expects, whatever happens to who "
          "is to arrive",
          object.name);
  }
}

}  // namespace

std::string AdviceForOwed(const Report& report, const FindingRow& row) {
  if (row.verdict != analysis::Verdict::kActual ||
      SomebodyNeedsWhatIsHeld(report, row)) {
    return "";
  }
  for (const PartRow& part : row.parts) {
    if (!part.wants) continue;
    const ObjectRow* const object = ObjectOf(report, part.wants->object);
    if (object != nullptr && model::PrimitiveOf(object->kind).owed) {
      return AdviceFor(*object);
    }
  }
  return "";
}

std::string AdviceForNeverSignalled(const Report& report,
                                    const FindingRow& row) {
  if (row.parts.size() != 1 || !row.parts[0].wants) return "";
  const uint32_t wanted = row.parts[0].wants->object;
  const ObjectRow* const object = ObjectOf(report, wanted);
  if (object != nullptr && model::PrimitiveOf(object->kind).owed) {
    return AdviceFor(*object);
  }
  return fmt::format(
      "see who was to set {0}, and that it does so whatever happens; if {1} is "
      "only to be idle until the program ends, set {0} then and join {1}",
      ObjectName(report, wanted), ActorInSentence(report, row.parts[0].actor));
}

}  // namespace lockcheck::report
