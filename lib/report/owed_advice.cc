#include "lib/report/owed_advice.h"

#include <algorithm>

#include "fmt/format.h"
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
      return "call task_done() once for each item that was put, by whoever "
             "got it and whatever came of it";
    case ObjectKind::kQueueSlots:
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

}  // namespace lockcheck::report
