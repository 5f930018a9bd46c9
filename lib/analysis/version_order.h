// In what order the writes of variables come in a part of a trace, such that
// who reads there finds what he was seen to find.
//
// VersionOrder: as they were seen. A write comes when the one before it in the
// part has, and all that saw versions between the two.
//
// ReadsFirst: what is so in every order. Who saw a version comes before each
// write that is known to follow the one that made it: any, if nobody made it;
// the same actor's next one; an update that saw the version, too. Whether other
// writes come before that one or after its readers is open.
//
// That a read comes after its write is said by trace_order.h. Of a variable
// with mixed versions (variable_versions.h) nothing is so.
//
// Cost: O(n log n) in the part's events; to ask, at most one step for each
// actor, and of ReadsFirst one for each that has not read yet and constant time
// besides. Thread safety: VersionOrder is const after construction; ReadsFirst
// none.
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

#endif  // LOCKCHECK_LIB_ANALYSIS_VERSION_ORDER_H_
