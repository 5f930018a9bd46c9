#include "lib/analysis/living.h"

namespace lockcheck::analysis {
namespace {

// Who joins it has waited for the process.
bool IsFirstOfProcess(const log::Actor& actor) {
  return actor.how == log::BeginHow::kMain ||
         actor.how == log::BeginHow::kForkChild;
}

}  // namespace

std::set<log::ProcessIndex> LivingProcesses(const Observations& o) {
  std::set<log::ProcessIndex> living, joined;
  for (ActorIndex a = 0; a < o.actor_count; ++a) {
    const log::Actor& actor = o.recording->actors[a];
    if (o.was_joined[a] && IsFirstOfProcess(actor)) {
      joined.insert(actor.process);
    }
    const ActorState state = o.end[a].state;
    if (state == ActorState::kBlocked || state == ActorState::kRunning) {
      living.insert(actor.process);
    }
  }
  for (const log::ProcessIndex process : joined) living.erase(process);
  return living;
}

bool IsBetweenProcesses(const Observations& o, ObjectIndex object) {
  return o.recording != nullptr && object < o.object_count &&
         model::IsBetweenProcesses(o.recording->objects[object].kind);
}

}  // namespace lockcheck::analysis
