#include "lib/analysis/shown_steps.h"

#include <algorithm>
#include <utility>

#include "lib/analysis/last_of_each.h"
#include "lib/analysis/wait_nodes.h"

namespace lockcheck::analysis {

ShownSteps::ShownSteps(const Trace& trace, const TraceOrder& order,
                       std::span<const ActorIndex> schedule)
    : trace_(trace),
      order_(order),
      schedule_(schedule),
      first_(trace.actors.size() + 1),
      position_(schedule.size()),
      shown_(schedule.size()) {
  for (const ActorIndex a : schedule) ++first_[a + 1];
  for (size_t a = 1; a < first_.size(); ++a) first_[a] += first_[a - 1];
  std::vector<uint32_t> next(first_.begin(), first_.end() - 1);
  for (uint32_t i = 0; i < schedule.size(); ++i) {
    position_[next[schedule[i]]++] = i;
  }
  FindAccessesBefore();
}

// Of each write the one before it, and who read since: what they find is to be
// there still.
void ShownSteps::FindAccessesBefore() {
  if (std::none_of(trace_.objects.begin(), trace_.objects.end(),
                   [](const TraceObject& object) {
                     return object.role() == Role::kData;
                   })) {
    return;
  }
  absl::flat_hash_map<ObjectIndex, std::vector<EventRef>> since;
  std::vector<uint32_t> next(trace_.actors.size());
  for (const ActorIndex a : schedule_) {
    const EventRef ref = {a, next[a]++};
    const Event& e = At(ref);
    if (!IsAccess(e.kind)) continue;
    auto& accesses = since[e.object];
    if (MakesVersion(e.kind)) {
      KeepLastOfEach(accesses);
      accesses_before_[Of(ref)] = std::exchange(accesses, {});
    }
    accesses.push_back(ref);
  }
}

void ShownSteps::ShowStart(ActorIndex actor) {
  ForEachStart(trace_, actor, [&](EventRef fork) {
    if (Has(fork)) Show(fork);
  });
}

bool ShownSteps::IsPermit(const Event& e) const {
  return (e.kind == EventKind::kTake || e.kind == EventKind::kPost) &&
         order_.Of(e.object).role == Role::kPermits;
}

bool ShownSteps::EndsBefore(EventRef hold, EventRef other) const {
  return Has(EndOf(hold)) && PositionOf(EndOf(hold)) < PositionOf(other);
}

void ShownSteps::ShowWhatIsInTheWay(std::span<const ActorIndex> parts) {
  for (int round = 0; round < kMostRounds; ++round) {
    Replay(parts);
    if (!ShowMissing()) return;
  }
  ShowAllHolds();
}

void ShownSteps::Replay(std::span<const ActorIndex> parts) {
  at_.assign(trace_.actors.size(), 0);
  holders_.clear();
  passed_.clear();
  held_up_.clear();
  missing_.clear();
  std::vector<uint32_t> next(trace_.actors.size());
  for (const ActorIndex a : schedule_) {
    const EventRef ref = {a, next[a]++};
    if (IsShown(ref)) RunTo(ref);
  }
  for (const ActorIndex a : parts) {
    if (Length(a) != 0) RunTo({a, Length(a) - 1});
  }
}

void ShownSteps::RunTo(EventRef ref) {
  targets_ = {ref};
  while (!targets_.empty()) {
    const EventRef target = targets_.back();
    const EventRef next = {target.actor, at_[target.actor]};
    if (next.index > target.index) {
      targets_.pop_back();
    } else if (!PushNeeds(next)) {
      Do(next);
      ++at_[next.actor];
    }
  }
}

// What comes earlier in the schedule and has not been done; whether there is
// any.
bool ShownSteps::PushNeeds(EventRef next) {
  const Event& e = At(next);
  needs_.clear();
  if (next.index == 0 && trace_.actors[next.actor].forked_by.known()) {
    needs_.push_back(trace_.actors[next.actor].forked_by);
  }
  if (e.kind == EventKind::kJoin) {
    if (Length(e.object) != 0) {
      needs_.push_back({e.object, Length(e.object) - 1});
    }
  } else {
    order_.Needs(next, needs_);
    const auto before = accesses_before_.find(Of(next));
    if (before != accesses_before_.end()) {
      needs_.insert(needs_.end(), before->second.begin(), before->second.end());
    }
  }
  const size_t before = targets_.size();
  for (const EventRef need : needs_) {
    if (Has(need) && need.index >= at_[need.actor] &&
        PositionOf(need) < PositionOf(next)) {
      targets_.push_back(need);
    }
  }
  return targets_.size() != before;
}

void ShownSteps::Do(EventRef ref) {
  const Event& e = At(ref);
  if (e.kind == EventKind::kAcquire) return Take(ref);
  if (e.kind == EventKind::kRelease) return EndHold(ref);
  if (!IsPermit(e)) return;
  if (e.kind == EventKind::kTake) return Take(ref);
  EndHold(ref);
}

void ShownSteps::Take(EventRef ref) {
  const Event& e = At(ref);
  auto& holders = holders_[e.object];
  if (!IsPermit(e)) {
    for (const EventRef holder : holders) {
      if (Exclude(At(holder).mode, e.mode)) HeldUp(ref, holder);
    }
  } else if (holders.size() >= order_.Of(e.object).initial) {
    for (const EventRef holder : holders) HeldUp(ref, holder);
  }
  if (trace_.objects[e.object].kind == model::ObjectKind::kOnceFlag) {
    const auto [passed, is_first] = passed_.try_emplace(e.object, ref);
    // Its function does not run when it has run, and nobody passes before.
    if (e.mode == model::Mode::kShared) {
      if (At(passed->second).mode != model::Mode::kShared) passed->second = ref;
    } else if (!is_first && At(passed->second).mode == model::Mode::kShared) {
      HeldUp(ref, passed->second);
    }
  }
  holders.push_back(ref);
}

void ShownSteps::EndHold(EventRef ref) {
  std::erase(holders_[At(ref).object], EventRef{ref.actor, At(ref).match});
}

// Either the holder should have let go before, or who is held up should have
// passed before the holder came.
void ShownSteps::HeldUp(EventRef ref, EventRef holder) {
  if (EndsBefore(holder, ref)) return Add(holder);
  if (PositionOf(holder) < PositionOf(ref)) return;  // of permits: another one
  if (!held_up_.emplace(Of(holder), ref.actor).second) return;
  Add(LastBefore(ref, holder));
}

// Of that actor's holds of the object, the last that is over when the holder
// comes. Of permits it need not be: then this one.
EventRef ShownSteps::LastBefore(EventRef ref, EventRef holder) const {
  const auto& events = trace_.actors[ref.actor].events;
  const auto first = position_.begin() + first_[ref.actor];
  const auto end = std::lower_bound(
      first + ref.index, first + Length(ref.actor), PositionOf(holder));
  for (auto i = static_cast<uint32_t>(end - first); i-- > ref.index;) {
    const Event& e = events[i];
    if ((e.kind == EventKind::kRelease || e.kind == EventKind::kPost) &&
        e.object == At(ref).object && e.match != kNone &&
        e.match >= ref.index) {
      return {ref.actor, e.match};
    }
  }
  return ref;
}

// Whether there was any.
bool ShownSteps::ShowMissing() {
  bool is_new = false;
  for (const EventRef hold : missing_) {
    is_new |= !IsShown(hold) || (Has(EndOf(hold)) && !IsShown(EndOf(hold)));
    Show(hold);
    if (Has(EndOf(hold))) Show(EndOf(hold));
    ShowStart(hold.actor);
  }
  return is_new;
}

void ShownSteps::ShowAllHolds() {
  std::vector<uint32_t> next(trace_.actors.size());
  for (const ActorIndex a : schedule_) {
    const EventRef ref = {a, next[a]++};
    const Event& e = At(ref);
    if (e.kind == EventKind::kAcquire || e.kind == EventKind::kRelease ||
        IsPermit(e)) {
      Show(ref);
    }
  }
}

}  // namespace lockcheck::analysis
