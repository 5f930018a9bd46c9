// Which steps of a schedule are shown, and which must be besides, so that who
// does what is shown, and no more, gets through.
//
// Problem: a schedule is long, and a reader wants the few steps that matter. He
// lets each actor run until it has done its next shown step; what it does
// before that and is not shown, it does then, later than in the schedule. If it
// passes a lock on its way that another one holds by then, or if it has let go
// of one too late for another one, the schedule cannot be followed. So the
// steps are replayed like that, and where somebody would be held up, the
// acquisition and the release that come too late are shown too: of many
// passages of one lock before another one takes it only the last, which all
// earlier ones come before.
//
// Held up by: a lock, in its mode; a permit of those that are given back by who
// took them; a once_flag whose function has run. What a signal, an end, a start
// or an access of a variable needs is done when it is needed, without being
// shown.
//
// Guarantee: the replay of what is shown meets no lock that is held, if the
// schedule does not. Cost: linear in the schedule for each round; each shows
// what the one before it lacks, and after kMostRounds all holds are shown.
// Thread safety: none.
#ifndef LOCKCHECK_LIB_ANALYSIS_SHOWN_STEPS_H_
#define LOCKCHECK_LIB_ANALYSIS_SHOWN_STEPS_H_

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"

namespace lockcheck::analysis {

class ShownSteps {
 public:
  ShownSteps(const Trace& trace, const TraceOrder& order,
             std::span<const ActorIndex> schedule);

  // How many events of the actor are in the schedule.
  uint32_t Length(ActorIndex actor) const {
    return first_[actor + 1] - first_[actor];
  }
  bool Has(EventRef ref) const { return ref.index < Length(ref.actor); }
  bool IsShown(EventRef ref) const { return shown_[Of(ref)]; }
  void Show(EventRef ref) { shown_[Of(ref)] = true; }
  // Who starts the actor, and him.
  void ShowStart(ActorIndex actor);
  // `parts`: who goes on to the end of the schedule.
  void ShowWhatIsInTheWay(std::span<const ActorIndex> parts);

 private:
  static constexpr int kMostRounds = 32;

  uint32_t Of(EventRef ref) const { return first_[ref.actor] + ref.index; }
  uint32_t PositionOf(EventRef ref) const { return position_[Of(ref)]; }
  const Event& At(EventRef ref) const { return trace_.At(ref); }
  bool IsPermit(const Event& e) const;
  EventRef EndOf(EventRef hold) const { return {hold.actor, At(hold).match}; }
  // Whether it ends in the schedule, before that.
  bool EndsBefore(EventRef hold, EventRef other) const;

  void FindAccessesBefore();
  void Replay(std::span<const ActorIndex> parts);
  void RunTo(EventRef ref);
  bool PushNeeds(EventRef next);
  void Do(EventRef ref);
  void Take(EventRef ref);
  void EndHold(EventRef ref);
  void HeldUp(EventRef ref, EventRef holder);
  EventRef LastBefore(EventRef ref, EventRef holder) const;
  void Add(EventRef hold) { missing_.push_back(hold); }
  bool ShowMissing();
  void ShowAllHolds();

  const Trace& trace_;
  const TraceOrder& order_;
  std::span<const ActorIndex> schedule_;
  std::vector<uint32_t> first_;     // by actor, into these:
  std::vector<uint32_t> position_;  // in the schedule
  std::vector<bool> shown_;
  absl::flat_hash_map<uint32_t, std::vector<EventRef>> accesses_before_;

  // Of a replay.
  std::vector<uint32_t> at_;  // by actor: how many events it has done
  std::vector<EventRef> targets_, needs_;
  absl::flat_hash_map<ObjectIndex, std::vector<EventRef>> holders_;
  absl::flat_hash_map<ObjectIndex, EventRef> passed_;  // once_flags
  // Who was held up by which hold.
  absl::flat_hash_set<std::pair<uint32_t, ActorIndex>> held_up_;
  std::vector<EventRef> missing_;  // holds
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_SHOWN_STEPS_H_
