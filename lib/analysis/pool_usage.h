// What pools of threads did: how long tasks waited to begin, how long they ran,
// how many of them at once.
//
// Problem: a task is an actor. Its submission is a fork in the stream of who
// submitted it, its begin and end are in its own, and the slot that it took
// says whose it is; so nothing but the tables of actors and forks is needed.
//
// Cost: linear in actors and forks, but for sorting the tasks of each pool.
#ifndef LOCKCHECK_LIB_ANALYSIS_POOL_USAGE_H_
#define LOCKCHECK_LIB_ANALYSIS_POOL_USAGE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "lib/analysis/histogram.h"
#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

struct Piece;

struct PoolUsage {
  ObjectIndex object = kNone;  // its slots
  uint32_t workers = 0;
  uint64_t tasks = 0;  // that began
  Histogram queued;    // ns from submission to begin
  Histogram ran;       // ns; those that run at the log's end, up to that
  uint32_t most_queued = 0, most_running = 0;  // at once
  // From the first submission to the last end, or to the log's end if a task
  // runs then.
  double open_ns = 0;
  double utilisation() const;  // of the workers meanwhile, 0 to 1
};

// By object. `pieces` by actor and in stream order.
std::vector<PoolUsage> PoolsOf(const log::Recording& recording,
                               std::span<const Piece> pieces);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_POOL_USAGE_H_
