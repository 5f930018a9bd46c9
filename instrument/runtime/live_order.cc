#include "instrument/runtime/live_order.h"

#include <algorithm>
#include <cstring>

#include "instrument/runtime/live_order_parts.h"

namespace lockcheck::runtime {
namespace {

uint64_t HashOf(const LiveOrder::Request& r) {
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15ull;
  uint64_t h = (uint64_t{r.tried} << 32 | r.wanted) * kSpread;
  for (size_t i = 0; i < r.held_count; ++i) {
    h = (h ^ h >> 29 ^ r.held[i]) * kSpread;
  }
  return h == 0 ? 1 : h;
}

uint64_t EdgeKey(uint32_t from, uint32_t to) {
  return uint64_t{from} << 32 | to;
}

uintptr_t CountOf(const LiveTable::Entry& entry) {
  return reinterpret_cast<uintptr_t>(entry.value);
}

bool IsPowerOfTwo(uint32_t n) { return (n & (n - 1)) == 0; }

}  // namespace

// ---- Objects and edges ------------------------------------------------------

// Made if need be; null: no memory.
LiveOrder::Object* LiveOrder::ObjectOf(uint32_t id) {
  LiveTable::Entry* const entry = objects_.Find(id);
  if (entry == nullptr) return nullptr;
  if (entry->value == nullptr) {
    auto* const object = pool_.Make<Object>();
    if (object == nullptr) {
      objects_.Erase(id);
      return nullptr;
    }
    *object = {{}, id, false, 0, nullptr, nullptr, nullptr};
    graph_.Add(object->node);
    entry->value = object;
  }
  return static_cast<Object*>(entry->value);
}

LiveEdge* LiveOrder::EdgeBetween(Object& from, Object& to) {
  const uint64_t key = EdgeKey(from.id, to.id);
  LiveTable::Entry* const entry = edges_.Find(key);
  if (entry == nullptr) return nullptr;
  if (entry->value == nullptr) {
    auto* const edge = pool_.Make<LiveEdge>();
    if (edge == nullptr) {
      edges_.Erase(key);
      return nullptr;
    }
    graph_.Connect(*edge, from.node, to.node);
    entry->value = edge;
  }
  return static_cast<LiveEdge*>(entry->value);
}

// ---- Dependencies -----------------------------------------------------------

// Made if need be; null: no room or no memory.
LiveOrder::Dependency* LiveOrder::DependencyOf(const Request& r) {
  const uint64_t hash = HashOf(r);
  LiveTable::Entry* const entry = dependencies_.Find(hash);
  if (entry == nullptr) return nullptr;
  auto* known = static_cast<Dependency*>(entry->value);
  for (; known != nullptr; known = known->next_of_hash) {
    if (known->wanted == r.wanted && known->tried == r.tried &&
        known->held_count == r.held_count &&
        std::equal(
            r.held, r.held + r.held_count, known->held,
            [](uint32_t held, const Use& u) { return held == u.held; })) {
      return known;
    }
  }
  Dependency* const made = MakeDependency(r, *entry);
  if (entry->value == nullptr) dependencies_.Erase(hash);
  return made;
}

LiveOrder::Dependency* LiveOrder::MakeDependency(const Request& r,
                                                 LiveTable::Entry& entry) {
  if (uses_ + r.held_count > kMostUses) return nullptr;
  Object* const object = ObjectOf(LiveId(r.wanted));
  if (object == nullptr) return nullptr;
  auto* const made = pool_.Make<Dependency>(r.held_count * sizeof(Use));
  if (made == nullptr) return nullptr;
  uses_ += r.held_count;
  ++dependencies_count_;
  tried_count_ += r.tried != 0;
  made->object = object;
  made->wanted = r.wanted;
  made->tried = r.tried;
  made->notes = 0;
  made->hash = entry.key;
  made->occurrences = nullptr;
  made->next_of_hash = static_cast<Dependency*>(entry.value);
  entry.value = made;
  made->next_wanted = object->wanted_by;
  made->at_wanted = &object->wanted_by;
  if (made->next_wanted != nullptr) {
    made->next_wanted->at_wanted = &made->next_wanted;
  }
  object->wanted_by = made;
  made->held_count = static_cast<uint32_t>(r.held_count);
  for (size_t i = 0; i < r.held_count; ++i) {
    Use& use = made->held[i];
    use = {made,    r.held[i], ObjectOf(LiveId(r.held[i])),
           nullptr, nullptr,   nullptr};
    if (use.object == nullptr) continue;
    use.next = use.object->uses;
    use.at = &use.object->uses;
    if (use.next != nullptr) use.next->at = &use.next;
    use.object->uses = &use;
    if (use.object == object) continue;
    use.edge = EdgeBetween(*use.object, *object);
    if (use.edge != nullptr) ++use.edge->uses;
  }
  return made;
}

void LiveOrder::RemoveUse(Use& use, Object& wanted) {
  if (use.object == nullptr) return;
  *use.at = use.next;
  if (use.next != nullptr) use.next->at = use.at;
  if (use.edge == nullptr || --use.edge->uses != 0) return;
  graph_.Remove(*use.edge);
  edges_.Erase(EdgeKey(use.object->id, wanted.id));
  pool_.GiveBack(use.edge);
}

void LiveOrder::Remove(Dependency& d) {
  auto* first = static_cast<Dependency*>(dependencies_.Get(d.hash));
  Dependency** at = &first;
  while (*at != &d) at = &(*at)->next_of_hash;
  *at = d.next_of_hash;
  if (first == nullptr) {
    dependencies_.Erase(d.hash);
  } else {
    dependencies_.Set(d.hash, first);
  }
  *d.at_wanted = d.next_wanted;
  if (d.next_wanted != nullptr) d.next_wanted->at_wanted = d.at_wanted;
  for (uint32_t i = 0; i < d.held_count; ++i) RemoveUse(d.held[i], *d.object);
  while (Occurrence* const o = d.occurrences) {
    d.occurrences = o->next;
    RemoveOccurrence(d, o);
  }
  uses_ -= d.held_count;
  --dependencies_count_;
  tried_count_ -= d.tried != 0;
  pool_.GiveBack(&d, d.held_count * sizeof(Use));
}

// ---- Occurrences ------------------------------------------------------------

// The one of that actor and phase; null: none.
LiveOrder::Occurrence** LiveOrder::OccurrenceOf(Dependency& d, uint32_t actor,
                                                uint32_t phase) {
  for (Occurrence** at = &d.occurrences; *at != nullptr; at = &(*at)->next) {
    if ((*at)->actor == actor && (*at)->phase == phase) return at;
  }
  return nullptr;
}

// Null: it is there, or repeated too often to be kept, or there is no memory.
// One under which nothing more was held says more than one with ghosts or outer
// locks, and takes its place.
LiveOrder::Occurrence* LiveOrder::AddOccurrence(Dependency& d, uint32_t actor,
                                                uint32_t phase, uint32_t ghosts,
                                                Outer* outer) {
  Occurrence** const same = OccurrenceOf(d, actor, phase);
  const bool more_held = ghosts != 0 || outer != nullptr;
  if (same != nullptr && (more_held || !(*same)->HasMoreHeld())) return nullptr;
  ++d.notes;
  if (same == nullptr && d.notes > kMostOccurrences && !IsPowerOfTwo(d.notes) &&
      !(d.notes <= kMostInCycle && IsInCycle(d))) {
    return nullptr;
  }
  const size_t words = d.held_count + 2 * ghosts;
  auto* const o = pool_.Make<Occurrence>(words * sizeof(uint32_t));
  if (o == nullptr) return nullptr;
  if (same != nullptr) {
    Occurrence* const old = *same;
    *same = old->next;
    RemoveOccurrence(d, old);
  }
  *o = {actor, phase, 0, 0, 0, 0, 0, 0, false, ghosts, outer, d.occurrences};
  if (outer != nullptr) ++outer->references;
  memset(o->sites(), 0, words * sizeof(uint32_t));
  d.occurrences = o;
  return o;
}

void LiveOrder::RemoveOccurrence(const Dependency& d, Occurrence* o) {
  const uint32_t* const ghosts = d.GhostsOf(*o);
  for (uint32_t i = 0; i < o->ghosts; ++i) UncountGhost(LiveId(ghosts[2 * i]));
  if (o->member != 0) UncountGhost(LiveId(o->member));
  ReleaseOuter(o->outer);
  pool_.GiveBack(o, (d.held_count + 2 * o->ghosts) * sizeof(uint32_t));
}

// Its id does not come again as long as it is named here.
void LiveOrder::SetMember(Occurrence& o, uint32_t member, uint32_t site) {
  o.member = member;
  o.member_site = site;
  if (member != 0) CountGhost(LiveId(member));
}

LiveOrder::Answer LiveOrder::NoteInner(const Request& request, Outer* outer) {
  Dependency* const d = DependencyOf(request);
  is_full_ |= d == nullptr;
  if (d == nullptr) return Answer::kKnown;
  Occurrence* const o =
      AddOccurrence(*d, request.actor, request.phase, 0, outer);
  if (o == nullptr) return Answer::kKnown;
  o->process = request.process;
  o->segment = request.segment;
  o->site = request.site;
  o->how = request.how;
  o->silent = request.silent;
  // As long as the lock is there it is one of the objects: what is not, and is
  // named no more, is free.
  if (request.member != 0) ObjectOf(LiveId(request.member));
  SetMember(*o, request.member, request.member_site);
  if (request.held_sites != nullptr) {
    memcpy(o->sites(), request.held_sites,
           request.held_count * sizeof(uint32_t));
  }
  return IsInCycle(*d) ? Closes(*d, *o) : Answer::kNew;
}

LiveOrder::Answer LiveOrder::Note(const Request& request) {
  if (request.held_count <= kMostInner) return NoteInner(request, nullptr);
  left_outer_ = true;
  const size_t over = request.held_count - kMostInner;
  const size_t count = (over + kOuterStep - 1) / kOuterStep * kOuterStep;
  Outer* const outer = HoldOuters(request, count);
  is_full_ |= outer == nullptr;
  if (outer == nullptr) return Answer::kKnown;
  Request inner = request;
  inner.held += count;
  inner.held_count -= count;
  if (inner.held_sites != nullptr) inner.held_sites += count;
  const Answer answer = NoteInner(inner, outer);
  ReleaseOuter(outer);
  return answer;
}

// ---- What is gone -----------------------------------------------------------

void LiveOrder::CountGhost(uint32_t id) {
  LiveTable::Entry* const entry = ghosts_.Find(id);
  lost_count_ |= entry == nullptr;
  if (entry == nullptr) return;
  entry->value = reinterpret_cast<void*>(CountOf(*entry) + 1);
}

void LiveOrder::UncountGhost(uint32_t id) {
  LiveTable::Entry* const entry = ghosts_.Find(id);
  if (entry == nullptr) return;
  const uintptr_t count = CountOf(*entry);
  if (count > 1) {
    entry->value = reinterpret_cast<void*>(count - 1);
    return;
  }
  ghosts_.Erase(id);
  if (objects_.Get(id) == nullptr) Freed(id);
}

void LiveOrder::Freed(uint32_t id) { free_.Push(id); }

uint32_t LiveOrder::TakeFree() {
  if (free_.size == 0 || lost_count_) return 0;
  return free_.items[--free_.size];
}

// `from`, as an occurrence of the dependency that is left of `d` without the
// object.
void LiveOrder::CopyWithout(const Object& object, const Dependency& d,
                            const Occurrence& from, Dependency& to) {
  const uint32_t gone = d.held_count - to.held_count;
  Occurrence* const o =
      AddOccurrence(to, from.actor, from.phase, from.ghosts + gone, from.outer);
  if (o == nullptr) return;
  o->process = from.process;
  o->segment = from.segment;
  o->site = from.site;
  o->how = from.how;
  o->silent = from.silent;
  SetMember(*o, from.member, from.member_site);
  uint32_t* site = o->sites();
  uint32_t* ghost = site + to.held_count;
  memcpy(ghost, d.GhostsOf(from), from.ghosts * 2 * sizeof(uint32_t));
  ghost += 2 * from.ghosts;
  for (uint32_t i = 0; i < d.held_count; ++i) {
    if (d.held[i].object != &object) {
      *site++ = from.sites()[i];
      continue;
    }
    *ghost++ = d.held[i].held;
    *ghost++ = from.sites()[i];
  }
  const uint32_t* const ghosts = to.GhostsOf(*o);
  for (uint32_t i = 0; i < o->ghosts; ++i) CountGhost(LiveId(ghosts[2 * i]));
}

// What was asked for under other locks than the object, too.
void LiveOrder::KeepWithout(Object& object, Dependency& d) {
  rest_.size = 0;
  for (uint32_t i = 0; i < d.held_count; ++i) {
    const Use& use = d.held[i];
    if (use.object != &object && !rest_.Push(use.held)) return;
  }
  if (rest_.size == 0) return;
  Dependency* const rest =
      DependencyOf({0, 0, d.wanted, rest_.items, rest_.size, d.tried});
  if (rest == nullptr) return;
  for (const Occurrence* o = d.occurrences; o != nullptr; o = o->next) {
    CopyWithout(object, d, *o, *rest);
  }
}

void LiveOrder::Drop(Object& object) {
  while (object.wanted_by != nullptr) Remove(*object.wanted_by);
  while (object.uses != nullptr) {
    Dependency& d = *object.uses->by;
    KeepWithout(object, d);
    Remove(d);
  }
  const uint32_t id = object.id;
  objects_.Erase(id);
  pool_.GiveBack(&object);
  if (ghosts_.Get(id) == nullptr) Freed(id);
}

void LiveOrder::Forget(uint32_t id) {
  auto* const object = static_cast<Object*>(objects_.Get(id));
  if (object == nullptr) {
    if (ghosts_.Get(id) == nullptr) Freed(id);
  } else if (!IsPinned(*object) || dead_count_ >= kMostDead) {
    if (!object->dead) Drop(*object);
  } else if (!object->dead) {
    object->dead = true;
    object->next_dead = dead_;
    dead_ = object;
    ++dead_count_;
  }
}

void LiveOrder::Judged(uint32_t candidate) {
  judged_ = std::max(judged_, candidate);
  for (Object** at = &dead_; *at != nullptr;) {
    Object* const object = *at;
    if (IsPinned(*object)) {
      at = &object->next_dead;
      continue;
    }
    *at = object->next_dead;
    --dead_count_;
    Drop(*object);
  }
}

}  // namespace lockcheck::runtime
