#include "instrument/runtime/live_order.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "instrument/runtime/process.h"

namespace lockcheck::runtime {

struct LiveOrder::Link {
  Object* to;
  Link* next;
};

struct LiveOrder::Use {
  Dependency* by;
  uint32_t held;  // with its mode
  Use* next;
};

struct LiveOrder::Object {
  uint32_t id;
  uint32_t place;  // in the topological order, as long as there is one
  uint32_t mark;   // of the last search that came by
  Object* cycle;   // leads to the same object for all of a cycle; null: none
  Link* out;
  Link* in;
  Use* uses;
};

struct LiveOrder::Actor {
  uint32_t id;
  uint32_t phase;
  Actor* next;
};

struct LiveOrder::Dependency {
  Object* object;
  uint32_t wanted;
  uint32_t notes;
  Actor* actors;
  Dependency* next_of_hash;
  uint32_t held_count;
  uint32_t held[];
};

// One step of the search for a pattern: a dependency that is on the path, and
// where the search for the one behind it stands.
struct LiveOrder::Path {
  const Dependency* dependency;
  uint32_t actor;
  const Use* use;
  const Actor* next_actor;
};

namespace {

constexpr uint64_t kSpread = 0x9e3779b97f4a7c15ull;

template <typename T>
T* Allocate(size_t more = 0) {
  return static_cast<T*>(ArenaAllocate(sizeof(T) + more));
}

uint32_t IdOf(uint32_t object) { return object & ~LiveOrder::kShared; }

// Two holds, or a hold and a request, of one lock.
bool Exclude(uint32_t a, uint32_t b) {
  return IdOf(a) == IdOf(b) && (a & b & LiveOrder::kShared) == 0;
}

uint64_t HashOf(const LiveOrder::Request& r) {
  uint64_t h = r.wanted * kSpread;
  for (size_t i = 0; i < r.held_count; ++i) {
    h = (h ^ h >> 29 ^ r.held[i]) * kSpread;
  }
  return h == 0 ? 1 : h;
}

bool IsPowerOfTwo(uint32_t n) { return (n & (n - 1)) == 0; }

}  // namespace

LiveOrder::Table::Entry* LiveOrder::Table::Find(uint64_t key) {
  if (2 * size >= capacity && !Grow()) return nullptr;
  size_t i = (key * kSpread) >> 20;
  while (true) {
    Entry& entry = entries[i++ & (capacity - 1)];
    if (entry.key == key) return &entry;
    if (entry.key != 0) continue;
    entry.key = key;
    ++size;
    return &entry;
  }
}

bool LiveOrder::Table::Grow() {
  const size_t larger = capacity == 0 ? 1024 : 2 * capacity;
  auto* const grown = static_cast<Entry*>(MapPages(larger * sizeof(Entry)));
  if (grown == nullptr) return false;
  for (size_t k = 0; k < capacity; ++k) {
    if (entries[k].key == 0) continue;
    size_t i = (entries[k].key * kSpread) >> 20;
    while (grown[i & (larger - 1)].key != 0) ++i;
    grown[i & (larger - 1)] = entries[k];
  }
  if (entries != nullptr) munmap(entries, capacity * sizeof(Entry));
  entries = grown;
  capacity = larger;
  return true;
}

template <typename T>
bool LiveOrder::List<T>::Push(const T& item) {
  if (size == capacity) {
    const size_t larger = capacity == 0 ? 256 : 2 * capacity;
    auto* const grown = static_cast<T*>(MapPages(larger * sizeof(T)));
    if (grown == nullptr) return false;
    if (items != nullptr) {
      memcpy(static_cast<void*>(grown), items, size * sizeof(T));
      munmap(items, capacity * sizeof(T));
    }
    items = grown;
    capacity = larger;
  }
  items[size++] = item;
  return true;
}

LiveOrder::Object* LiveOrder::ObjectOf(uint32_t id) {
  Table::Entry* const entry = objects_.Find(id);
  if (entry == nullptr) return nullptr;
  if (entry->value == nullptr) {
    auto* const object = Allocate<Object>();
    if (object == nullptr) return nullptr;
    *object = {id, ++next_place_, 0, nullptr, nullptr, nullptr, nullptr};
    entry->value = object;
  }
  return static_cast<Object*>(entry->value);
}

// The dependency, made if need be; null: no memory.
LiveOrder::Dependency* LiveOrder::DependencyOf(const Request& r) {
  Table::Entry* const entry = dependencies_.Find(HashOf(r));
  if (entry == nullptr) return nullptr;
  auto* known = static_cast<Dependency*>(entry->value);
  for (; known != nullptr; known = known->next_of_hash) {
    if (known->wanted == r.wanted && known->held_count == r.held_count &&
        memcmp(known->held, r.held, r.held_count * sizeof(uint32_t)) == 0) {
      return known;
    }
  }
  if (uses_ + r.held_count > kMostUses) return nullptr;
  uses_ += r.held_count;
  Object* const object = ObjectOf(IdOf(r.wanted));
  auto* const made = Allocate<Dependency>(r.held_count * sizeof(uint32_t));
  if (object == nullptr || made == nullptr) return nullptr;
  made->object = object;
  made->wanted = r.wanted;
  made->notes = 0;
  made->actors = nullptr;
  made->next_of_hash = static_cast<Dependency*>(entry->value);
  made->held_count = static_cast<uint32_t>(r.held_count);
  memcpy(made->held, r.held, r.held_count * sizeof(uint32_t));
  entry->value = made;
  for (size_t i = 0; i < r.held_count; ++i) {
    Object* const held = ObjectOf(IdOf(r.held[i]));
    auto* const use = Allocate<Use>();
    if (held == nullptr || use == nullptr) return made;
    *use = {made, r.held[i], held->uses};
    held->uses = use;
    if (held != object && !AddEdge(held, object)) return made;
  }
  return made;
}

// ---- Edges ------------------------------------------------------------------

bool LiveOrder::AddEdge(Object* from, Object* to) {
  Table::Entry* const entry =
      edges_.Find(static_cast<uint64_t>(from->id) << 32 | to->id);
  if (entry == nullptr) return false;
  if (entry->value != nullptr) return true;
  auto* const out = Allocate<Link>();
  auto* const in = Allocate<Link>();
  if (out == nullptr || in == nullptr) return false;
  entry->value = out;
  const bool acyclic = !has_cycle_ && Agrees(from, to);
  *out = {to, from->out};
  *in = {from, to->in};
  from->out = out;
  to->in = in;
  if (!acyclic) Join(from, to);
  return true;
}

// Whether the edge leaves the graph without a cycle; the order is mended then.
bool LiveOrder::Agrees(Object* from, Object* to) {
  if (from->place < to->place) return true;
  if (Reach(to, from, false, from->place, forward_)) return false;
  Reach(from, nullptr, true, to->place, backward_);
  Reorder();
  return true;
}

// What was reached backwards goes before what was reached forwards, in the
// places that both had.
void LiveOrder::Reorder() {
  const auto before = [](const Object* a, const Object* b) {
    return a->place < b->place;
  };
  std::sort(forward_.items, forward_.items + forward_.size, before);
  std::sort(backward_.items, backward_.items + backward_.size, before);
  places_.size = 0;
  for (size_t i = 0; i < backward_.size; ++i) {
    if (!places_.Push(backward_.items[i]->place)) return;
  }
  for (size_t i = 0; i < forward_.size; ++i) {
    if (!places_.Push(forward_.items[i]->place)) return;
  }
  std::sort(places_.items, places_.items + places_.size);
  for (size_t i = 0; i < backward_.size; ++i) {
    backward_.items[i]->place = places_.items[i];
  }
  for (size_t i = 0; i < forward_.size; ++i) {
    forward_.items[i]->place = places_.items[backward_.size + i];
  }
}

// All objects that edges lead to from `from`, itself included, in places not
// beyond `bound` (UINT32_MAX, or backwards 0: all). True: `goal` is one of
// them.
bool LiveOrder::Reach(Object* from, const Object* goal, bool backwards,
                      uint32_t bound, List<Object*>& found) {
  const uint32_t mark = ++mark_;
  found.size = 0;
  from->mark = mark;
  bool reached = from == goal;
  if (!found.Push(from)) return false;
  for (size_t i = 0; i < found.size; ++i) {
    const Object* const object = found.items[i];
    for (const Link* link = backwards ? object->in : object->out;
         link != nullptr; link = link->next) {
      Object* const to = link->to;
      reached |= to == goal;
      const bool beyond = backwards ? to->place < bound : to->place > bound;
      if (to->mark == mark || beyond) continue;
      to->mark = mark;
      if (!found.Push(to)) return reached;
    }
  }
  return reached;
}

// The edge, which is there already, may close cycles: all objects of those
// belong together from now on.
void LiveOrder::Join(Object* from, Object* to) {
  if (!Reach(to, from, false, UINT32_MAX, forward_)) return;
  has_cycle_ = true;
  const uint32_t ahead = mark_;
  // Those that lead here and were reached from here.
  backward_.size = 0;
  const uint32_t both = ++mark_;
  from->mark = both;
  if (!backward_.Push(from)) return;
  for (size_t i = 0; i < backward_.size; ++i) {
    for (const Link* link = backward_.items[i]->in; link != nullptr;
         link = link->next) {
      if (link->to->mark != ahead) continue;
      link->to->mark = both;
      if (!backward_.Push(link->to)) return;
    }
  }
  for (size_t i = 0; i < backward_.size; ++i) {
    backward_.items[i]->cycle = from;
  }
}

// ---- Patterns ---------------------------------------------------------------

// Objects of one strong component have one representative: Join() goes over the
// whole of it each time.
bool LiveOrder::IsInCycle(const Dependency& d) const {
  if (d.object->cycle == nullptr) return false;
  for (const Link* link = d.object->in; link != nullptr; link = link->next) {
    if (link->to->cycle != d.object->cycle) continue;
    for (uint32_t i = 0; i < d.held_count; ++i) {
      if (IdOf(d.held[i]) == link->to->id) return true;
    }
  }
  return false;
}

bool LiveOrder::FitsBehind(const Dependency& next, uint32_t actor,
                           size_t depth) const {
  for (size_t i = 0; i < depth; ++i) {
    const Path& p = path_.items[i];
    if (p.actor == actor || p.dependency->object == next.object) return false;
    for (uint32_t a = 0; a < next.held_count; ++a) {
      for (uint32_t b = 0; b < p.dependency->held_count; ++b) {
        if (Exclude(next.held[a], p.dependency->held[b])) return false;
      }
    }
  }
  return true;
}

// Depth first: each dependency of the path asks for what the next one holds.
bool LiveOrder::FindPattern(const Dependency& first, uint32_t actor) {
  const auto closes = [&first](const Dependency& last) {
    return std::any_of(
        first.held, first.held + first.held_count,
        [&last](uint32_t held) { return Exclude(held, last.wanted); });
  };
  path_.size = 0;
  if (!path_.Push({&first, actor, first.object->uses, nullptr})) return false;
  for (size_t steps = 0; path_.size != 0 && steps < kMostSteps; ++steps) {
    Path& top = path_.items[path_.size - 1];
    if (top.use == nullptr) {
      --path_.size;
      continue;
    }
    const Dependency& next = *top.use->by;
    if (top.next_actor == nullptr) {
      // A way out of the cycle's objects does not come back.
      const bool leads = next.object->cycle == first.object->cycle &&
                         Exclude(top.use->held, top.dependency->wanted);
      top.next_actor = leads ? next.actors : nullptr;
    } else {
      top.next_actor = top.next_actor->next;
    }
    if (top.next_actor == nullptr) {
      top.use = top.use->next;
      continue;
    }
    const uint32_t by = top.next_actor->id;
    if (!FitsBehind(next, by, path_.size)) continue;
    if (closes(next)) return true;
    if (!path_.Push({&next, by, next.object->uses, nullptr})) return false;
  }
  return false;
}

LiveOrder::Answer LiveOrder::Note(const Request& request) {
  Dependency* const d = DependencyOf(request);
  is_full_ |= d == nullptr;
  if (d == nullptr) return Answer::kKnown;
  Actor* actor = d->actors;
  while (actor != nullptr && actor->id != request.actor) actor = actor->next;
  if (actor != nullptr && actor->phase == request.phase) return Answer::kKnown;
  ++d->notes;
  const bool in_cycle = IsInCycle(*d);
  if (d->notes > kMostActors && !IsPowerOfTwo(d->notes) &&
      !(in_cycle && d->notes <= kMostInCycle)) {
    return Answer::kKnown;
  }
  if (actor != nullptr) {
    actor->phase = request.phase;
  } else {
    actor = Allocate<Actor>();
    if (actor == nullptr) return Answer::kKnown;
    *actor = {request.actor, request.phase, d->actors};
    d->actors = actor;
  }
  return in_cycle && FindPattern(*d, request.actor) ? Answer::kCloses
                                                    : Answer::kNew;
}

}  // namespace lockcheck::runtime
