#include "lib/analysis/reordering.h"

#include <algorithm>

namespace lockcheck::analysis {
namespace {

constexpr size_t IndexOf(model::Mode mode) { return static_cast<size_t>(mode); }
constexpr std::array kModes = {model::Mode::kExclusive, model::Mode::kShared};

}  // namespace

Reordering::Reordering(const Trace& trace, const TraceOrder& order)
    : trace_(trace),
      order_(order),
      length_(trace.actors.size()),
      objects_(trace.objects.size()) {}

void Reordering::Clear(Room room) {
  room_ = room;
  std::fill(length_.begin(), length_.end(), 0);
  for (const ObjectIndex object : touched_) objects_[object] = {};
  touched_.clear();
  needed_.clear();
  taken_in_ = 0;
  possible_ = true;
}

Reordering::ObjectState& Reordering::StateOf(ObjectIndex object) {
  ObjectState& state = objects_[object];
  if (!state.touched) touched_.push_back(object);
  state.touched = true;
  return state;
}

const Event* Reordering::Next(ActorIndex actor) const {
  const auto& events = trace_.actors[actor].events;
  return length_[actor] < events.size() ? &events[length_[actor]] : nullptr;
}

bool Reordering::Grow(ActorIndex actor, uint32_t length) {
  if (length > 0) Need({actor, length - 1});
  while (possible_ && !needed_.empty()) {
    const EventRef ref = needed_.back();
    if (Has(ref)) {
      needed_.pop_back();
    } else if (ref.index >= trace_.actors[ref.actor].events.size()) {
      possible_ = false;
    } else {
      // One at a time: what it needs comes first onto the stack, but nothing
      // depends on the order.
      TakeIn({ref.actor, length_[ref.actor]});
    }
  }
  return possible_;
}

void Reordering::TakeIn(EventRef ref) {
  ++length_[ref.actor];
  ++taken_in_;
  const TraceActor& actor = trace_.actors[ref.actor];
  if (ref.index == 0 && actor.forked_by.known()) Need(actor.forked_by);
  const Event& e = trace_.At(ref);
  if (e.kind == EventKind::kFork) return;
  if (e.kind == EventKind::kJoin) {
    const TraceActor& child = trace_.actors[e.object];
    if (!child.ended) possible_ = false;
    if (!child.events.empty()) {
      Need({e.object, static_cast<uint32_t>(child.events.size() - 1)});
    } else if (child.forked_by.known()) {
      Need(child.forked_by);
    }
    return;
  }
  ObjectState& state = StateOf(e.object);
  const Role role = order_.Of(e.object).role;
  if (e.kind == EventKind::kAcquire) {
    Acquire(ref, state);
    return order_.Needs(ref, needed_);
  }
  CountSignal(ref, role, state);
  if (const ObjectIndex end = order_.Of(e.object).end;
      end != kNone && e.post == model::Post::kPut) {
    ++StateOf(end).gained;
  }
  if (room_ == Room::kAny && e.kind == EventKind::kTake &&
      order_.IsRoom(e.object)) {
    return;
  }
  order_.Needs(ref, needed_);
}

void Reordering::CountSignal(EventRef ref, Role role, ObjectState& state) {
  const Event& e = trace_.At(ref);
  const bool posts = e.kind == EventKind::kPost;
  switch (role) {
    case Role::kPermits:
      if (e.kind == EventKind::kTake) {
        ++state.permits[ref.actor];
        ++state.taken;
        state.out.push_back(ref);
      }
      if (posts) --state.permits[ref.actor];
      [[fallthrough]];
    case Role::kUnits:
      if (e.kind == EventKind::kTake) --state.gained;
      if (posts && e.post != model::Post::kClose) {
        state.gained += e.amount;
        if (role == Role::kUnits) AddUnits(ref, state);
      }
      return;
    case Role::kFlag:
      if (!posts) return;
      if (e.order == 0) {
        state.set_some_time |= e.post != model::Post::kClear;
      } else if (!state.last_change.known() ||
                 trace_.At(state.last_change).order < e.order) {
        state.last_change = ref;
      }
      return;
    case Role::kOutstanding:
      if (posts) state.gained += e.post == model::Post::kClear ? 1 : -1;
      return;
    case Role::kCondition:
      if (posts) state.notified_at = std::max(state.notified_at, e.order);
      return;
    default:
      return;
  }
}

// Of those that nobody took one is enough.
void Reordering::AddUnits(EventRef post, ObjectState& state) {
  const Event& e = trace_.At(post);
  const uint64_t first = order_.FirstUnit(post);
  const uint64_t taken = order_.Of(e.object).takes.size();
  for (uint64_t unit = first; unit < first + e.amount && unit <= taken;
       ++unit) {
    state.units.push_back(static_cast<uint32_t>(unit));
  }
}

EventRef Reordering::TakeOfUnit(ObjectIndex object) {
  const ObjectActs& acts = order_.Of(object);
  ObjectState& state = StateOf(object);
  if (!state.has_initial) {
    state.has_initial = true;
    const uint64_t some =
        std::min<uint64_t>(acts.initial, acts.takes.size() + 1);
    for (uint32_t i = 0; i < some; ++i) state.units.push_back(i);
  }
  while (!state.units.empty()) {
    const uint32_t unit = state.units.back();
    if (unit >= acts.takes.size()) return {};
    if (!Has(acts.takes[unit])) return acts.takes[unit];
    state.units.pop_back();
  }
  return {};
}

int Reordering::Compare(EventRef a, EventRef b) const {
  if (a.actor == b.actor) return a.index < b.index ? -1 : 1;
  const Event &x = trace_.At(a), &y = trace_.At(b);
  if (x.order != y.order) return x.order < y.order ? -1 : 1;
  // A reader has the count of the writer before it.
  if (x.mode == y.mode) return 0;
  return x.mode == model::Mode::kExclusive ? -1 : 1;
}

void Reordering::NeedRelease(EventRef acquisition) {
  const uint32_t release = trace_.At(acquisition).match;
  if (release == kNone) {
    possible_ = false;
  } else {
    Need({acquisition.actor, release});
  }
}

void Reordering::Acquire(EventRef ref, ObjectState& state) {
  const Event& e = trace_.At(ref);
  bool stays_open = true;
  for (const model::Mode mode : kModes) {
    const EventRef last = state.last[IndexOf(mode)];
    if (!last.known() || !Exclude(e.mode, mode)) continue;
    if (Compare(ref, last) <= 0 && stays_open) {
      NeedRelease(ref);
      stays_open = false;
    }
  }
  std::erase_if(state.open, [&](EventRef open) {
    if (!Exclude(e.mode, trace_.At(open).mode)) return false;
    if (Compare(open, ref) > 0) return false;
    NeedRelease(open);
    return true;
  });
  if (stays_open) state.open.push_back(ref);
  EventRef& last = state.last[IndexOf(e.mode)];
  if (!last.known() || Compare(ref, last) > 0) last = ref;
}

bool Reordering::IsHeld(EventRef acquisition) const {
  const uint32_t release = trace_.At(acquisition).match;
  return release == kNone || release >= length_[acquisition.actor];
}

std::vector<ActorIndex> Reordering::Holders(ObjectIndex lock,
                                            model::Mode mode) const {
  std::vector<ActorIndex> holders;
  for (const EventRef open : objects_[lock].open) {
    if (IsHeld(open) && Exclude(mode, trace_.At(open).mode)) {
      holders.push_back(open.actor);
    }
  }
  return holders;
}

std::vector<ActorIndex> Reordering::PermitHolders(ObjectIndex object) const {
  std::vector<ActorIndex> holders;
  for (const auto& [actor, count] : objects_[object].permits) {
    if (count > 0) holders.push_back(actor);
  }
  std::sort(holders.begin(), holders.end());
  return holders;
}

ObjectIndex Reordering::Owed() const {
  const auto owed =
      std::find_if(touched_.begin(), touched_.end(), [&](ObjectIndex o) {
        return order_.Of(o).role == Role::kPermits && Stock(o) < 0;
      });
  return owed == touched_.end() ? kNone : *owed;
}

const std::vector<EventRef>& Reordering::TakesOut(ObjectIndex object) {
  auto& out = objects_[object].out;
  std::erase_if(out, [&](EventRef take) { return !IsHeld(take); });
  return out;
}

bool Reordering::MayOwePermits() const {
  return std::any_of(touched_.begin(), touched_.end(), [&](ObjectIndex o) {
    return order_.Of(o).role == Role::kPermits && objects_[o].gained < 0 &&
           objects_[o].taken > order_.Of(o).initial;
  });
}

bool Reordering::IsOver(ObjectIndex barrier, uint32_t phase) const {
  const auto arrivals = order_.Arrivals(barrier, phase);
  const EventRef completion = order_.Completion(barrier, phase);
  return std::all_of(arrivals.begin(), arrivals.end(),
                     [&](EventRef ref) { return Has(ref); }) &&
         (!completion.known() || Has(completion));
}

bool Reordering::IsClosed(ObjectIndex object) const {
  const auto& closes = order_.Of(object).closes;
  return std::any_of(closes.begin(), closes.end(),
                     [&](EventRef close) { return Has(close); });
}

}  // namespace lockcheck::analysis
