#include "lib/analysis/approach.h"

#include <algorithm>

namespace lockcheck::analysis {
namespace {

// A set lets go who waits for it, be it cleared at once.
bool WasReleased(const Trace& trace, const TraceOrder& order,
                 const Reordering& part, EventRef take) {
  if (take.index == 0) return false;
  const Event& begin = trace.At({take.actor, take.index - 1});
  if (begin.kind != EventKind::kWaitBegin ||
      begin.object != trace.At(take).object) {
    return false;
  }
  std::vector<EventRef> sets;
  order.Needs(take, sets);
  return std::any_of(sets.begin(), sets.end(),
                     [&](EventRef set) { return part.Has(set); });
}

}  // namespace

Approach::Approach(const Trace& trace, const TraceOrder& order,
                   const StandstillQuestion& question, Room room,
                   Reordering& part)
    : trace_(trace),
      order_(order),
      question_(question),
      room_(room),
      part_(part),
      instance_(question.waits.size()),
      next_put_(question.waits.size()),
      next_start_(question.waits.size()) {
  part_.Clear(room);
}

bool Approach::Arrive() {
  if (!ComeToAll()) return false;
  do {
    if (!Settle()) return false;
  } while (part_.Owed() != kNone && GiveBackOne(part_.Owed()));
  return part_.Owed() == kNone;
}

bool Approach::MayArrive() {
  asks_less_ = true;
  return ComeToAll() && Settle();
}

bool Approach::ComeToAll() {
  for (const Poster& spent : question_.spent) {
    if (!part_.Grow(spent.actor, spent.last + 1)) return false;
  }
  for (size_t i = 0; i < question_.waits.size(); ++i) {
    if (!ComeTo(At(i))) return false;
  }
  return true;
}

bool Approach::Settle() {
  for (uint64_t before = UINT64_MAX; before != part_.taken_in();) {
    before = part_.taken_in();
    for (size_t i = 0; i < question_.waits.size(); ++i) {
      if (!GoOnToAnInstance(i) || !TakeWhatIsThere(i)) return false;
    }
  }
  return true;
}

// There were permits for all if somebody who is not asked is done with his.
bool Approach::GiveBackOne(ObjectIndex permits) {
  for (const EventRef take : part_.TakesOut(permits)) {
    const uint32_t match = trace_.At(take).match;
    if (match != kNone && !IsAsked(take.actor)) {
      return part_.Grow(take.actor, match + 1);
    }
  }
  return false;
}

bool Approach::IsAsked(ActorIndex actor) const {
  return std::any_of(
      question_.waits.begin(), question_.waits.end(),
      [&](const TraceNode* node) { return node->actor == actor; });
}

EventRef Approach::At(size_t i) const {
  const TraceNode& node = *question_.waits[i];
  return {node.actor, node.at[instance_[i]]};
}

bool Approach::GoOnToAnInstance(size_t i) {
  const TraceNode& node = *question_.waits[i];
  while (part_.Has(At(i))) {
    if (++instance_[i] == node.at.size()) return false;
  }
  return ComeTo(At(i));
}

// So that it is the actor's next event.
bool Approach::ComeTo(EventRef ref) {
  const EventRef forked_by = trace_.actors[ref.actor].forked_by;
  if (forked_by.known() && !part_.Grow(forked_by)) return false;
  return part_.Grow(ref.actor, ref.index);
}

// What would end the wait, others took or undid. If that was the wait itself,
// the part goes past it.
bool Approach::TakeWhatIsThere(size_t i) {
  const TraceNode& node = *question_.waits[i];
  if (!node.is_signal()) return true;
  const ObjectActs& acts = order_.Of(node.object);
  switch (acts.role) {
    case Role::kPermits:
      return asks_less_ || part_.Stock(node.object) <= 0;
    case Role::kUnits:
      if (part_.IsClosed(node.object)) return false;
      if (room_ == Room::kAny && order_.IsRoom(node.object)) {
        return asks_less_ || TakeRoom(acts, i);
      }
      return TakeUnits(node.object);
    case Role::kFlag:
      return Clear(acts, i);
    case Role::kAllArrive:
      return PassIf(i, AllArrived(i));
    case Role::kOutstanding:
      return asks_less_ || BeginMore(acts, i);
    case Role::kCondition:
      return node.kind == EventKind::kFound ? part_.NotifiedAt(node.object) == 0
                                            : PassIf(i, IsNotified(i));
    default:
      return true;
  }
}

bool Approach::PassIf(size_t i, bool passes) {
  return !passes || part_.Grow(At(i));
}

// Each unit went to somebody; one that nobody took would still be there.
bool Approach::TakeUnits(ObjectIndex object) {
  while (part_.Stock(object) > 0) {
    const EventRef take = part_.TakeOfUnit(object);
    if (!take.known() || !part_.Grow(take)) return false;
  }
  return true;
}

// Others put first: those that are not among the question's actors.
bool Approach::TakeRoom(const ObjectActs& acts, size_t i) {
  const ObjectIndex object = question_.waits[i]->object;
  size_t& next = next_put_[i];
  for (; next < acts.takes.size() && part_.Stock(object) > 0; ++next) {
    const EventRef take = acts.takes[next];
    if (!IsAsked(take.actor) && !part_.Grow(take)) return false;
  }
  return part_.Stock(object) == 0;
}

// With nothing outstanding it would go on.
bool Approach::BeginMore(const ObjectActs& acts, size_t i) {
  size_t& next = next_start_[i];
  while (part_.Stock(question_.waits[i]->object) == 0) {
    while (next < acts.starts.size() && part_.Has(acts.starts[next])) ++next;
    if (next == acts.starts.size() || !part_.Grow(acts.starts[next])) {
      return false;
    }
  }
  return true;
}

bool Approach::Clear(const ObjectActs& acts, size_t i) {
  const ObjectIndex object = question_.waits[i]->object;
  if (part_.IsSetSomeTime(object)) return false;
  if (WasReleased(trace_, order_, part_, At(i))) return part_.Grow(At(i));
  const EventRef last = part_.LastChange(object);
  if (!last.known() || trace_.At(last).post == model::Post::kClear) {
    return true;
  }
  const auto next = std::upper_bound(acts.changes.begin(), acts.changes.end(),
                                     trace_.At(last).order,
                                     [&](uint32_t order, EventRef change) {
                                       return order < trace_.At(change).order;
                                     });
  // A later one may come with who else waits.
  return next != acts.changes.end() && (asks_less_ || part_.Grow(*next));
}

bool Approach::AllArrived(size_t i) const {
  return part_.IsOver(question_.waits[i]->object, trace_.At(At(i)).order);
}

// Or would have found what it waits for changed: a notification came after
// the wait had begun, be it for another one.
bool Approach::IsNotified(size_t i) const {
  return part_.NotifiedAt(question_.waits[i]->object) > trace_.At(At(i)).order;
}

}  // namespace lockcheck::analysis
