// Who else asks for a lock that an actor holds while it asks for something: the
// other half of hazards in which somebody may come between, or has to wait.
//
// Only requests that wait, by another actor, at a time that fork and join put
// neither before nor after, and not under a lock that keeps the two apart.
// Cost: one pass over requests and dependencies; Beside() looks at those of one
// lock. Not thread-safe.
#ifndef LOCKCHECK_LIB_ANALYSIS_RIVALS_H_
#define LOCKCHECK_LIB_ANALYSIS_RIVALS_H_

#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"
#include "lib/analysis/phase_order.h"

namespace lockcheck::analysis {

struct Rival {
  ActorIndex actor;
  SiteIndex site;
  StackIndex stack;
  model::Mode mode;
  model::How how;
  uint64_t count;
  std::span<const Hold> held;
  std::span<const uint32_t> phases;
};

// Its half of a finding.
Part ToPart(const Rival& rival, ObjectIndex lock);

class Rivals {
 public:
  // Of these locks. `observations` must outlive this.
  Rivals(const Observations& observations,
         const absl::flat_hash_set<ObjectIndex>& locks);

  // Null: none. `mode` is that of `d`'s hold of the lock.
  const Rival* Beside(const Dependency& d, ObjectIndex lock, model::Mode mode);

 private:
  PhaseOrder order_;
  absl::flat_hash_map<ObjectIndex, std::vector<Rival>> of_lock_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_RIVALS_H_
