// Contention statistics: what each lock class, site and actor waited, held and
// caused. Filled by the scan; read by lib/report.
//
// Waits are all measured. Holds are sampled (see Recording notes): totals are
// estimates with a standard error; counts are exact. Durations are whole
// nanoseconds, so sums do not depend on the order in which they were added.
#ifndef LOCKCHECK_LIB_ANALYSIS_STATISTICS_H_
#define LOCKCHECK_LIB_ANALYSIS_STATISTICS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/histogram.h"
#include "lib/analysis/observations.h"
#include "lib/analysis/pool_usage.h"
#include "lib/analysis/post_statistics.h"
#include "lib/analysis/wait_overlap.h"

namespace lockcheck::analysis {

// Holds of which both ends are stamped, see stamped_holds.h.
struct StampedTimes {
  Moments all;
  Moments sampled;  // those that are in Usage::hold too
  StampedTimes& operator+=(const StampedTimes& other);
};

struct Usage {
  uint64_t acquisitions = 0;
  uint64_t contended = 0;  // acquisitions that blocked, and waits that did not
                           // get it
  uint64_t unmet = 0;      // waits that did not get it, those that stand too
  uint64_t standing = 0;   // waits that stand at the log's end
  uint64_t try_failed = 0;
  uint64_t owner_changes = 0;
  // Every blocked wait, standing ones up to the log's end. Waits for a signal,
  // which end when another acts and are no contention, are in `signal_waits`
  // alone; only the object they are for, of which nothing can be held, has them
  // here too.
  Histogram wait;
  Histogram hold;  // sampled holds
  StampedTimes stamped;
  uint64_t signal_waits = 0, signal_ns = 0;
  double caused_ns = 0;  // waits of others while this one held
  void Merge(const Usage& other);
  void AddWait(uint64_t ns, bool for_signal);  // of a site or an actor
};

struct ObjectUsage : Usage {
  void AddWait(uint64_t ns, bool for_signal);
  // Actors that waited at one time, at most. Exact up to some 10,000 waits by
  // one actor; beyond that waits of one actor with short gaps between them
  // count as one, so it may be too large, never too small.
  uint32_t max_waiters = 0;
  uint32_t actors = 0;           // distinct actors that acquired it
  uint32_t askers = 0;           // that acquired it or waited for it
  uint64_t shared = 0;           // acquisitions that others may share
  uint64_t found_waiters = 0;    // releases that saw that somebody waited
  uint64_t woken_in_vain = 0;    // wake-ups: of a condition, at most; rewait.h
  double hold_estimate_ns = 0;   // see hold_estimate.h; 0 if none was measured
  double estimate_error_ns = 0;  // standard error of that
  // Somebody waited for it, and somebody else had it and had not let go of it.
  double held_at_least_ns = 0;
  void Merge(const ObjectUsage& other);
};

struct ActorUsage : Usage {
  uint64_t begin_ticks = 0,
           last_ticks = 0;  // of a standing wait: Recording::LastTicksOf()
  double blocked_ns = 0;    // joins and standing waits included
};

// Waiter at `waiter_site` waited while the holder stood in `holder_site`. Joins
// are no contention and are not here.
struct Blame {
  ObjectIndex object = kNone;
  SiteIndex waiter_site = kNone, holder_site = kNone;
  ActorIndex waiter = kNone, holder = kNone;
  uint64_t waits = 0;
  double ns = 0;
  bool exact = false;
};

// How much of an object's use was at one site.
struct ObjectAtSite {
  ObjectIndex object = kNone;
  SiteIndex site = kNone;
  uint64_t acquisitions = 0;
  // The longest that one actor waited in all while the object was held from
  // there: about the least that it was held from there.
  double blocked_ns = 0;
};

struct Statistics {
  uint64_t events = 0;               // acquire, release, block ... each one
  std::vector<ObjectUsage> objects;  // per object of the recording
  std::vector<Usage> sites;          // per site
  std::vector<ActorUsage> actors;    // per actor
  std::vector<ObjectAtSite> shares;  // by object, then site; both known
  std::vector<Blame> blame;          // distinct in all five ids
  PostTable posts;                   // of objects that were acted on
  std::vector<PoolUsage> pools;      // by object; those that had a task
  // When somebody waited for an object: apart from each other, ascending.
  absl::flat_hash_map<ObjectIndex, std::vector<WaitInterval>> waited;
  double ns_per_tick = 1;       // of these
  Histogram joins;              // waits for ends of actors but tasks, in ns
  uint64_t standing_joins = 0;  // of these: stand at the log's end
  double duration_ns = 0;       // first to last stamp
  double end_ns = 0;            // last stamp since the recording began
  double cpu_ns = 0;            // used meanwhile, at most: see cpu_time.h
  double cores_used = 0;        // cpu / wall, 0 if not known well enough
  // Actors, but tasks, that lived and waited for nothing, at most at once: more
  // cannot have run.
  uint32_t most_runnable = 0;
  bool exact = false;            // timing=full throughout
  uint32_t sample_interval = 0;  // 0: not sampled
};

struct ScanResult {
  Observations observations;
  Statistics statistics;
  std::vector<std::string> warnings;  // records that made no sense, a line each
  std::vector<std::string> notes;     // what a bound left out, a line each
};

struct ScanOptions {
  unsigned threads = 0;  // 0: one per core
  // A stream is cut into pieces of about so many segments, 0: by its length.
  // The result does not depend on it.
  size_t piece_segments = 0;
  // Called now and then from the calling thread with a fraction in [0, 1].
  void (*progress)(double fraction, void* data) = nullptr;
  void* progress_data = nullptr;
};

// One pass over every actor's records, in parallel: an actor's stream is cut
// only where the actor holds nothing, so the pieces need nothing from each
// other but the number of phases before them. The result does not depend on
// the number of threads. Time: 2-4 ns an event and core. Memory: O(threads x
// objects + distinct dependencies), never O(events).
ScanResult Scan(const log::Recording& recording, const ScanOptions& options);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_STATISTICS_H_
