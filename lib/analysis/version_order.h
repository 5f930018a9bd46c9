// Writes of variables in the order that was seen, in a part of a trace: what
// suffices for each read there to find what it was seen to find.
//
// A write comes when the one before it in the part has, and all that saw
// versions between the two. That a read comes after its write is said by
// trace_order.h; what is so in every order, by reads_first.h. Of a variable
// with mixed versions (variable_versions.h) nothing is so.
//
// Cost: O(n log n) in the part's events; to ask, at most one step for each
// actor. Thread safety: const after construction.
#ifndef LOCKCHECK_LIB_ANALYSIS_VERSION_ORDER_H_
#define LOCKCHECK_LIB_ANALYSIS_VERSION_ORDER_H_

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/trace.h"

namespace lockcheck::analysis {

class VersionOrder {
 public:
  // `length`: by actor, how many of its events the part has.
  VersionOrder(const Trace& trace, std::span<const uint32_t> length);

  // What has to be there before the write is, or the update.
  void Needs(EventRef write, std::vector<EventRef>& needs) const;

 private:
  absl::flat_hash_map<std::pair<ActorIndex, uint32_t>, std::vector<EventRef>>
      needs_of_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_VERSION_ORDER_H_
