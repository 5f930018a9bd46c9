// std::lock(a, b, ...) and std::scoped_lock as the one request they are.
//
// Problem: they lock one member, try the others, and begin anew from the one
// that failed. Taken at its word, such a try gives up and closes no cycle. But
// the call does not give up: holding G and asking for a and b, it goes on for
// as long as another actor holds b and waits for G. (`lock(G); scoped_lock(a,
// b)` against `lock(b); lock(G)` is a deadlock, if at times a busy one.) And
// among the members it makes no order, for it lets go of them before it waits.
//
// So a try that std::lock makes becomes a request of How::kRetried under what
// was held before the call. The log does not say which tries these are: the
// names of the functions in their stacks do. What the call had when it tried is
// told by where the caller stands, and begins with the member it waited for.
//
// Where the names are not known (no symbols, no file any more), any try may be
// one of these. It stays what it is, and says what it would be under then: what
// was held before the last lock that the actor waited for.
#ifndef LOCKCHECK_LIB_ANALYSIS_STD_LOCK_H_
#define LOCKCHECK_LIB_ANALYSIS_STD_LOCK_H_

#include <cstdint>
#include <optional>

#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

// Who knows the functions' names.
class StdLockPlaces {
 public:
  enum class Answer : uint8_t { kNo, kYes, kNotKnown };

  virtual ~StdLockPlaces() = default;
  // Is a request with this stack, or if there is none at this site, one that
  // std::lock makes?
  virtual Answer IsInStdLock(StackIndex stack, SiteIndex site) = 0;
  // The place in the user's code, as a number. kNone: not known.
  virtual uint32_t CallerAt(SiteIndex site) = 0;
};

// `places` is asked for tries under a lock that was taken at the same place,
// and for no others. Cost: linear, and only if there is one.
void ReadStdLockAsOneRequest(StdLockPlaces& places, Observations& observations);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_STD_LOCK_H_
