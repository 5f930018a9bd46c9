// What each thread asked for, until nobody can wait for its end any more.
//
// Problem: who joins a thread under a lock that the thread has taken, or will
// take, can deadlock. What a thread takes with nothing held is in no lock
// order, and who will be joined under a lock is not known before. So the first
// request of each thread for each lock, in each of its phases, is kept here
// until it is joined; when that happens under a lock, what there is goes to
// LiveOrder, as made under the thread's end, and so does what comes later.
//
// Memory: kMostOfActor requests of a thread at most, and those of the latest
// kMostEnded threads that have ended and were not joined (they may be
// detached); LiveOrder knows the latest kMostJoined that were joined under a
// lock.
//
// Threading: under one lock of the caller's. Never calls malloc.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_ENDS_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_ENDS_H_

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/live_memory.h"
#include "instrument/runtime/live_order.h"

namespace lockcheck::runtime {

// How a thread began. Its own record of that may not be kept.
struct LiveBegin {
  uint32_t process;  // 0: it is not known
  uint32_t parent;
  uint32_t tid;
  uint64_t ticks;
};

class LiveEnds {
 public:
  static constexpr uint32_t kMostOfActor = 4096;
  static constexpr size_t kMostEnded = 1024;
  static constexpr size_t kMostJoined = 256;

  struct Wanted {
    uint32_t phase;
    uint32_t wanted;  // with its mode
    uint32_t segment;
    uint32_t site;
    uint32_t how;
    uint32_t tried;  // see LiveOrder::Request
    uint32_t member;
    uint32_t member_site;
    bool silent;
  };
  struct Actor {
    uint32_t id;
    LiveBegin begin;
    bool joined;  // under a lock: LiveOrder has all of `wanted`
    uint32_t count, capacity;
    Wanted* wanted;
  };

  // Made if need be; null: no memory. What has no process says nothing.
  Actor* Make(uint32_t actor, const LiveBegin& begin);
  // Null: it asked for nothing.
  Actor* Find(uint32_t actor) const;
  // Once. False: it has as many as there may be, or there is no memory.
  bool Add(Actor& actor, const Wanted& wanted);

  // It has ended. Returns whom it makes forgotten; 0: nobody.
  uint32_t Ended(uint32_t actor);
  // It was joined under a lock. The same.
  uint32_t JoinedUnderLock(Actor& actor);
  void Forget(uint32_t actor);

  // Forgets the requests for which is_gone(request).
  template <typename IsGone>
  void ForgetGone(IsGone is_gone) {
    actors_.ForEach([&](void* value) {
      auto& actor = *static_cast<Actor*>(value);
      uint32_t kept = 0;
      for (uint32_t i = 0; i < actor.count; ++i) {
        if (!is_gone(actor.wanted[i])) actor.wanted[kept++] = actor.wanted[i];
      }
      actor.count = kept;
    });
  }
  // Calls visit(const Actor&) for each that was joined under a lock.
  template <typename Visit>
  void ForEachJoined(Visit visit) const {
    actors_.ForEach([&](const void* value) {
      const auto& actor = *static_cast<const Actor*>(value);
      if (actor.joined) visit(actor);
    });
  }

 private:
  static bool Knows(const Actor& actor, const Wanted& wanted);

  template <size_t kMost>
  struct Latest {
    uint32_t Push(uint32_t actor) {
      uint32_t& slot = actors[next++ % kMost];
      const uint32_t oldest = slot;
      slot = actor;
      return oldest;
    }
    uint32_t actors[kMost] = {};
    size_t next = 0;
  };

  LivePool pool_;
  LiveTable actors_;  // by id
  Latest<kMostEnded> ended_;
  Latest<kMostJoined> joined_;
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_ENDS_H_
