// What has to happen before an event in every reordering of a trace: by each
// actor's own order, fork and join, and those signals that leave no choice.
//
// Problem: an observed order of signals is mostly luck; only where a wait could
// end in no other way it must be kept. That is so of
//   * a flag or future that one actor sets: the wait needs its first set;
//   * a latch: all arrivals; a barrier with as many users as participants:
//     those of its phase;
//   * units: a take needs the posts without which all others are fewer than
//     what its actor has taken by then (supply.h); so does the end of what was
//     begun, by that actor before;
//   * a variable: a read needs the write whose value it saw, and so does an
//     update: no other one is the same reordering;
//   * a once_flag: who has passed it comes after all that was done in its
//     function, by whoever ran it. Had another come first, he would have run
//     it; so what that actor did before its call is not needed.
// Where others might have posted nothing is kept.
//
// And if what actors hold in the end is given, who else had it before has let
// go of it by then (the refute loop of docs/analysis.md).
//
// Cost: linear in what is taken in. Thread safety: none.
#ifndef LOCKCHECK_LIB_ANALYSIS_MUST_PRECEDE_H_
#define LOCKCHECK_LIB_ANALYSIS_MUST_PRECEDE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "lib/analysis/supply.h"
#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"

namespace lockcheck::analysis {

class MustPrecede {
 public:
  MustPrecede(const Trace& trace, const TraceOrder& order);

  void Clear();
  // What the actor holds in the end, until Clear(): a lock.
  void HoldAtEnd(ActorIndex actor, const Hold& hold) {
    held_at_end_[hold.object].push_back({actor, hold.mode});
  }
  // False: who else had such a lock before never lets go of it.
  bool is_possible() const { return possible_; }
  // Of those, one that another one was found to have before; kNone: nobody had.
  ObjectIndex let_go_again() const { return let_go_again_; }
  // Takes in the actor's first `length` events and all that must precede them,
  // and, if it is forked, its fork.
  void Grow(ActorIndex actor, uint32_t length);
  uint32_t Length(ActorIndex actor) const { return length_[actor]; }
  bool Has(EventRef ref) const { return IsTakenIn(ref) || IsInPassed(ref); }
  uint64_t taken_in() const { return taken_in_; }  // events, of all times

  // Of another actor, and in order: `event` had to be there before `by`.
  struct Needed {
    EventRef event;
    EventRef by;
  };
  // Notes each one there that is found from now on, in the order in which they
  // are; nullptr: none. Each way back from what was taken in leads to earlier
  // ones, and ends at what Grow() was asked for.
  void NoteNeeds(std::vector<Needed>* needs) { noted_ = needs; }

 private:
  // An actor's events inside its hold of a once_flag, as writer.
  struct Run {
    ActorIndex actor = kNone;
    uint32_t begin = 0;
    uint32_t end = 0;
  };

  struct HeldAtEnd {
    ActorIndex actor = kNone;
    model::Mode mode = model::Mode::kExclusive;
  };

  void LetGoAgain(EventRef ref, const Event& acquisition);
  void CountUnits(ActorIndex actor);
  void FindRuns(ActorIndex actor);
  bool IsTakenIn(EventRef ref) const { return ref.index < length_[ref.actor]; }
  bool IsInTrace(EventRef ref) const {
    return ref.index < trace_.actors[ref.actor].events.size();
  }
  bool IsInPassed(EventRef ref) const;
  bool IsPass(const Event& e) const;
  void Pass(ObjectIndex flag, EventRef by);
  void TakeIn(EventRef ref);
  void NeedForTake(EventRef ref, const Event& e);
  const Supply& SupplyOf(ObjectIndex object);
  bool EachArrivesInEachPhase(ObjectIndex barrier);
  void Need(EventRef ref) { needed_.push_back(ref); }
  void Note(size_t first, EventRef by);

  const Trace& trace_;
  const TraceOrder& order_;
  // By event, of a take: how many units its actor has with it; of what is begun
  // until all of it is over, how many it has begun.
  std::vector<std::vector<uint32_t>> own_units_;
  std::vector<uint32_t> length_;
  std::vector<EventRef> needed_;
  std::vector<Needed>* noted_ = nullptr;
  absl::flat_hash_map<ObjectIndex, std::vector<HeldAtEnd>> held_at_end_;
  ObjectIndex let_go_again_ = kNone;
  bool possible_ = true;
  absl::flat_hash_map<ObjectIndex, std::vector<Run>> runs_;  // of once_flags
  absl::flat_hash_set<ObjectIndex> passed_;                  // of these
  std::vector<std::vector<Run>> in_passed_;  // by actor: what precedes
  absl::flat_hash_map<ObjectIndex, bool> each_arrives_;  // barriers
  absl::flat_hash_map<ObjectIndex, Supply> supplies_;
  uint64_t taken_in_ = 0;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_MUST_PRECEDE_H_
