// Which phases of two actors can overlap, as far as fork and join tell.
//
// Problem: two events may happen at once only if neither's phase is reachable
// from the other's in the phase graph (actor order and
// Observations::phase_edges). A table of vector clocks would be quadratic in
// actors and phases, and nearly none of it would be read. So reachability is
// computed for the phases asked about only: one search forward, one backward,
// remembered.
//
// Tasks that the same worker runs, the only one of its pool, are never at the
// same time, in whichever order they were submitted.
//
// For a phase x and another actor b, the phases of b that are unordered with x
// are an interval, because whatever reaches x is a beginning of b and whatever
// x reaches is an end of b.
//
// Cost: O(phase edges + actors) for the first question about a phase, then two
// look-ups. Memory is bounded (32 MB, or 64 phases); the oldest is forgotten.
// Thread-compatible: questions change what is remembered.
#ifndef LOCKCHECK_LIB_ANALYSIS_PHASE_ORDER_H_
#define LOCKCHECK_LIB_ANALYSIS_PHASE_ORDER_H_

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

// Phases strictly between the two bounds.
struct PhaseWindow {
  int64_t after = -1;
  int64_t before = std::numeric_limits<int64_t>::max();
  bool Contains(uint32_t phase) const {
    return after < phase && phase < before;
  }
};

// What comes before and after one phase.
class PhaseCone {
 public:
  // The phases of `other`, another actor, that are unordered with this one.
  PhaseWindow Concurrent(ActorIndex other) const {
    PhaseWindow window;
    if (after_[other] != kNone) window.before = after_[other];
    if (before_[other] != kNone) window.after = before_[other];
    return window;
  }

 private:
  friend class PhaseOrder;
  uint64_t key_ = 0;
  std::vector<uint32_t> after_;   // per actor: its first phase after this one
  std::vector<uint32_t> before_;  // per actor: its last phase before this one
};

class PhaseOrder {
 public:
  // Keeps no reference to `observations`.
  explicit PhaseOrder(const Observations& observations);

  // Valid until the next call.
  const PhaseCone& ConeOf(ActorIndex actor, uint32_t phase);

 private:
  struct Arrow {  // out of or into one actor's phase
    uint32_t phase;
    ActorIndex other;
    uint32_t other_phase;
  };
  using Rows = std::vector<std::pair<ActorIndex, Arrow>>;
  void BuildRows(Rows rows, std::vector<Arrow>& arrows,
                 std::vector<uint32_t>& begin) const;
  void LeaveOutThoseAloneWith(ActorIndex actor, PhaseCone& cone) const;
  void SearchForward(ActorIndex actor, uint32_t phase,
                     std::vector<uint32_t>& best);
  void SearchBackward(ActorIndex actor, uint32_t phase,
                      std::vector<uint32_t>& best);

  size_t actors_;
  std::vector<ActorIndex> alone_on_;  // Observations::alone_on
  // Per actor a row of arrows, ascending by phase; offsets in the begins.
  std::vector<Arrow> out_, in_;
  std::vector<uint32_t> out_begin_, in_begin_;
  std::vector<uint32_t> edge_;     // scratch: how far a row has been followed
  std::vector<ActorIndex> queue_;  // scratch
  size_t capacity_, oldest_ = 0;
  std::vector<PhaseCone> cones_;
  absl::flat_hash_map<uint64_t, size_t> cone_of_;  // index in cones_
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_PHASE_ORDER_H_
