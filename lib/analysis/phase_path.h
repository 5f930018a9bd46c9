// By which starts and joins one phase comes before another one.
//
// Problem: that two sections are never at the same time is believed when the
// report says who joins whom before it starts whom. PhaseOrder, which knows
// that they are in order, keeps no ways.
//
// Guarantees: a way of the fewest starts and joins. Cost: linear in the phase
// edges for each question, and in all bounded; beyond that there is no answer.
// Thread-compatible.
#ifndef LOCKCHECK_LIB_ANALYSIS_PHASE_PATH_H_
#define LOCKCHECK_LIB_ANALYSIS_PHASE_PATH_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

class PhasePaths {
 public:
  // Nothing is done before the first question. `observations` must outlive
  // this.
  explicit PhasePaths(const Observations& observations)
      : observations_(observations) {}

  struct Phase {
    ActorIndex actor = kNone;
    uint32_t phase = 0;
  };
  // Of two actors. Empty: `from` does not come before `to`, or the bound was
  // reached.
  std::vector<OrderingStep> Path(Phase from, Phase to);

 private:
  static constexpr size_t kMostLooks = 5'000'000;

  struct Reached;
  void SortEdges();
  std::vector<OrderingStep> StepsTo(const std::vector<Reached>& reached) const;

  const Observations& observations_;
  std::vector<PhaseEdge> edges_;  // by actor and phase that they go out of
  size_t looks_ = 0;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_PHASE_PATH_H_
