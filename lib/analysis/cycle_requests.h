// The events of a trace that the parts of lock-order cycles stand for.
//
// Problem: a cycle says who asks where for what while he holds which lock from
// where, and stands for all actors and all times of which that is so. Who asks
// whether they can meet needs the times.
//
// Who asks for several locks at once (lock(a, b, ...), std::lock) takes one and
// tries the others, and gives back what he got if one fails; so he asks for
// each where the request begins, under what he held before it.
//
// Cost: one pass over the events, in which all but the requests at these places
// cost a look-up; there is a bound on what is kept. Pure.
#ifndef LOCKCHECK_LIB_ANALYSIS_CYCLE_REQUESTS_H_
#define LOCKCHECK_LIB_ANALYSIS_CYCLE_REQUESTS_H_

#include <cstddef>
#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"
#include "lib/analysis/wait_nodes.h"

namespace lockcheck::analysis {

struct CycleRequests {
  // By part: requests of one actor under one set of holds are one node.
  std::vector<std::vector<TraceNode>> of_part;
  bool cut = false;  // there are more
};

// A part asks for a lock or an end of an actor, and has one, and both are in
// the trace: what can be asked of it.
bool CanBeAsked(const Trace& trace, const Finding& finding);

// By finding. `most`: nodes and what is held at them, in all.
std::vector<CycleRequests> RequestsOf(
    const Trace& trace, const TraceOrder& order,
    const std::vector<const Finding*>& findings, size_t most);

// That both can be in one cycle: distinct actors, and nothing that excludes
// the other is held by both.
bool CanBeApart(const TraceNode& a, const TraceNode& b);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_CYCLE_REQUESTS_H_
