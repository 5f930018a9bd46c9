// Contention statistics: what each lock class, site and actor waited, held and
// caused. Filled by the scan; read by lib/report.
//
// Waits are all measured. Holds are sampled (see Recording notes): totals are
// estimates with a standard error; counts are exact.
#ifndef LOCKCHECK_LIB_ANALYSIS_STATISTICS_H_
#define LOCKCHECK_LIB_ANALYSIS_STATISTICS_H_

#include <array>
#include <cstdint>
#include <vector>

#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

// Log-linear histogram of durations in ns: 8 buckets per power of two, so a
// percentile is within 1/16 of the true value. Merging adds. 496 buckets cover
// all of uint64_t.
class Histogram {
 public:
  static constexpr size_t kBuckets = 496;
  void Add(uint64_t ns, uint64_t weight = 1);
  void Merge(const Histogram& other);
  uint64_t count() const { return count_; }
  double total() const { return total_; }  // ns
  double mean() const;                     // ns, 0 if empty
  double variance() const;                 // of the values, ns^2
  uint64_t max() const { return max_; }    // ns, exact
  uint64_t Percentile(double p) const;     // p in [0, 100]; never > max

 private:
  std::vector<uint32_t> buckets_;  // allocated at the first Add
  uint64_t count_ = 0, max_ = 0;
  double total_ = 0, squares_ = 0;
};

struct Usage {
  uint64_t acquisitions = 0;
  uint64_t contended = 0;  // acquisitions that blocked, and waits that failed
  uint64_t try_failed = 0;
  uint64_t owner_changes = 0;
  Histogram wait;               // every blocked wait
  Histogram hold;               // sampled holds
  double caused_ns = 0;         // waits of others while this one held
  double hold_estimate_ns = 0;  // mean sampled hold x acquisitions
  void Merge(const Usage& other);
};

struct ObjectUsage : Usage {
  uint32_t max_waiters = 0;
  uint32_t actors = 0;  // distinct actors that acquired it
};

struct ActorUsage : Usage {
  uint64_t begin_ticks = 0, last_ticks = 0;
  double blocked_ns = 0;
};

// Waiter at `waiter_site` waited while the holder stood in `holder_site`.
struct Blame {
  ObjectIndex object = kNone;
  SiteIndex waiter_site = kNone, holder_site = kNone;
  ActorIndex waiter = kNone, holder = kNone;
  uint64_t waits = 0;
  double ns = 0;
  bool exact = false;
};

struct Statistics {
  uint64_t events = 0;               // acquire, release, block ... each one
  std::vector<ObjectUsage> objects;  // per object of the recording
  std::vector<Usage> sites;          // per site
  std::vector<ActorUsage> actors;    // per actor
  std::vector<Blame> blame;          // distinct in all five ids
  double duration_ns = 0;            // first to last stamp
  double cpu_ns = 0;                 // all processes and ended actors
  double cores_used = 0;             // cpu / wall, 0 if not known
  bool exact = false;                // timing=full throughout
  uint32_t sample_interval = 0;      // 0: not sampled
};

struct ScanResult {
  Observations observations;
  Statistics statistics;
};

struct ScanOptions {
  unsigned threads = 0;  // 0: one per core
  // Called now and then from the calling thread with a fraction in [0, 1].
  void (*progress)(double fraction, void* data) = nullptr;
  void* progress_data = nullptr;
};

// One pass over every actor's records, actors in parallel.
ScanResult Scan(const log::Recording& recording, const ScanOptions& options);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_STATISTICS_H_
