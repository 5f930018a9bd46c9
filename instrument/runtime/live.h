// mode=live: everything is seen, and only what is new is kept.
//
// Problem: a program that runs for months cannot keep a log, but should be told
// of a deadlock, and of a lock order that can become one, when it comes about.
// So its log lies in memory, and a thread's block in it has two parts: what
// stands before the thread's `mark` is kept (names, the first time of each
// dependency, forks and joins); what stands behind is what the thread did last,
// and is overwritten when the block is full or something new comes (Rewind()).
// What the objects are and in which order they are asked for is kept elsewhere
// (live_book.h), as long as the objects are there. The reports come from the
// same command and the same code as those on a file, which reads a copy
// (live_copy.h).
//
// Guarantees: what a waiting thread holds and waits for is in the log as long
// as it waits. Memory: what is kept in the log, at most max_log (256 MiB if it
// is not given), and a block for each thread; what is known of the objects that
// are there.
//
// Threading: a thread's part by itself.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_H_

#include <cstdint>

#include "instrument/runtime/record.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/thread.h"

namespace lockcheck::runtime {

inline constexpr uint64_t kLiveBytes = 256u << 20;

// What the thread writes while one of these lives is kept. The gate is shut.
// Costs one branch in the other modes.
class Keep {
 public:
  explicit Keep(Thread* t) : t_(t->live ? t : nullptr) {
    if (t_ != nullptr && t_->keeping++ == 0) Begin(t_);
  }
  ~Keep() {
    if (t_ != nullptr && --t_->keeping == 0) End(t_);
  }
  Keep(const Keep&) = delete;
  Keep& operator=(const Keep&) = delete;

 private:
  static void Begin(Thread* t);
  static void End(Thread* t);
  Thread* t_;
};

// Before a wait: a report may name the actor, so its beginning is kept; and
// there is room enough that nothing is overwritten, or sealed, while it waits.
inline void ReadyToWait(Thread* t) {
  constexpr ptrdiff_t kRoomOfWait = 1024;
  if (!t->live) return;
  if (!t->begin_kept) const Keep keep(t);
  if (t->end - t->hot.cursor < kRoomOfWait && !t->scratch) RoomSlow(t);
}

// Before what is written of a wait for `wanted` (0: for a thread's end): who
// reads the log itself and no copy (`lockcheck status PID`) finds there what it
// is called, and what the thread holds.
void ShowObjectsOfWait(Thread* t, uint32_t wanted);

// A fork or a join: what the thread does from now on comes after it, and a
// dependency of before says nothing about that.
inline void NextPhase(Thread* t) { ++t->phase; }

// Of a full block: true if it was rewound, and has room.
bool RewindInsteadOfSealing(Thread* t);

// What is asked for under what the thread holds, up to `top`, as one number:
// the key of `ways`. Never 0.
inline uint64_t LiveWay(Thread* t, const Hold* top, uint32_t wanted) {
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15ull;
  const uint32_t epoch = t->ways_epoch.load(std::memory_order_acquire);
  uint64_t key = (uint64_t{t->phase} << 32 | epoch) * kSpread;
  const auto add = [&key](uint32_t object) {
    key = (key ^ key >> 29 ^ object) * kSpread;
  };
  add(wanted);
  for (const Hold* hold = t->kept().hot.holds; hold != top; ++hold) {
    add(ObjectOf(*hold) | (IsRead(*hold) ? 1u << 31 : 0u));
  }
  return key | 1;
}

// The ways that the thread has come, in this phase and the ones before: a hash
// table that grows with them, up to kMostWays; beyond that it forgets some, and
// those are looked up in the process's again. An id in it may become another
// object's; before that, the thread's `ways_epoch` grows, which is a part of
// the key.
inline constexpr uint32_t kMostWays = 1 << 20;
inline constexpr uint32_t kWayProbes = 8;
inline size_t LiveWayPlace(uint64_t way) { return way >> 40; }
inline bool KnowsLiveWay(const Kept& kept, uint64_t way) {
  const bool grown = kept.live_ways != nullptr;
  const uint64_t* const ways = grown ? kept.live_ways : kept.ways;
  const size_t mask = (grown ? kept.live_capacity : kWayCache) - 1;
  const size_t place = LiveWayPlace(way);
  for (size_t i = 0; i < kWayProbes; ++i) {
    const uint64_t seen = ways[(place + i) & mask];
    if (seen == way) return true;
    if (seen == 0) return false;
  }
  return false;
}
// For the next actor of the thread's memory.
void ForgetLiveWays(Thread* t);

// Before a lock is asked for: if the thread holds others, or may be joined, and
// comes this way for the first time, that is kept, and noted for a report if it
// closes a cycle (reporter.h).
void NoteOrder(Thread* t, const LockRequest& request, uint32_t site);
// The same before the actor's end is waited for. What is kept of that is to
// follow.
void NoteJoinOrder(Thread* t, uint32_t actor, uint32_t site);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_H_
