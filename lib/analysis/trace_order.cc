#include "lib/analysis/trace_order.h"

#include <algorithm>
#include <iterator>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/outstanding.h"

namespace lockcheck::analysis {
namespace {

using model::ObjectKind;
using model::Post;
using model::Stock;

// An event that is not in the trace.
constexpr EventRef kNowhere = {0, UINT32_MAX};

bool AddsUnits(Post post) {
  return post == Post::kRelease || post == Post::kPut || post == Post::kGet ||
         post == Post::kTaskDone;
}

}  // namespace

TraceOrder::TraceOrder(const Trace& trace)
    : trace_(trace),
      pools_(trace),
      objects_(trace.objects.size()),
      numbers_(trace.actors.size()) {
  Collect();
  for (ObjectIndex o = 0; o < objects_.size(); ++o) FindRole(o);
  for (ObjectIndex o = 0; o < objects_.size(); ++o) {
    if (IsRoom(o)) FindPartner(o);
    if (objects_[o].role == Role::kOutstanding && !OrderOutstandingOf(o)) {
      objects_[o] = {};
    }
  }
}

void TraceOrder::Collect() {
  for (ActorIndex a = 0; a < trace_.actors.size(); ++a) {
    const auto& events = trace_.actors[a].events;
    for (uint32_t i = 0; i < events.size(); ++i) {
      const Event& e = events[i];
      if (e.kind == EventKind::kFork || e.kind == EventKind::kJoin) continue;
      const EventRef ref = {a, i};
      ObjectActs& acts = objects_[e.object];
      if (e.kind == EventKind::kTake) acts.takes.push_back(ref);
      if (MakesVersion(e.kind)) acts.writes.push_back(ref);
      if (e.kind == EventKind::kFound) acts.found.push_back(ref);
      if (e.kind == EventKind::kWaitBegin) acts.begins.push_back(ref);
      if (e.kind == EventKind::kAcquire && IsOnceFlag(e.object) &&
          e.mode == model::Mode::kExclusive && e.match < events.size()) {
        acts.runs.push_back({a, e.match});
      }
      if (e.kind != EventKind::kPost) continue;
      if (e.post == Post::kClose) {
        acts.closes.push_back(ref);
      } else {
        acts.posts.push_back(ref);
      }
    }
  }
}

bool TraceOrder::IsOnceFlag(ObjectIndex object) const {
  return trace_.objects[object].kind == model::ObjectKind::kOnceFlag;
}

void TraceOrder::SortByOrder(std::vector<EventRef>& refs) const {
  std::stable_sort(refs.begin(), refs.end(), [&](EventRef a, EventRef b) {
    return OrderOf(a) < OrderOf(b);
  });
}

void TraceOrder::FindRole(ObjectIndex object) {
  ObjectActs& acts = objects_[object];
  acts.initial = trace_.objects[object].initial;
  acts.role = trace_.objects[object].role();
  if (acts.role == Role::kLock || acts.role == Role::kUnknown) return;
  if (acts.role == Role::kData) return SortByOrder(acts.writes);
  if (!trace_.objects[object].whole || !Orders(acts)) {
    acts = {};
    return;
  }
  FindPosters(acts);
  acts.is_room =
      acts.role == Role::kUnits &&
      std::all_of(acts.posts.begin(), acts.posts.end(), [&](EventRef post) {
        return trace_.At(post).post == Post::kGet;
      });
}

bool TraceOrder::Orders(ObjectActs& acts) {
  switch (acts.role) {
    case Role::kUnits:
      return OrderUnits(acts);
    case Role::kFlag:
      return OrderWakers(acts) && OrderChanges(acts);
    case Role::kAllArrive:
      return OrderArrivals(acts);
    case Role::kCondition:
      acts.found_when_notified = IsFoundWhenNotified(acts);
      return OrderWakers(acts);
    default:
      return true;
  }
}

bool TraceOrder::OrderArrivals(ObjectActs& acts) {
  // Nobody knows who is missing.
  if (!trace_.cut.empty()) return false;
  SortByOrder(acts.posts);
  const auto completions = std::stable_partition(
      acts.posts.begin(), acts.posts.end(),
      [&](EventRef ref) { return trace_.At(ref).post != Post::kComplete; });
  acts.completions.assign(completions, acts.posts.end());
  acts.posts.erase(completions, acts.posts.end());
  return acts.posts.empty() || OrderOf(acts.posts.front()) != 0;
}

// When all others have their roles: those of the queue's items are needed.
bool TraceOrder::OrderOutstandingOf(ObjectIndex object) {
  ObjectActs& acts = objects_[object];
  if (!trace_.cut.empty()) return false;
  const ObjectIndex items = trace_.objects[object].items;
  const bool of_queue = items != kNone;
  if (of_queue && objects_[items].role != Role::kUnits) return false;
  std::vector<EventRef> starts, ends;
  for (const EventRef ref : acts.posts) {
    (trace_.At(ref).post == Post::kClear ? starts : ends).push_back(ref);
  }
  if (of_queue) starts = objects_[items].posts;
  auto ordered = OrderOutstanding(trace_, starts, ends, acts.takes);
  if (!ordered) return false;
  acts.starts = std::move(ordered->starts);
  acts.posts = std::move(ordered->ends);
  for (size_t i = 0; i < acts.posts.size(); ++i) Number(acts.posts[i], i);
  for (size_t i = 0; i < acts.takes.size(); ++i) {
    Number(acts.takes[i], ordered->ended[i]);
  }
  acts.posters.clear();
  FindPosters(acts);
  std::vector<ActorIndex> posters;
  for (const Poster& poster : acts.posters) posters.push_back(poster.actor);
  acts.posts_of = ByActor(acts.posts, posters);
  if (of_queue) {
    objects_[items].end = object;
    acts.gets_of = ByActor(objects_[items].takes, posters);
    if (!EachEndsWhatItGot(acts.gets_of, acts.posts_of)) acts.gets_of.clear();
  }
  return true;
}

// Nobody is woken twice.
bool TraceOrder::OrderWakers(ObjectActs& acts) {
  SortByOrder(acts.begins);
  for (const EventRef ref : acts.posts) {
    if (trace_.At(ref).tickets > 0) acts.wakers.push_back(ref);
  }
  std::sort(acts.wakers.begin(), acts.wakers.end(),
            [&](EventRef a, EventRef b) {
              return trace_.At(a).first_ticket < trace_.At(b).first_ticket;
            });
  return std::adjacent_find(acts.wakers.begin(), acts.wakers.end(),
                            [&](EventRef a, EventRef b) {
                              const Event& first = trace_.At(a);
                              return trace_.At(b).first_ticket -
                                         first.first_ticket <
                                     first.tickets;
                            }) == acts.wakers.end();
}

void TraceOrder::Number(EventRef ref, uint64_t number) {
  auto& numbers = numbers_[ref.actor];
  numbers.resize(trace_.actors[ref.actor].events.size());
  numbers[ref.index] =
      static_cast<uint32_t>(std::min<uint64_t>(number, UINT32_MAX));
}

// Each act but the first takes has a number of its own, and there is a unit for
// each take.
bool TraceOrder::OrderUnits(ObjectActs& acts) {
  SortByOrder(acts.posts);
  SortByOrder(acts.takes);
  // What was taken of the first permits before somebody released what he had
  // not acquired has no number, and needs nobody's post.
  uint32_t first = 0;
  while (first < acts.takes.size() && OrderOf(acts.takes[first]) == 0) {
    if (first == acts.initial) return false;
    Number(acts.takes[first], first);
    ++first;
  }
  uint64_t units = acts.initial;
  size_t post = 0;
  uint32_t last = 0;
  const auto add_post = [&] {
    const EventRef ref = acts.posts[post++];
    const Event& e = trace_.At(ref);
    Number(ref, units);
    units += e.amount;
    while (acts.initial + acts.post_of_unit.size() <
           std::min<uint64_t>(units, acts.takes.size())) {
      acts.post_of_unit.push_back(ref);
    }
    const bool is_next = e.order > last && AddsUnits(e.post);
    last = e.order;
    return is_next;
  };
  for (uint32_t take = first; take < acts.takes.size(); ++take) {
    const uint32_t order = OrderOf(acts.takes[take]);
    while (post < acts.posts.size() && OrderOf(acts.posts[post]) < order) {
      if (!add_post()) return false;
    }
    if (order <= last || take >= units) return false;
    Number(acts.takes[take], take);
    last = order;
  }
  while (post < acts.posts.size()) {
    if (!add_post()) return false;
  }
  return true;
}

bool TraceOrder::OrderChanges(ObjectActs& acts) {
  std::vector<EventRef> sets;
  for (const EventRef ref : acts.posts) {
    const Event& e = trace_.At(ref);
    const bool sets_it = e.post == Post::kSet || e.post == Post::kFulfil;
    if (!sets_it && e.post != Post::kClear) return false;
    if (e.order != 0) acts.changes.push_back(ref);
    if (sets_it) sets.push_back(ref);
  }
  SortByOrder(acts.changes);
  acts.posts = std::move(sets);
  return true;
}

// The count that the lock had when the actor held it last; kNone: it did not.
uint32_t TraceOrder::LastHandover(EventRef before, ObjectIndex lock) const {
  const auto& events = trace_.actors[before.actor].events;
  for (uint32_t i = before.index; i-- > 0;) {
    if (events[i].kind == EventKind::kAcquire && events[i].object == lock) {
      return events[i].order;
    }
  }
  return kNone;
}

// By the order of the sections of the lock that a wait would let go: the first
// of a notifier comes before the first in which the predicate was true.
bool TraceOrder::IsFoundWhenNotified(const ObjectActs& acts) const {
  uint32_t first_found = kNone;
  ObjectIndex lock = kNone;
  for (const EventRef ref : acts.found) {
    const auto& events = trace_.actors[ref.actor].events;
    if (ref.index + 1 == events.size()) continue;
    const Event& again = events[ref.index + 1];
    if (again.kind != EventKind::kAcquire) return false;
    if (lock != kNone && lock != again.object) return false;
    lock = again.object;
    first_found = std::min(first_found, again.order);
  }
  if (lock == kNone) return false;
  absl::flat_hash_map<ActorIndex, uint32_t> first_posts;
  for (const EventRef post : acts.posts) {
    const auto row = first_posts.try_emplace(post.actor, post.index).first;
    row->second = std::min(row->second, post.index);
  }
  return std::any_of(
      first_posts.begin(), first_posts.end(), [&](const auto& post) {
        const uint32_t order = LastHandover({post.first, post.second}, lock);
        return order != kNone && order < first_found;
      });
}

void TraceOrder::FindPosters(ObjectActs& acts) const {
  absl::flat_hash_map<ActorIndex, uint32_t> last;
  for (const auto* refs : {&acts.posts, &acts.closes}) {
    for (const EventRef ref : *refs) {
      uint32_t& index = last[ref.actor];
      index = std::max(index, ref.index);
    }
  }
  for (const auto& [actor, index] : last) {
    acts.posters.push_back({actor, index});
  }
  std::sort(acts.posters.begin(), acts.posters.end(),
            [](const Poster& a, const Poster& b) { return a.actor < b.actor; });
}

std::pair<TraceOrder::RefIterator, TraceOrder::RefIterator>
TraceOrder::WithOrder(const std::vector<EventRef>& refs, uint32_t order) const {
  const auto first = std::lower_bound(
      refs.begin(), refs.end(), order,
      [&](EventRef ref, uint32_t o) { return OrderOf(ref) < o; });
  const auto last = std::upper_bound(
      first, refs.end(), order,
      [&](uint32_t o, EventRef ref) { return o < OrderOf(ref); });
  return {first, last};
}

// Who puts takes room and adds an item, in one act.
void TraceOrder::FindPartner(ObjectIndex room) {
  if (objects_[room].takes.empty() || objects_[room].initial == 0) return;
  const EventRef take = objects_[room].takes.front();
  const auto& events = trace_.actors[take.actor].events;
  if (take.index + 1 == events.size()) return;
  const Event& put = events[take.index + 1];
  if (put.kind != EventKind::kPost || put.post != Post::kPut ||
      put.order != OrderOf(take)) {
    return;
  }
  objects_[room].partner = put.object;
  objects_[put.object].partner = room;
}

// What stays open is a latch: it has one phase.
bool TraceOrder::IsLatch(ObjectIndex object) const {
  return model::PrimitiveOf(trace_.objects[object].kind).stock == Stock::kFlag;
}

std::span<const EventRef> TraceOrder::Arrivals(ObjectIndex object,
                                               uint32_t phase) const {
  const ObjectActs& acts = objects_[object];
  if (IsLatch(object)) return acts.posts;
  const auto [first, last] = WithOrder(acts.posts, phase);
  return {first, last};
}

EventRef TraceOrder::Completion(ObjectIndex object, uint32_t phase) const {
  const auto [first, last] = WithOrder(objects_[object].completions, phase);
  return first == last ? EventRef() : *first;
}

bool TraceOrder::RunsCompletion(EventRef arrival) const {
  const Event& e = trace_.At(arrival);
  if (e.post == Post::kComplete || e.level != 0) return false;
  const EventRef completion = Completion(e.object, e.order);
  return completion.known() && completion.actor == arrival.actor;
}

void TraceOrder::NeedArrivals(ObjectIndex object, uint32_t phase,
                              std::vector<EventRef>& needs) const {
  const auto arrivals = Arrivals(object, phase);
  needs.insert(needs.end(), arrivals.begin(), arrivals.end());
  const EventRef completion = Completion(object, phase);
  if (completion.known()) needs.push_back(completion);
}

// Of each actor the last one that was before the take.
void TraceOrder::NeedEnds(EventRef take, std::vector<EventRef>& needs) const {
  const uint32_t ended = NumberOf(take);
  for (const auto& ends : objects_[trace_.At(take).object].posts_of) {
    const auto after = std::partition_point(
        ends.begin(), ends.end(),
        [&](EventRef end) { return NumberOf(end) < ended; });
    if (after != ends.begin()) needs.push_back(*std::prev(after));
  }
}

// The one whose value it saw.
void TraceOrder::NeedWrite(const Event& access,
                           std::vector<EventRef>& needs) const {
  const uint32_t seen = VersionSeen(access);
  const TraceObject& variable = trace_.objects[access.object];
  if (variable.mixed || seen == variable.first_version) return;
  const auto [first, last] = WithOrder(objects_[access.object].writes, seen);
  needs.push_back(last - first == 1 ? *first : kNowhere);
}

// Without those who were woken by it, it would have been lost.
void TraceOrder::AddReleased(const Event& post,
                             std::vector<EventRef>& needs) const {
  const auto& begins = objects_[post.object].begins;
  auto begin = std::lower_bound(
      begins.begin(), begins.end(), post.first_ticket,
      [&](EventRef ref, uint32_t ticket) { return OrderOf(ref) < ticket; });
  for (; begin != begins.end() &&
         OrderOf(*begin) - post.first_ticket < post.tickets;
       ++begin) {
    needs.push_back(*begin);
  }
}

EventRef TraceOrder::WakerOf(const ObjectActs& acts, uint32_t ticket) const {
  // The last one whose first ticket is not later: who has waited longest is
  // woken first. How many were woken does not say up to which ticket, for some
  // gave up.
  const auto after = std::upper_bound(
      acts.wakers.begin(), acts.wakers.end(), ticket,
      [&](uint32_t t, EventRef p) { return t < trace_.At(p).first_ticket; });
  return after == acts.wakers.begin() ? EventRef() : *std::prev(after);
}

// It has begun when a later one of the same submitter does.
void TraceOrder::AddTaskBefore(EventRef ref,
                               std::vector<EventRef>& needs) const {
  if (ref.index != 0 || pools_.PoolOf(ref.actor) == kNone) return;
  const ActorIndex before = pools_.Before(ref.actor);
  if (before != kNone) needs.push_back({before, 0});
}

void TraceOrder::Needs(EventRef ref, std::vector<EventRef>& needs) const {
  const Event& e = trace_.At(ref);
  if (e.kind == EventKind::kFork || e.kind == EventKind::kJoin) return;
  const ObjectActs& acts = objects_[e.object];
  switch (acts.role) {
    case Role::kUnits:
      if (e.kind == EventKind::kTake) {
        const uint32_t rank = Rank(ref);
        if (rank >= acts.initial) {
          needs.push_back(acts.post_of_unit[rank - acts.initial]);
        }
      }
      return;
    case Role::kFlag:
      if (e.kind == EventKind::kTake) {
        const auto [first, last] = WithOrder(acts.changes, e.order);
        needs.insert(needs.end(), first, last);
        if (first == last) needs.push_back(kNowhere);
      } else if (e.kind == EventKind::kPost && acts.changes.size() > 1) {
        AddReleased(e, needs);
      }
      return;
    case Role::kAllArrive:
      if (e.kind == EventKind::kTake) {
        NeedArrivals(e.object, e.order, needs);
      } else if (!IsLatch(e.object)) {
        if (e.order > 1) NeedArrivals(e.object, e.order - 1, needs);
        // Who runs the completion function does so when all are there.
        if (RunsCompletion(ref)) {
          for (const EventRef arrival : Arrivals(e.object, e.order)) {
            if (!(arrival == ref)) needs.push_back(arrival);
          }
        }
      }
      return;
    case Role::kOutstanding:
      if (e.kind == EventKind::kTake) {
        NeedEnds(ref, needs);
      } else if (e.post != Post::kClear) {
        needs.push_back(acts.starts[NumberOf(ref)]);
      }
      return;
    case Role::kCondition:
      if (e.kind == EventKind::kPost) {
        AddReleased(e, needs);
      } else if (e.kind == EventKind::kTake && e.order != 0) {
        const auto waker = WakerOf(acts, e.order);
        needs.push_back(waker.known() ? waker : kNowhere);
      }
      return;
    case Role::kData:
      if (SeesVersion(e.kind)) NeedWrite(e, needs);
      return;
    case Role::kPermits:
      AddTaskBefore(ref, needs);
      return;
    case Role::kLock:
      // Only a reader is sure to have found it so.
      if (e.kind == EventKind::kAcquire && e.mode == model::Mode::kShared) {
        needs.insert(needs.end(), acts.runs.begin(), acts.runs.end());
      }
      return;
    default:
      return;
  }
}

}  // namespace lockcheck::analysis
