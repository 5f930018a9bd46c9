// Which recorded stack belongs to a request or to a hold.
//
// Problem: a stack is recorded when a thread first asks for a lock of some
// class at some site under some innermost hold, in long waits, and no more
// often. So the stack of a particular request may be another actor's that came
// the same way, or there is none.
//
// The best there is counts: the same way by the same actor, the same way by
// another one, then any request for that class at that site. The first way to a
// site under no hold has no stack of its own: the site's is that one, and kNone
// stands for it. Whose a stack is, the recording says (Stack::actor and
// Site::actor); who shows it for another actor must say so too.
// Cost: one pass over the objects and the stacks; a look-up visits the stacks
// of one class and site. Thread safety: const after construction.
#ifndef LOCKCHECK_LIB_ANALYSIS_STACK_FINDER_H_
#define LOCKCHECK_LIB_ANALYSIS_STACK_FINDER_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/observations.h"
#include "lib/log/recording.h"

namespace lockcheck::analysis {

class StackFinder {
 public:
  explicit StackFinder(const log::Recording& recording);

  // Of a request of the actor for the object at the site; `innermost` is what
  // it held then, null for nothing. kNone: the site's own stack, if it has one.
  StackIndex OfRequest(ActorIndex actor, ObjectIndex object, SiteIndex site,
                       const Hold* innermost) const;
  // Of the acquisition of what the actor holds: what it holds was asked for.
  StackIndex OfHold(ActorIndex actor, const Hold& hold,
                    const Hold* innermost) const {
    return OfRequest(actor, hold.object, hold.site, innermost);
  }

 private:
  using Key = std::pair<uint32_t, uint32_t>;  // class, raw site
  struct Candidate {
    StackIndex stack;
    Key held;  // zeros: nothing
  };
  uint32_t ClassOf(ObjectIndex object) const;
  uint32_t RawSite(SiteIndex site) const;

  const log::Recording& recording_;
  std::vector<uint32_t> class_of_object_;
  absl::flat_hash_map<Key, std::vector<Candidate>> stacks_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_STACK_FINDER_H_
