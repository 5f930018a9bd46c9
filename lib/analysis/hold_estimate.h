// How long a lock was held in all, when only some of its holds were measured.
//
// Problem: mean x count of a lock that is held 5 ms at one site in a thousand
// and 50 ns at the others says what the sample happened to catch: with one long
// hold too many in it the total doubles, with none the lock looks idle. What is
// known exactly is how often each site acquired it. So each site is a stratum
// of its own with its own mean (Cochran, Sampling Techniques, chapter 5), and
// only the spread within sites is left to chance.
//
// The scan measures holds by lock and by site, not by both. A site that
// acquires nothing else is a stratum; the acquisitions at all others together
// are one more, with what the measured holds leave when those of the first are
// taken out. Holds with a stamp at either end (stamped_holds.h) are all
// measured and are a stratum without an error. Cost: linear in the shares.
#ifndef LOCKCHECK_LIB_ANALYSIS_HOLD_ESTIMATE_H_
#define LOCKCHECK_LIB_ANALYSIS_HOLD_ESTIMATE_H_

#include <cstdint>
#include <span>

#include "lib/analysis/statistics.h"

namespace lockcheck::analysis {

// Holds that are estimated together: `holds` of them, some measured.
struct HoldStratum {
  uint64_t holds = 0;
  Moments measured;
  // One actor after the other, or the same one again, waited this long for
  // holds of the stratum, so they are hardly shorter together.
  double blocked_ns = 0;
};

struct HoldEstimate {
  double total = 0;  // ns
  double mean = 0;   // total / holds
  double error = 0;  // standard error of `mean`; 0 if all were measured
};

// A stratum of which nothing was measured counts with the mean of all measured
// holds, or with its blocked_ns if that is more, and is as uncertain as its
// whole share of the total. A single measured hold has the spread of all
// measured ones; if it is the only one, its own length (as if exponential).
// All zero if nothing was measured at all.
HoldEstimate EstimateHolds(std::span<const HoldStratum> strata);

// What a group of locks shares with one site.
struct SiteShare {
  uint64_t acquisitions = 0;      // of the group, at this site
  double blocked_ns = 0;          // see HoldStratum
  uint64_t all_acquisitions = 0;  // at this site, of whatever lock
  Moments measured;               // at this site, of whatever lock
  StampedTimes stamped;           // the same
};

// But for the shares all is the group's, at all sites. All zero if no hold but
// the stamped ones was measured, and there are others: those under contention
// say nothing of the rest.
HoldEstimate EstimateHolds(uint64_t acquisitions, const Moments& measured,
                           std::span<const SiteShare> shares,
                           const StampedTimes& stamped = {});

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_HOLD_ESTIMATE_H_
