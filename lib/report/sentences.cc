#include "lib/report/sentences.h"

#include <algorithm>

#include "fmt/format.h"
#include "lib/report/names.h"
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

namespace {

bool IsAboutStock(const Report& report, const FindingRow& row,
                  model::Stock stock) {
  const ObjectRow* object =
      row.objects.empty() ? nullptr : ObjectOf(report, row.objects[0]);
  return object != nullptr && model::PrimitiveOf(object->kind).stock == stock;
}

}  // namespace

bool IsAboutFlag(const Report& report, const FindingRow& row) {
  return IsAboutStock(report, row, model::Stock::kFlag);
}

bool IsAboutPermits(const Report& report, const FindingRow& row) {
  return IsAboutStock(report, row, model::Stock::kCount);
}

bool IsBetweenProcesses(const Report& report, const FindingRow& row) {
  return std::any_of(row.objects.begin(), row.objects.end(), [&](auto object) {
    const ObjectRow* const its = ObjectOf(report, object);
    return its != nullptr && model::IsBetweenProcesses(its->kind);
  });
}

bool IsPool(const Report& report, uint32_t object) {
  const ObjectRow* row = ObjectOf(report, object);
  return row != nullptr && model::IsSlots(row->kind);
}

std::string PoolName(const Report& report, uint32_t object) {
  constexpr std::string_view kSlots = " (slots)";
  std::string name = ObjectName(report, object);
  if (name.ends_with(kSlots)) name.resize(name.size() - kSlots.size());
  return name;
}

std::string HeldName(const Report& report, const HoldRow& hold) {
  const ObjectRow& object = report.objects[hold.object];
  return IsShared(object, hold.mode) ? object.name + " (shared)" : object.name;
}

std::string WantedThing(const Report& report, const WantRow& wants) {
  if (!IsPool(report, wants.object)) return ObjectName(report, wants.object);
  const std::string pool = PoolName(report, wants.object);
  return wants.site ? pool : "a worker of " + pool;
}

bool GoesOn(const Report& report, const FindingRow& row) {
  return std::any_of(
      row.parts.begin(), row.parts.end(), [&](const PartRow& part) {
        if (!part.actor) return false;
        const auto& process = report.actors[*part.actor].process;
        return process && report.processes[*process].state == "running";
      });
}

bool HasEnded(const Report& report, const PartRow& part) {
  return part.actor &&
         report.actors[*part.actor].state == analysis::ActorState::kEnded;
}

namespace {

// What of the object is wanted of who has it.
std::string Has(const Report& report, uint32_t object) {
  if (IsEnd(report, object)) return " has not ended";
  if (!IsPool(report, object)) return " holds " + ObjectName(report, object);
  return fmt::format(" has a worker of {}, which later tasks need,",
                     PoolName(report, object));
}

}  // namespace

std::string Clause(const Report& report, const PartRow& part,
                   std::string_view asks) {
  std::string text = ActorInSentence(report, part.actor);
  // What it "holds" is its own end, for which somebody waits.
  const bool ends =
      part.wants && !part.holds.empty() && IsEnd(report, part.holds[0].object);
  if (!part.holds.empty() && !ends) {
    if (!part.wants && HasEnded(report, part)) text += " has ended and still";
    text += Has(report, part.holds[0].object);
    text += part.wants ? " and" : "";
  }
  if (part.wants) {
    text += fmt::format(" {} {}",
                        IsEnd(report, part.wants->object) ? "waits for" : asks,
                        WantedThing(report, *part.wants));
  }
  if (ends)
    text += asks == "asks for" ? " before it ends" : " and so does not end";
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

std::string ClassOf(const Report& report, uint32_t object) {
  const ObjectRow* row = ObjectOf(report, object);
  if (row == nullptr) return "a lock";
  return row->lock_class ? report.classes[*row->lock_class].name : row->name;
}

bool AllAskForWhatTheyHold(const FindingRow& row) {
  return std::all_of(row.parts.begin(), row.parts.end(),
                     [](const PartRow& part) {
                       return part.wants && !part.holds.empty() &&
                              part.holds[0].object == part.wants->object;
                     });
}

std::string NobodyDid(const Report& report, const StandingWaitRow& wait) {
  return fmt::format("nobody has {}",
                     WhatNobodyDid(report.objects[wait.wants.object].kind));
}

bool WaitsForOwnEnd(const Report& report, const FindingRow& row) {
  return !row.parts.empty() && row.parts[0].wants &&
         IsEnd(report, row.parts[0].wants->object);
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

}  // namespace lockcheck::report
