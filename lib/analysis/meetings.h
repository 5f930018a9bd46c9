// Which two actors can be at two waits at once, whoever else waits.
//
// Problem: a set of waits that is completed one by one may have very many ways
// to go on, of which none can happen because two of its first members exclude
// each other.
//
// A set that has such a pair in it can be left out as a whole: what brings its
// members to their waits has in it what brings these two there.
//
// Most pairs that do are found by what brings one of them to its wait alone:
// the other one's wait is over then. Cost: of each wait, and of each other
// pair, once that of its approach. Thread safety: none.
#ifndef LOCKCHECK_LIB_ANALYSIS_MEETINGS_H_
#define LOCKCHECK_LIB_ANALYSIS_MEETINGS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/reordering.h"
#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"
#include "lib/analysis/wait_nodes.h"

namespace lockcheck::analysis {

class Meetings {
 public:
  Meetings(const Trace& trace, const TraceOrder& order)
      : trace_(trace), order_(order) {}

  // `part` is used for it. The nodes must stay where they are.
  bool Can(const TraceNode& a, const TraceNode& b, Reordering& part);

  uint64_t work() const { return work_; }  // events taken in

 private:
  // What was done by then, by actor, when the actor comes to its wait first;
  // null: that is not known, for want of room.
  const std::vector<uint32_t>* DoneBefore(const TraceNode& node,
                                          Reordering& part);
  bool IsOverBefore(const TraceNode& wait, const TraceNode& other,
                    Reordering& part);
  bool MayArrive(std::vector<const TraceNode*> waits, Reordering& part);

  const Trace& trace_;
  const TraceOrder& order_;
  absl::flat_hash_map<std::pair<const TraceNode*, const TraceNode*>, bool> can_;
  absl::flat_hash_map<const TraceNode*, std::vector<uint32_t>> done_before_;
  uint64_t work_ = 0;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_MEETINGS_H_
