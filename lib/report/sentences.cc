#include "lib/report/sentences.h"

#include "fmt/format.h"
#include "lib/report/naming.h"

namespace lockcheck::report {

const ObjectRow* ObjectOf(const Report& report, uint32_t object) {
  return object < report.objects.size() ? &report.objects[object] : nullptr;
}

std::string ObjectName(const Report& report, uint32_t object) {
  const ObjectRow* row = ObjectOf(report, object);
  return row != nullptr ? row->name : "a lock";
}

bool IsEnd(const Report& report, uint32_t object) {
  const ObjectRow* row = ObjectOf(report, object);
  return row != nullptr && row->kind == model::ObjectKind::kActorEnd;
}

bool HasEnded(const Report& report, const PartRow& part) {
  return part.actor &&
         report.actors[*part.actor].state == analysis::ActorState::kEnded;
}

std::string Clause(const Report& report, const PartRow& part,
                   std::string_view asks) {
  std::string text = ActorInSentence(report, part.actor);
  if (!part.holds.empty()) {
    if (!part.wants && HasEnded(report, part)) text += " has ended and still";
    text += IsEnd(report, part.holds[0].object)
                ? " has yet to end"
                : " holds " + ObjectName(report, part.holds[0].object);
    text += part.wants ? " and" : "";
  }
  if (part.wants) {
    text += fmt::format(" {} {}",
                        IsEnd(report, part.wants->object) ? "waits for" : asks,
                        ObjectName(report, part.wants->object));
  }
  return text;
}

std::string Clauses(const Report& report, const FindingRow& row,
                    std::string_view asks) {
  std::string text;
  for (const PartRow& part : row.parts) {
    if (!text.empty()) {
      text += &part == &row.parts.back() ? ", while " : ", ";
    }
    text += Clause(report, part, asks);
  }
  return text;
}

}  // namespace lockcheck::report
