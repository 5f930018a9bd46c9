// Who made whom wait, where, for how long.
//
// Problem: a wait has one waiter but may have several owners in turn. Its time
// is cut at every wake-up that found the lock taken again, and each part is
// charged to the owner (and the owner's site) seen at the part's beginning.
//
// Memory: O(distinct rows). Thread safety: none; merge tables with Merge().
#ifndef LOCKCHECK_LIB_ANALYSIS_BLAME_H_
#define LOCKCHECK_LIB_ANALYSIS_BLAME_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/statistics.h"

namespace lockcheck::analysis {

class BlameTable {
 public:
  struct Pair {
    ObjectIndex object = kNone;
    SiteIndex waiter_site = kNone, holder_site = kNone;
    ActorIndex waiter = kNone, holder = kNone;
    friend bool operator==(const Pair&, const Pair&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const Pair& p) {
      return H::combine(std::move(h), p.object, p.waiter_site, p.holder_site,
                        p.waiter, p.holder);
    }
  };

  void Charge(const Pair& pair, uint64_t ns, bool new_wait);
  void Merge(const BlameTable& other);
  // Of each object for which `site_of` knows one: that is where whoever had it
  // had taken it, if neither the holder nor the place is known.
  void PlaceUnknown(const absl::flat_hash_map<ObjectIndex, SiteIndex>& site_of);
  // Adds what each row's holder caused to its object, site and actor.
  void AddCaused(Statistics& statistics) const;
  // By object and holder's site: the longest that one actor waited in all.
  absl::flat_hash_map<std::pair<ObjectIndex, SiteIndex>, double>
  LongestBlocked() const;
  // Largest time first; equal times by ids.
  std::vector<Blame> Rows(bool exact) const;

 private:
  struct Sum {
    uint64_t waits = 0, ns = 0;
  };
  absl::flat_hash_map<Pair, Sum> rows_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_BLAME_H_
