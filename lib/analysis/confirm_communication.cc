#include "lib/analysis/confirm_communication.h"

#include <algorithm>

#include "lib/analysis/can_be_run.h"
#include "lib/analysis/schedule.h"
#include "lib/analysis/witness_steps.h"

namespace lockcheck::analysis {

CommunicationConfirmer::CommunicationConfirmer(
    const Trace& trace, const TraceOrder& order,
    const CommunicationOptions& options)
    : trace_(trace),
      order_(order),
      options_(options),
      check_(trace),
      steps_left_(options.max_all_steps) {}

void CommunicationConfirmer::Confirm(const StandstillQuestion& question,
                                     const Standstill& standstill,
                                     Finding& finding) {
  finding.doubt = Ask(question, standstill, finding);
  if (finding.doubt == Doubt::kNone) finding.verdict = Verdict::kConfirmed;
}

Doubt CommunicationConfirmer::Ask(const StandstillQuestion& question,
                                  const Standstill& standstill,
                                  Finding& finding) {
  // Who else posts, and when, is not known.
  if (trace_.incomplete) return Doubt::kPartial;
  if (!trace_.cut.empty()) return Doubt::kCut;
  const auto& length = standstill.length;
  uint64_t events = trace_.actors.size() / 16;
  bool unseen_start = false;
  for (ActorIndex a = 0; a < length.size(); ++a) {
    events += length[a];
    unseen_start |= length[a] != 0 && trace_.actors[a].unseen_start;
  }
  for (const TraceNode* node : question.waits) {
    unseen_start |= trace_.actors[node->actor].unseen_start;
  }
  if (unseen_start) return Doubt::kUnseenStart;
  replayed_ += events;
  if (replayed_ > options_.max_replayed) return Doubt::kManyWays;
  if (Keep(ScheduleOf(trace_, order_, length), question, finding) ||
      Keep(RunOf(trace_, order_, length, replayed_), question, finding)) {
    return Doubt::kNone;
  }
  return IsOfPredicate(question) ? Doubt::kPredicate : Doubt::kNotReplayed;
}

bool CommunicationConfirmer::Keep(const std::optional<Schedule>& schedule,
                                  const StandstillQuestion& question,
                                  Finding& finding) {
  if (!schedule) return false;
  std::vector<WitnessWait> waits;
  for (const TraceNode* node : question.waits) {
    waits.push_back({node->actor, node->kind, node->object, node->mode});
  }
  replayed_ += schedule->size();
  if (!check_.LeadsToDeadlock(*schedule, waits)) return false;
  finding.witness = WitnessOf(trace_, order_, *schedule, finding.parts,
                              std::min(options_.max_steps, steps_left_));
  steps_left_ -= std::min(steps_left_, finding.witness.steps.size());
  return true;
}

bool CommunicationConfirmer::IsOfPredicate(
    const StandstillQuestion& question) const {
  return std::any_of(question.waits.begin(), question.waits.end(),
                     [&](const TraceNode* node) {
                       return node->is_signal() &&
                              order_.Of(node->object).role == Role::kCondition;
                     });
}

}  // namespace lockcheck::analysis
