#include "instrument/runtime/live_ends.h"

#include <algorithm>
#include <cstring>

namespace lockcheck::runtime {
namespace {

constexpr uint32_t kFew = 8;
constexpr uint32_t kMostForgotten = 256;

size_t BytesOf(uint32_t count) { return count * sizeof(LiveEnds::Wanted); }

}  // namespace

LiveEnds::Actor* LiveEnds::Make(uint32_t id, const LiveBegin& begin) {
  LiveTable::Entry* const entry = actors_.Find(id);
  if (entry == nullptr) return nullptr;
  if (entry->value == nullptr) {
    auto* const actor = pool_.Make<Actor>();
    if (actor == nullptr) {
      actors_.Erase(id);
      return nullptr;
    }
    *actor = {id, begin, false, 0, 0, nullptr};
    entry->value = actor;
  }
  auto* const actor = static_cast<Actor*>(entry->value);
  if (actor->begin.process == 0) actor->begin = begin;
  return actor;
}

LiveEnds::Actor* LiveEnds::Find(uint32_t id) const {
  return static_cast<Actor*>(actors_.Get(id));
}

// A thread with few ways keeps them where others may overwrite them (live.h),
// and comes again with what it has forgotten.
bool LiveEnds::Knows(const Actor& actor, const Wanted& w) {
  return actor.count <= kMostForgotten &&
         std::any_of(actor.wanted, actor.wanted + actor.count,
                     [&](const Wanted& known) {
                       return known.wanted == w.wanted &&
                              known.phase == w.phase && known.tried == w.tried;
                     });
}

bool LiveEnds::Add(Actor& actor, const Wanted& wanted) {
  if (Knows(actor, wanted)) return true;
  if (actor.count == actor.capacity) {
    if (actor.capacity == kMostOfActor) return false;
    const uint32_t larger = std::max(kFew, 2 * actor.capacity);
    auto* const grown = static_cast<Wanted*>(pool_.Take(BytesOf(larger)));
    if (grown == nullptr) return false;
    if (actor.wanted != nullptr) {
      memcpy(grown, actor.wanted, BytesOf(actor.count));
      pool_.Give(actor.wanted, BytesOf(actor.capacity));
    }
    actor.wanted = grown;
    actor.capacity = larger;
  }
  actor.wanted[actor.count++] = wanted;
  return true;
}

uint32_t LiveEnds::Ended(uint32_t actor) { return ended_.Push(actor); }

// LiveOrder has its requests now.
uint32_t LiveEnds::JoinedUnderLock(Actor& actor) {
  if (actor.wanted != nullptr)
    pool_.Give(actor.wanted, BytesOf(actor.capacity));
  actor.wanted = nullptr;
  actor.count = actor.capacity = 0;
  actor.joined = true;
  return joined_.Push(actor.id);
}

void LiveEnds::Forget(uint32_t id) {
  Actor* const actor = Find(id);
  if (actor == nullptr) return;
  if (actor->wanted != nullptr) {
    pool_.Give(actor->wanted, BytesOf(actor->capacity));
  }
  actors_.Erase(id);
  pool_.GiveBack(actor);
}

}  // namespace lockcheck::runtime
