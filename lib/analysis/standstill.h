// Whether actors of a trace can all come to the given waits at once, such that
// none of them goes on: and how far everybody is then.
//
// Algorithm: the part of the trace that brings each of them there (approach.h).
// What is reached is then judged from the rules of the objects alone, over all
// actors: the AND-OR fixpoint of lib/graph/wait_for.h, in which whoever posts
// the object later in the trace can end a wait for it. So a mistake above
// cannot make a standstill of what is none.
#ifndef LOCKCHECK_LIB_ANALYSIS_STANDSTILL_H_
#define LOCKCHECK_LIB_ANALYSIS_STANDSTILL_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/analysis/approach.h"
#include "lib/analysis/reordering.h"
#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"

namespace lockcheck::analysis {

struct Standstill {
  std::vector<uint32_t> length;  // by actor: events that have happened
  std::vector<bool> stuck;       // by actor
  // By actor, of those that are stuck: who could end its wait.
  std::vector<std::vector<ActorIndex>> providers;
};

// For one question after the other: their size is that of all actors and
// objects.
struct StandstillWork {
  Reordering part;      // that brings the actors to their waits
  uint64_t events = 0;  // looked at, of all questions
};

std::optional<Standstill> FindStandstill(const Trace& trace,
                                         const TraceOrder& order,
                                         const StandstillQuestion& question,
                                         StandstillWork& work);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_STANDSTILL_H_
