#include "lib/analysis/must_precede.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"

namespace lockcheck::analysis {

MustPrecede::MustPrecede(const Trace& trace, const TraceOrder& order)
    : trace_(trace),
      order_(order),
      own_units_(trace.actors.size()),
      length_(trace.actors.size()),
      in_passed_(trace.actors.size()) {
  for (ActorIndex a = 0; a < trace.actors.size(); ++a) {
    CountUnits(a);
    FindRuns(a);
  }
}

void MustPrecede::CountUnits(ActorIndex actor) {
  const auto& events = trace_.actors[actor].events;
  own_units_[actor].resize(events.size());
  absl::flat_hash_map<ObjectIndex, uint32_t> taken, begun;
  for (uint32_t i = 0; i < events.size(); ++i) {
    const Event& e = events[i];
    if (e.kind == EventKind::kPost &&
        (e.post == model::Post::kPut || e.post == model::Post::kClear)) {
      ++begun[e.object];
    }
    if (e.kind != EventKind::kTake) continue;
    if (order_.Of(e.object).role == Role::kOutstanding) {
      const ObjectIndex items = trace_.objects[e.object].items;
      own_units_[actor][i] = begun[items == kNone ? e.object : items];
    } else {
      own_units_[actor][i] = ++taken[e.object];
    }
  }
}

void MustPrecede::FindRuns(ActorIndex actor) {
  const auto& events = trace_.actors[actor].events;
  for (uint32_t i = 0; i < events.size(); ++i) {
    const Event& e = events[i];
    if (e.kind != EventKind::kAcquire || e.mode != model::Mode::kExclusive ||
        trace_.objects[e.object].kind != model::ObjectKind::kOnceFlag) {
      continue;
    }
    const auto size = static_cast<uint32_t>(events.size());
    const Run run = {actor, i + 1, std::min(e.match, size)};
    if (run.begin < run.end) runs_[e.object].push_back(run);
  }
}

bool MustPrecede::IsInPassed(EventRef ref) const {
  const auto& runs = in_passed_[ref.actor];
  return std::any_of(runs.begin(), runs.end(), [&](const Run& run) {
    return run.begin <= ref.index && ref.index < run.end;
  });
}

// Only a reader is sure to have found it so: a function that throws, and one
// who waited for another's, leave a writer's hold.
bool MustPrecede::IsPass(const Event& e) const {
  return e.kind == EventKind::kAcquire && e.mode == model::Mode::kShared &&
         trace_.objects[e.object].kind == model::ObjectKind::kOnceFlag;
}

// Nobody runs a flag's function any more, not even one that throws, once
// somebody has passed.
void MustPrecede::Pass(ObjectIndex flag, EventRef by) {
  const auto runs = runs_.find(flag);
  if (runs == runs_.end() || !passed_.insert(flag).second) return;
  for (const Run& run : runs->second) {
    in_passed_[run.actor].push_back(run);
    if (noted_ != nullptr && run.actor != by.actor) {
      noted_->push_back({{run.actor, run.end - 1}, by});
    }
  }
}

void MustPrecede::Note(size_t first, EventRef by) {
  if (noted_ == nullptr) return;
  for (size_t i = first; i < needed_.size(); ++i) {
    const EventRef event = needed_[i];
    if (event.actor != by.actor && IsInTrace(event)) {
      noted_->push_back({event, by});
    }
  }
}

void MustPrecede::Clear() {
  std::fill(length_.begin(), length_.end(), 0);
  needed_.clear();
  held_at_end_.clear();
  let_go_again_ = kNone;
  possible_ = true;
  if (passed_.empty()) return;
  passed_.clear();
  for (auto& runs : in_passed_) runs.clear();
}

void MustPrecede::Grow(ActorIndex actor, uint32_t length) {
  if (length > 0) Need({actor, length - 1});
  if (trace_.actors[actor].forked_by.known()) {
    Need(trace_.actors[actor].forked_by);
    Note(needed_.size() - 1, {actor, 0});
  }
  while (!needed_.empty()) {
    const EventRef ref = needed_.back();
    // What is not in the trace orders nothing.
    if (IsTakenIn(ref) || !IsInTrace(ref)) {
      needed_.pop_back();
    } else {
      TakeIn({ref.actor, length_[ref.actor]});
    }
  }
}

void MustPrecede::TakeIn(EventRef ref) {
  const size_t first = needed_.size();
  ++length_[ref.actor];
  ++taken_in_;
  const EventRef forked_by = trace_.actors[ref.actor].forked_by;
  if (ref.index == 0 && forked_by.known()) Need(forked_by);
  const Event& e = trace_.At(ref);
  if (e.kind == EventKind::kJoin) {
    const auto& child = trace_.actors[e.object];
    if (!child.events.empty()) {
      Need({e.object, static_cast<uint32_t>(child.events.size() - 1)});
    }
  } else if (SeesVersion(e.kind)) {
    order_.Needs(ref, needed_);
  } else if (e.kind == EventKind::kTake) {
    NeedForTake(ref, e);
  } else if (e.kind == EventKind::kAcquire) {
    LetGoAgain(ref, e);
    if (IsPass(e)) Pass(e.object, ref);
  }
  Note(first, ref);
}

// If another one is to have it.
void MustPrecede::LetGoAgain(EventRef ref, const Event& acquisition) {
  const auto row = held_at_end_.find(acquisition.object);
  if (row == held_at_end_.end()) return;
  for (const HeldAtEnd& held : row->second) {
    if (held.actor == ref.actor || !Exclude(held.mode, acquisition.mode)) {
      continue;
    }
    if (let_go_again_ == kNone) let_go_again_ = acquisition.object;
    if (acquisition.match == kNone) {
      possible_ = false;
    } else {
      Need({ref.actor, acquisition.match});
    }
  }
}

// Then each actor's i-th arrival is in phase i, in whatever order.
bool MustPrecede::EachArrivesInEachPhase(ObjectIndex barrier) {
  const auto [row, is_new] = each_arrives_.try_emplace(barrier, true);
  if (!is_new) return row->second;
  const ObjectActs& acts = order_.Of(barrier);
  bool each = acts.posters.size() == acts.initial;
  std::vector<EventRef> posts = acts.posts;
  std::sort(posts.begin(), posts.end(), [](EventRef a, EventRef b) {
    return a.actor != b.actor ? a.actor < b.actor : a.index < b.index;
  });
  ActorIndex actor = kNone;
  uint32_t phase = 0;
  for (const EventRef post : posts) {
    phase = post.actor == actor ? phase + 1 : 1;
    actor = post.actor;
    each &= trace_.At(post).order == phase;
  }
  return each_arrives_[barrier] = each;
}

const Supply& MustPrecede::SupplyOf(ObjectIndex object) {
  const ObjectActs& acts = order_.Of(object);
  const auto row = supplies_.find(object);
  if (row != supplies_.end()) return row->second;
  return supplies_.try_emplace(object, trace_, acts.initial, acts.posts)
      .first->second;
}

void MustPrecede::NeedForTake(EventRef ref, const Event& e) {
  const ObjectActs& acts = order_.Of(e.object);
  const bool one_posts = acts.posters.size() == 1 && acts.closes.empty();
  switch (acts.role) {
    case Role::kFlag:
      if (one_posts) {
        Need(*std::min_element(
            acts.posts.begin(), acts.posts.end(),
            [](EventRef a, EventRef b) { return a.index < b.index; }));
      }
      return;
    case Role::kAllArrive:
      if (order_.IsLatch(e.object) || EachArrivesInEachPhase(e.object)) {
        for (const EventRef arrival : order_.Arrivals(e.object, e.order)) {
          Need(arrival);
        }
        const EventRef completion = order_.Completion(e.object, e.order);
        if (completion.known()) Need(completion);
      }
      return;
    case Role::kUnits:
    case Role::kOutstanding: {
      const Supply& supply = SupplyOf(e.object);
      taken_in_ += supply.posters();
      supply.AddNeeds(ref, own_units_[ref.actor][ref.index], needed_);
      return;
    }
    default:
      return;
  }
}

}  // namespace lockcheck::analysis
