// Where actors of a trace may come to wait: what for, and what of theirs others
// may wait for meanwhile.
//
// All requests of an actor for the same at the same place with the same held
// are one node. What can never be part of a standstill is left out at once: a
// request for a lock that nobody holds in any node, a wait that somebody can
// end who waits nowhere and is started by nobody who does, and so on, again and
// again until nothing changes (the greatest fixpoint of the AND-OR rule, over
// all places at once). Most programs end there.
//
// Each node has a copy of what is held there, so there is a bound on these: who
// holds very many locks at once asks for each under all the others.
//
// Cost: linear in events, and in nodes for each round. Pure.
#ifndef LOCKCHECK_LIB_ANALYSIS_WAIT_NODES_H_
#define LOCKCHECK_LIB_ANALYSIS_WAIT_NODES_H_

#include <cstdint>
#include <vector>

#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"

namespace lockcheck::analysis {

struct TraceNode {
  ActorIndex actor = kNone;
  EventKind kind = EventKind::kAcquire;  // of what comes if the wait ends
  ObjectIndex object = kNone;            // kJoin: the actor
  model::Mode mode = model::Mode::kExclusive;
  SiteIndex site = kNone;
  std::vector<Hold> held;    // locks, and permits as shared ones
  std::vector<uint32_t> at;  // the events, ascending
  // It asks for several locks at once, of which this is one: the events are the
  // first acquisition of each request.
  bool of_many = false;
  bool is_signal() const {
    return kind == EventKind::kTake || kind == EventKind::kFound;
  }
  bool Holds(ObjectIndex o, model::Mode asked) const;
  // Of events of its actor: it may wait there before.
  bool IsBefore(EventRef event) const { return at.front() < event.index; }
};

// Where it is started, where who starts it is started, and so on.
template <typename Visit>
void ForEachStart(const Trace& trace, ActorIndex actor, Visit visit) {
  // A log may be wrong.
  constexpr int kMostStarts = 64;
  EventRef fork = trace.actors[actor].forked_by;
  for (int i = 0; i < kMostStarts && fork.known(); ++i) {
    visit(fork);
    fork = trace.actors[fork.actor].forked_by;
  }
}

struct NodesOfTrace {
  std::vector<TraceNode> nodes;  // that can be part of a standstill; by actor
  bool cut = false;              // there are more
};

// Before any is left out.
NodesOfTrace AllWaitNodes(const Trace& trace, const TraceOrder& order,
                          size_t most);
// `most`: nodes and what is held at them, in all, before any is left out.
NodesOfTrace WaitNodes(const Trace& trace, const TraceOrder& order,
                       size_t most);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_WAIT_NODES_H_
