// What the runtime keeps per thread.
//
// Two parts in one mapping. The first page (Thread) is wiped by fork(): the
// child finds zeros, so its first lock operation comes here instead of writing
// into its parent's block. The rest (Kept) is copied by fork as usual: the
// child knows what its one thread holds.
//
// Threading: everything is used by its own thread only, but for the two `next_`
// pointers and `waiting`; others read `name` and `tid` while the thread waits.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_THREAD_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_THREAD_H_

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/options.h"
#include "lib/log/format.h"
#include "lib/model/primitives.h"
#include "lockcheck/internal/hot.h"
#include "lockcheck/internal/task_hooks.h"

namespace lockcheck::runtime {

using internal::Hold;
using internal::LockState;
using internal::SiteSlot;
using internal::ThreadHolds;
using internal::ThreadState;

// A return address inside a std guard, or the first one outside of it.
struct WrapperFrame {
  void* return_address;
  uint32_t frame_size;  // bytes to the caller's frame; 0: site is final
  uint32_t site;
};

// A wait for a lock, for a thread's end, or, if it is neither, for a signal.
struct Wanted {
  const LockState* lock;  // null: a join
  uint32_t joined;        // actor id, of a join
  uint32_t site;
  uint32_t actor;  // who waits
  bool timed;
  bool reads;
  bool shared;  // the lock is a SharedState
  // What the thread holds meanwhile; the list is never unmapped.
  const Hold* holds;
  const Hold* top;
  bool outside;     // what ends it is no thread of this process
  uint32_t permit;  // of a semaphore that is held like a lock: its object
  bool owed;        // nobody waits for that because it is idle
  model::ObjectKind kind;  // of a signal
  bool process;            // what is waited for is between processes
};

// The same as its thread shows it to the others.
struct Waiting {
  std::atomic<uint32_t> number;  // odd while it lasts
  std::atomic<uint32_t> joined;
  std::atomic<uint32_t> actor;
  std::atomic<uint32_t> site;
  std::atomic<uint32_t> how;
  std::atomic<uint32_t> permit;
  std::atomic<const LockState*> lock;
  std::atomic<const Hold*> holds;
  std::atomic<const Hold*> top;
  std::atomic<uint64_t> since;       // WaitClock()
  std::atomic<uint64_t> reported;    // the wait whose deadlock was reported
  std::atomic<uint32_t> stall_said;  // the wait that was said to be long
};

inline constexpr size_t kNameBytes = 64;

inline constexpr size_t kWrapperCache = 128;
inline constexpr size_t kWayCache = 256;
inline constexpr size_t kMaxCopies = 8;
inline constexpr size_t kMaxAncestors = 8;

// Of a request that closes a cycle of lock orders, see reporter.h.
struct ClosingRequest {
  // kJoin: for a thread's end. kPerhaps: not if a try is none of std::lock's,
  // or through the end of the thread that asks.
  enum What : uint8_t { kNone, kOrder, kJoin, kPerhaps } what;
  const LockState* lock;  // null: of kJoin, or kPerhaps
  uint32_t site;
  uint32_t held_site;  // 0: nothing is held
};

// As in a record of an access.
struct Accessed {
  uint32_t tag, version;
};
inline constexpr uint32_t kMostAccessed = 8;

struct Thread;

// Copied by fork.
struct Kept {
  ThreadHolds hot;  // first: the inline code finds it
  uint32_t actor;   // of the process this memory belongs to
  // Whom this thread continues after a fork, the latest first: locks that were
  // held then have one of these as their owner.
  uint32_t ancestors[kMaxAncestors];
  uint32_t fork_actor;  // id that the next fork's child takes; 0: none
  uint32_t last_fork;   // id that the last one's child took
  uint32_t fork_site;   // of the fork that is under way; 0: not known
  // See fork_held.h.
  Thread* next_known;
  Thread* next_holder;
  Thread* signal_thread;  // for handlers that interrupt a busy thread
  Thread* interrupted;    // of a signal thread: whom it serves
  internal::ThreadPointer* pointers[kMaxCopies];  // one per copy of the runtime
  int exit_rounds;
  uint64_t ways[kWayCache];  // see WayKey(); seen before
  // With mode=live, see LiveWays; null: `ways`, of kWayCache.
  uint64_t* live_ways;
  uint32_t live_capacity;
  uint32_t live_count;
  uint32_t live_epoch;  // Thread::ways_epoch when they were empty
  WrapperFrame wrappers[kWrapperCache];
};

// Wiped by fork.
struct Thread {
  ThreadState hot;  // first: the inline code points here
  uint32_t magic;   // kThreadMagic; 0: wiped
  uint32_t process;
  uint32_t segment;         // number of the present one
  uint32_t* segment_begin;  // its record
  log::BlockHeader* block;
  uint32_t* begin;     // first word after the block's header
  uint32_t* safe_end;  // an acquisition must start before it
  uint32_t* end;
  uint32_t* after_long;     // end of the last record of more than one word
  uintptr_t sample_target;  // address at which the next hold is timed
  uint64_t stamp;           // last stamp as a reader computes it
  Timing timing;            // the first copy's: another copy may be asking
  uint32_t random;
  uint32_t samples;  // taken so far; not counted on behind kEarlySamples
  bool scratch;      // the block is thrown away: recording stopped
  // Behind the last record of a condition's wait: a request that finds the
  // cursor there takes the condition's own lock again.
  uint32_t* after_wait;
  // Behind the last record, if that was an access, and which versions of which
  // variables its thread has accessed since it recorded anything else.
  uint32_t* after_access;
  uint32_t accessed_count;
  Accessed accessed[kMostAccessed];
  Waiting waiting;
  // Of the pool whose worker it is; null: of none. Read by others while it
  // waits.
  std::atomic<const internal::QueueState*> jobs;
  std::atomic<const internal::WaitQueue*> slots;
  // As the watch saw it last, see elsewhere.h.
  std::atomic<uint32_t> elsewhere;  // 1: it sleeps in a wait of another's
  std::atomic<uint32_t> joins;      // actor id, if it is that one's end; else 0
  std::atomic<uint64_t> trace;      // see quiescence.cc
  struct HoldRoom* hold_rooms;      // free ones, see coroutine.cc
  uint32_t live_coroutine;          // with mode=live: which it runs; 0: none
  // With mode=live only, see live.h.
  bool live;
  bool begin_kept;                // the actor's beginning is kept
  bool notes_wanted;              // it may be joined, see live_ends.h
  uint16_t keeping;               // scopes of Keep
  uint32_t* mark;                 // what stands in the block before it is kept
  uint32_t mark_segment;          // the segment that it ends in
  std::atomic<uint32_t> rewinds;  // one more before each Rewind()
  uint32_t phase;                 // one more after each fork and join
  std::atomic<uint32_t> ways_epoch;  // see live.h; any thread adds to it
  uint64_t shown;                    // ShowObjectsOfWait(): of which wait
  ClosingRequest closing;
  log::BeginHow begin_how;
  uint32_t begin_parent;
  uint64_t begin_ticks;
  uint32_t tid;
  char name[kNameBytes];
  uint32_t named;     // actor to whom it was given last
  Thread* next_free;  // under ProcessLock
  Thread* next_all;   // under ProcessLock

