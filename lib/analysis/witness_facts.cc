#include "lib/analysis/witness_facts.h"

#include <algorithm>

#include "lib/model/primitives.h"

namespace lockcheck::analysis {

uint32_t WitnessFacts::PhaseOf(const Event& e) const {
  const model::ObjectKind kind = trace_.objects[e.object].kind;
  return model::PrimitiveOf(kind).stock == model::Stock::kFlag ? 0 : e.order;
}

void WitnessFacts::Count() {
  if (counted_) return;
  counted_ = true;
  for (ObjectIndex o = 0; o < trace_.objects.size(); ++o) {
    const ObjectIndex items = trace_.objects[o].items;
    if (items != kNone) ends_of_[items].push_back(o);
  }
  for (ActorIndex a = 0; a < trace_.actors.size(); ++a) {
    const auto& events = trace_.actors[a].events;
    absl::flat_hash_map<ObjectIndex, int64_t> has;  // of items
    for (uint32_t i = 0; i < events.size(); ++i) {
      const Event& e = events[i];
      if (e.kind == EventKind::kAcquire) orders_[e.object].push_back(e.order);
      if (e.kind == EventKind::kTake && ends_of_.contains(e.object)) {
        ++has[e.object];
      }
      if (e.kind != EventKind::kPost) continue;
      const ObjectIndex items = trace_.objects[e.object].items;
      if (items != kNone && --has[items] < 0) ends_others_[e.object] = true;
      CountPost({a, i}, e);
    }
  }
  for (auto& [lock, orders] : orders_) std::sort(orders.begin(), orders.end());
}

void WitnessFacts::CountPost(EventRef ref, const Event& e) {
  if (trace_.objects[e.object].role() == Role::kAllArrive) {
    arrivals_[{e.object, PhaseOf(e)}].push_back(ref);
  }
  if (e.post == model::Post::kClear) return;
  auto& posts = last_posts_[e.object];
  if (posts.empty() || posts.back().actor != ref.actor) {
    posts.push_back(ref);
  } else {
    posts.back() = ref;
  }
}

const std::vector<EventRef>& WitnessFacts::Arrivals(ObjectIndex object,
                                                    uint32_t phase) {
  Count();
  return arrivals_[{object, phase}];
}

uint64_t WitnessFacts::ArrivalsIn(ObjectIndex object, uint32_t phase) {
  if (!trace_.cut.empty()) return UINT64_MAX;
  return Arrivals(object, phase).size();
}

const std::vector<ObjectIndex>& WitnessFacts::EndsOf(ObjectIndex items) {
  Count();
  return ends_of_[items];
}

bool WitnessFacts::EachEndsWhatItGot(ObjectIndex end) {
  Count();
  return trace_.objects[end].items != kNone && !ends_others_.contains(end);
}

const std::vector<EventRef>& WitnessFacts::LastPosts(ObjectIndex object) {
  Count();
  return last_posts_[object];
}

uint64_t WitnessFacts::SectionsBefore(EventRef acquisition) {
  Count();
  const Event& e = trace_.At(acquisition);
  const auto& orders = orders_[e.object];
  auto before = static_cast<uint64_t>(
      std::lower_bound(orders.begin(), orders.end(), e.order) - orders.begin());
  const auto& events = trace_.actors[acquisition.actor].events;
  for (uint32_t i = acquisition.index; i-- > 0;) {
    if (events[i].kind != EventKind::kAcquire || events[i].object != e.object) {
      continue;
    }
    if (events[i].order != e.order) break;
    ++before;
  }
  return before;
}

}  // namespace lockcheck::analysis
