// What LiveOrder is made of, for its source files.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_ORDER_PARTS_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_ORDER_PARTS_H_

#include "instrument/runtime/live_order.h"

namespace lockcheck::runtime {

// On the list of the uses of its held object.
struct LiveOrder::Use {
  Dependency* by;
  uint32_t held;   // with its mode
  Object* object;  // null: no memory
  LiveEdge* edge;  // null: none, or no memory
  Use* next;
  Use** at;
};

struct LiveOrder::Object {
  LiveNode node;  // first
  uint32_t id;
  bool dead;
  uint32_t candidate;  // the last one that it is a part of
  Use* uses;
  Dependency* wanted_by;
  Object* next_dead;
};

// Behind it stand the sites of the dependency's holds, and for each ghost its
// id with the mode and the site.
struct LiveOrder::Occurrence {
  uint32_t actor;
  uint32_t phase;
  uint32_t process;
  uint32_t segment;
  uint32_t site;
  uint32_t how;
  uint32_t member;  // of a try, see Request
  uint32_t member_site;
  bool silent;
  uint32_t ghosts;
  Outer* outer;  // null: none
  Occurrence* next;

  bool HasMoreHeld() const { return ghosts != 0 || outer != nullptr; }
  uint32_t* sites() { return reinterpret_cast<uint32_t*>(this + 1); }
  const uint32_t* sites() const {
    return reinterpret_cast<const uint32_t*>(this + 1);
  }
};

// What differs from no other: the same locks, held at the same sites, within
// the same. It goes when nothing has it any more.
struct LiveOrder::Outer {
  Outer* around;  // null: they are the outermost
  Outer* next_of_hash;
  uint64_t hash;
  uint32_t references;        // by occurrences and by outers within
  uint32_t count;             // of locks, with those around
  uint32_t held[kOuterStep];  // with the mode
  uint32_t sites[kOuterStep];
};

struct LiveOrder::Dependency {
  Object* object;
  uint32_t wanted;
  uint32_t tried;  // see Request
  uint32_t notes;
  uint64_t hash;
  Occurrence* occurrences;
  Dependency* next_of_hash;
  Dependency* next_wanted;
  Dependency** at_wanted;
  uint32_t held_count;
  Use held[];

  const uint32_t* GhostsOf(const Occurrence& o) const {
    return o.sites() + held_count;
  }
};

// One step of the search for a pattern: a dependency that is on the path, and
// where the search for the one behind it stands.
struct LiveOrder::Path {
  const Dependency* dependency;
  const Occurrence* occurrence;
  const Use* use;
  const Occurrence* next;
};

inline uint32_t LiveId(uint32_t object) { return object & ~LiveOrder::kShared; }

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_ORDER_PARTS_H_