  Kept& kept() {
    return *reinterpret_cast<Kept*>(reinterpret_cast<char*>(this) +
                                    internal::kHoldsOffset);
  }
};
static_assert(sizeof(Thread) <= internal::kSeenOffset);
static_assert(internal::kSeenOffset + internal::kSeenEntries * 8 <= 4096);
inline constexpr uint32_t kThreadMagic = 0x54434b4c;
inline constexpr size_t kThreadBytes =
    (internal::kHoldsOffset + sizeof(Kept) + 4095) / 4096 * 4096;

// Room that every acquisition leaves, so that the inline release need not look.
inline constexpr size_t kSlackWords = 32;

// The calling thread's. All zero if it is not attached.
inline Thread* Current() {
  return reinterpret_cast<Thread*>(internal::t_thread.state);
}
inline size_t HoldCount(Thread* t) {
  const ThreadHolds& h = t->kept().hot;
  return static_cast<size_t>(h.top - h.holds);
}
inline bool IsBusy(Thread* t) {
  return internal::LoadGate(&t->kept().hot) == internal::kGateShut;
}
inline void BeginBusy(Thread* t) {
  internal::SetGate(&t->kept().hot, internal::kGateShut);
}

inline uint32_t InnermostGate(Thread* t) { return t->kept().hot.top[-1].gate; }

// The calling thread's state, busy; attached, or re-attached after a fork, if
// need be. Null: this thread cannot be recorded (its end is past, or memory is
// out); its lock operations still work.
Thread* Enter();
// Ends what Enter() or BeginBusy() began.
inline void Leave(Thread* t) {
  internal::SetGate(&t->kept().hot, InnermostGate(t));
}

// After a sleep, busy again. True: the thread is not `actor` any more, because
// a signal handler forked meanwhile and this is the child: what it had begun,
// it has to begin anew.
bool Resume(Thread* t, uint32_t actor);

// The owner id of a thread that cannot be recorded: this bit, and its thread
// id.
inline constexpr uint32_t kUnrecorded = 1u << 29;
uint32_t UnrecordedOwner();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_THREAD_H_
