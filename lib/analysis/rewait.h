// Waits that began again at once: a waiter was woken by a signal, did nothing
// that was recorded but take and let go one lock, and waits for the same signal
// at the same place.
//
// Problem: that is what a wake-up that found nothing leaves, but so does one
// that found something and took it under the same lock, for no record says what
// a predicate answered. So it is counted as what wake-ups in vain are at most.
//
// A stream may be cut between the two waits: a piece keeps how it begins and
// ends, and CountAcross() puts that together. Cost: nothing but at waits.
// Thread safety: none.
#ifndef LOCKCHECK_LIB_ANALYSIS_REWAIT_H_
#define LOCKCHECK_LIB_ANALYSIS_REWAIT_H_

#include <cstdint>
#include <optional>

#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

class Rewaits {
 public:
  // `acts`: how many acts of the actor were read in this piece, those of its
  // waits left out.
  //
  // True: it is such a wait.
  bool Begins(ObjectIndex object, SiteIndex site, uint64_t acts);
  void Signalled(ObjectIndex object, SiteIndex site, uint64_t acts);
  // What was before, or a part of it, is not known.
  void LoseTrack();
  void Finish(uint64_t acts);

  // Of the same actor's next piece, which follows this one without a gap: the
  // object that its first wait is such a wait for. Keeps for the one after that
  // what there is to keep.
  std::optional<ObjectIndex> Append(const Rewaits& next);

 private:
  struct At {
    ObjectIndex object = kNone;
    SiteIndex site = kNone;
    uint64_t acts = 0;  // before the wait, of the piece; since it was over
  };
  static bool IsAtOnce(const At& woken, const At& waits, uint64_t acts_between);

  std::optional<At> woken_;  // no wait has begun since
  std::optional<At> first_;  // wait of the piece, if all before it is known
  bool began_ = false;       // some wait, or track was lost
  uint64_t acts_ = 0;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_REWAIT_H_
