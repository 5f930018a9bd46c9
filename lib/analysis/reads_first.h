// Which reads of variables have to come before which writes, whatever the
// order: what is necessary for each read in a part of a trace to find what it
// was seen to find.
//
// Who saw a version comes before each write that is known to follow the one
// that made it: any, if nobody made it; the same actor's next one; an update
// that saw the version, too. Whether other writes come before that one or after
// its readers is open. That a read comes after its write is said by
// trace_order.h; what suffices, by version_order.h. Of a variable with mixed
// versions (variable_versions.h) nothing is so.
//
// Cost: O(n log n) in the part's events; to ask, one step for each actor that
// has not read yet, and constant time besides. Thread safety: none.
#ifndef LOCKCHECK_LIB_ANALYSIS_READS_FIRST_H_
#define LOCKCHECK_LIB_ANALYSIS_READS_FIRST_H_

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/trace.h"

namespace lockcheck::analysis {

class ReadsFirst {
 public:
  ReadsFirst(const Trace& trace, std::span<const uint32_t> length);

  // False: who must read before the write is done has not, by `at`, which
  // does not fall from one call to the next.
  bool IsMet(EventRef write, const Event& e, std::span<const uint32_t> at);

 private:
  using Key = std::pair<uint32_t, uint32_t>;
  static bool AreDone(std::vector<EventRef>& reads,
                      std::span<const uint32_t> at, EventRef but);

  absl::flat_hash_map<ObjectIndex, std::vector<EventRef>> of_first_version_;
  absl::flat_hash_map<Key, std::vector<EventRef>> before_;  // by write
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_READS_FIRST_H_
