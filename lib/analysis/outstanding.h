// What is begun and is over, one after the other, and is waited for as a whole:
// the items of a queue until join(), what the outside does until wait().
//
// Problem: such a wait ends when nothing is outstanding, whoever ended what, so
// no single act ends it. The log has the order of the acts on an object; an
// operation's are numbered, and of a queue's task_done() there is the number of
// the put or get before it and how many items were unfinished after it, which
// falls from one to the next until an item is put.
//
// So that there is always something that ends, the i-th end is kept together
// with the i-th start.
//
// Cost: O(n log n) in the acts. Pure.
#ifndef LOCKCHECK_LIB_ANALYSIS_OUTSTANDING_H_
#define LOCKCHECK_LIB_ANALYSIS_OUTSTANDING_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/analysis/trace.h"

namespace lockcheck::analysis {

struct OutstandingActs {
  std::vector<EventRef> starts, ends;  // in their order
  std::vector<uint32_t> ended;  // by take: how many ends there were before it
};

// Nothing: they do not add up.
std::optional<OutstandingActs> OrderOutstanding(
    const Trace& trace, std::span<const EventRef> starts,
    std::span<const EventRef> ends, std::span<const EventRef> takes);

// Those of each of the actors, in its order.
std::vector<std::vector<EventRef>> ByActor(
    std::span<const EventRef> refs, const std::vector<ActorIndex>& actors);

// Of a queue, by actor: whether none of those who end items had ended more than
// it had got then.
bool EachEndsWhatItGot(const std::vector<std::vector<EventRef>>& gets_of,
                       const std::vector<std::vector<EventRef>>& ends_of);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_OUTSTANDING_H_
