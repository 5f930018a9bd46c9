#include "lib/report/signal_advice.h"

#include <algorithm>

#include "fmt/format.h"
#include "lib/report/names.h"
#include "lib/report/naming.h"
#include "lib/report/sentences.h"

namespace lockcheck::report {
namespace {

// The first object of one of these kinds that is waited for; null: none.
const ObjectRow* Awaited(const Report& report, const FindingRow& row,
                         model::ObjectKind kind, model::ObjectKind other) {
  for (const PartRow& part : row.parts) {
    if (!part.wants) continue;
    const ObjectRow* const object = ObjectOf(report, part.wants->object);
    if (object == nullptr) continue;
    if (object->kind == kind || object->kind == other) return object;
  }
  return nullptr;
}

const PartRow* WaitsFor(const FindingRow& row, uint32_t object) {
  const auto part = std::find_if(
      row.parts.begin(), row.parts.end(), [&](const PartRow& candidate) {
        return candidate.wants && candidate.wants->object == object;
      });
  return part == row.parts.end() ? nullptr : &*part;
}

}  // namespace

bool IsSignal(const Report& report, uint32_t object) {
  const ObjectRow* row = ObjectOf(report, object);
  return row != nullptr && !IsEnd(report, object) &&
         (row->unseen || model::EndsByAnybody(row->kind));
}

std::string AdviceForSignals(const Report& report, const FindingRow& row) {
  using model::ObjectKind;
  if (const auto* room = Awaited(report, row, ObjectKind::kQueueSlots,
                                 ObjectKind::kProcessQueueSlots)) {
    return fmt::format(
        "have more of {}, or get what others put before putting more",
        room->name);
  }
  if (const auto* items =
          Awaited(report, row, ObjectKind::kQueue, ObjectKind::kProcessQueue)) {
    return fmt::format(
        "put into {} before getting, in one of them at least, or close it when "
        "nothing more comes",
        items->name);
  }
  for (const PartRow& part : row.parts) {
    if (!part.wants || IsEnd(report, part.wants->object)) continue;
    if (report.objects[part.wants->object].unseen) continue;
    return fmt::format("signal {} before waiting, in one of them at least",
                       ObjectName(report, part.wants->object));
  }
  return "have each signal what it is to signal before it waits";
}

std::string AdviceForJoined(const Report& report, const FindingRow& row,
                            const PartRow& joined) {
  const auto waits_for_signal = [&](const PartRow& part) {
    return part.wants && IsSignal(report, part.wants->object);
  };
  if (std::count_if(row.parts.begin(), row.parts.end(), waits_for_signal) > 1) {
    return AdviceForSignals(report, row);
  }
  const uint32_t end = joined.holds[0].object;
  const PartRow* const joins = WaitsFor(row, end);
  const ObjectRow& wanted = report.objects[joined.wants->object];
  const std::string act =
      wanted.unseen
          ? "ends the wait"
          : fmt::format("{} {}", WhatEndsAWait(wanted.kind), wanted.name);
  return fmt::format(
      "see that somebody {} for {}{}", act,
      ActorInSentence(report, joined.actor),
      joins == nullptr
          ? ""
          : fmt::format(": {} before it waits for {}, or another one",
                        ActorInSentence(report, joins->actor),
                        ObjectName(report, end)));
}

}  // namespace lockcheck::report
