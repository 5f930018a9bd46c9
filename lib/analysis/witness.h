// A schedule of recorded events that leads into a deadlock, as a finding keeps
// it: who did what, one act after the other.
#ifndef LOCKCHECK_LIB_ANALYSIS_WITNESS_H_
#define LOCKCHECK_LIB_ANALYSIS_WITNESS_H_

#include <cstdint>
#include <vector>

#include "lib/analysis/event_kind.h"
#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

struct WitnessStep {
  ActorIndex actor = kNone;
  EventKind kind = EventKind::kAcquire;
  model::Mode mode = model::Mode::kExclusive;
  model::Post post{};          // kPost
  ObjectIndex object = kNone;  // kFork and kJoin: the actor
  SiteIndex site = kNone;
  // A reader need not know the others: it starts one of the deadlock's actors,
  // takes what they have in the end, is the last signal between them, or the
  // last act on what one of them waits for; or it has to come before one of
  // these, since it would be in the way later (shown_steps.h).
  bool matters = false;
};

// After it, each part of the finding makes its request, and waits: for the next
// one in a cycle of locks.
struct Witness {
  std::vector<WitnessStep> steps;
  // In all; `steps` has those that matter alone if there are very many.
  uint64_t length = 0;
};

// Why a deadlock is possible, and no more.
enum class Doubt : uint8_t {
  kNone,
  kNotLooked,    // the deadlock is none of lock order or signals
  kPartial,      // records are missing, or mode=live left them out
  kCut,          // the log is longer than what is looked at
  kNotTold,      // the log does not say when these requests were made
  kUnseenStart,  // nobody knows after what one of them was started
  kManyAtOnce,   // whether a part tries until it has all is not known
  kNoSchedule,   // the order that was seen leads to it in no way
  kManyWays,     // bounds: more combinations, or more events
  kNotReplayed,  // a schedule was found, and its replay does not end there
  kPredicate,    // whether a condition's predicate is false then is not known
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_WITNESS_H_
