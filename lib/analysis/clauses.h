// Can these arcs of the order graph be a deadlock? The clauses that a cycle of
// lock requests must meet to be a deadlock pattern, one after the other.
//
// A cycle of arcs is a deadlock pattern if for each arc one step (a dependency
// of one actor) and one phase of it can be chosen such that, in this order,
//   one-actor  the actors are distinct;
//   readers    each request and the hold it waits for exclude each other: not
//              both are shared;
//   gate       no two held sets share a lock of which one hold is exclusive
//              (Bensalem & Havelund, 2005);
//   try        no request is a try or timed one: those give up;
//   fork-join  the phases are pairwise unordered by fork and join.
// The first clause that no choice meets together with those before it is the
// reason why a cycle is refuted, but for cycles in which everybody gives up at
// one place: their reason is `try`. A part of a cycle that fails a clause
// cannot be mended by making it longer; that is what prunes the search.
//
// Guarantees: exact, up to a bound on the choices looked at. Once cut() is
// true, "not possible" means "not known": whoever asks must stop and say so.
// Cost: backtracking, the arc with the fewest steps first; a pair of arcs with
// many steps is judged once and remembered. Thread-compatible.
#ifndef LOCKCHECK_LIB_ANALYSIS_CLAUSES_H_
#define LOCKCHECK_LIB_ANALYSIS_CLAUSES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/findings.h"
#include "lib/analysis/order_graph.h"
#include "lib/analysis/phase_order.h"

namespace lockcheck::analysis {

// In the order in which they are asked for.
enum class Clause : uint8_t { kOneActor, kReaders, kGate, kTry, kForkJoin };
inline constexpr int kClauses = 5;
Reason ReasonOf(Clause clause);

// Which step of each arc, and in which of its phases.
struct Choice {
  const Step* step = nullptr;
  uint32_t phase = 0;
  friend bool operator==(const Choice&, const Choice&) = default;
};
using Choices = std::vector<Choice>;  // one per arc, in their order

// The lock that keeps two steps apart (kNone: none).
ObjectIndex GateOf(const Step& a, const Step& b);

// A lock held exclusively in every step of the component, which keeps all its
// cycles from deadlocking at once (kNone: none).
ObjectIndex CommonGate(const OrderComponent& component);

class ClauseChecker {
 public:
  // Both must outlive the checker.
  ClauseChecker(const OrderComponent& component, PhaseOrder& order)
      : component_(component), order_(order) {}

  // Choices that meet every clause up to and including `last`, if there are
  // any.
  std::optional<Choices> Check(std::span<const uint32_t> arcs, Clause last);

  // The same, given choices for all arcs but the last: most often they can
  // stay.
  std::optional<Choices> Extend(std::span<const uint32_t> arcs, Clause last,
                                const Choices& choices);

  // Whether some phases of the two steps are in no order.
  bool MayOverlap(const Step& a, const Step& b);

  bool cut() const { return cut_; }

 private:
  struct Assignment;
  bool PairPossible(uint32_t a, uint32_t b, Clause last);
  bool JudgePair(uint32_t a, uint32_t b, Clause last);
  bool Assign(Assignment& assignment, size_t depth);
  bool Compatible(uint32_t arc_a, const Step& a, uint32_t arc_b, const Step& b,
                  Clause last) const;
  bool Spend();

  // Pairs of steps looked at for one component: a second or two.
  static constexpr size_t kMaxChecks = 200'000'000;

  const OrderComponent& component_;
  PhaseOrder& order_;
  absl::flat_hash_map<uint64_t, bool> pairs_[kClauses];
  size_t checks_left_ = kMaxChecks;
  bool cut_ = false;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_CLAUSES_H_
