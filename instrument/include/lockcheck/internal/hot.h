// The hot path: what a lock() and an unlock() do inline.
//
// Problem: recording must cost about as much as the lock. So the lock word
// holds the owner (actor id and a waiter bit) and is set by one
// compare-and-swap; a section in which nothing else happens is one four-byte
// store at release; and everything that is not "this thread holds nothing, had
// this lock last, and is not to be sampled now" leaves for the runtime through
// a function named
// ...Uncommon.
//
// Every step here can be interrupted by a signal handler that takes locks, or
// by kill -9. The thread's key is zero while its state is being changed: a
// handler that finds it so goes to the runtime, which records it as an actor of
// its own. A record is stored whole before the pending entry it stands for is
// cleared.
//
// Written for the compiler's eye as much as for the reader's: about 25
// instructions each way, no calls.
#ifndef LOCKCHECK_INTERNAL_HOT_H_
#define LOCKCHECK_INTERNAL_HOT_H_

#include <atomic>
#include <cstdint>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// ---- Where in the code ------------------------------------------------------
// Each inlined lock operation owns one slot in its module's data. The distance
// to the instruction is filled by the assembler, the tag by the runtime when it
// first comes by.
struct SiteSlot {
  int32_t pc_distance;  // from this field to the instruction
  uint32_t tag;         // see SiteTag
  uint32_t outer;       // tag of the site that was held when a request here was
                        // last recorded with its stack; 0: none yet
};

enum SiteTag : uint32_t {
  kSiteUnknown = 0,  // not registered yet
  kSiteShort = 1,  // bit 0: site id << 20 | 1, may be added to an object's tag
  kSiteWrapper = 2,  // in a guard of std that was not inlined: ask the stack
  kSiteWide = 4,     // bit 2: site id << 3 | 4, too large for a short record
};

// The section's flag "?" keeps the slot in the COMDAT group of the function it
// belongs to, so the linker drops both or neither.
#define LOCKCHECK_SITE_SLOT(slot)                          \
  __asm__ volatile(                                        \
      "771: leaq 772f(%%rip), %0\n\t"                      \
      ".pushsection lockcheck_sites,\"aw?\",@progbits\n\t" \
      ".balign 4\n\t"                                      \
      "772: .long 771b - .\n\t"                            \
      ".long 0, 0\n\t"                                     \
      ".popsection"                                        \
      : "=r"(slot))

// Where the function that contains the slot was called from: needed only if
// that function turns out to be a wrapper, so it is computed on the uncommon
// path.
struct Caller {
  void* return_address;
  void* frame;  // canonical frame address
};
#define LOCKCHECK_CALLER()                             \
  ::lockcheck::internal::Caller {                      \
    __builtin_return_address(0), __builtin_dwarf_cfa() \
  }

// ---- The lock ---------------------------------------------------------------
inline constexpr uint32_t kWaiters = 1u << 31;  // somebody sleeps on the word
inline constexpr uint32_t kOwnerMask = kWaiters - 1;
inline constexpr uint32_t kOffOwner = 1;  // the owner in mode=off

// What every exclusive lock is made of. All fields but `word` change only while
// the lock is held (`holder_site` is read by waiters, hence atomic).
struct LockState {
  std::atomic<uint32_t> word{0};  // owner's actor id, waiter bit; 0: free
  // Who held it last; 0: never held. With kWaiters set if the hot path must not
  // recognize it: the object's id needs a wide record, or another actor
  // unlocked it.
  uint32_t last_actor = 0;
  // Object id << 3, bit 1 if the id needs a wide record; 0: not registered.
  // Read by waiters, hence atomic.
  std::atomic<uint32_t> tag{0};
  uint32_t handovers = 0;  // times it went from one actor to another
  std::atomic<uint32_t> holder_site{0};  // SiteSlot tag of the last acquisition
  uint32_t line;                         // of the constructor's call
  const char* file;
  const char* name;

  constexpr LockState(const char* n, source_location where) noexcept
      : line(where.line()), file(where.file_name()), name(n) {}
};
static_assert(sizeof(LockState) <= 40);

// ---- The thread -------------------------------------------------------------
struct PendingEntry {  // log::Pending, checked by the runtime
  uint32_t packed;
  uint32_t position;
  uint32_t object;
  uint32_t site;
  uint32_t handover;
  uint32_t flags;
  uint64_t start_ticks;
};

// Lives in a page that fork() gives to the child as zeros, so that the child's
// first operation takes the uncommon path instead of writing into its parent's
// block, with no check of the pid.
struct ThreadState {
  // Actor id, locks held << 32. Zero: not attached, busy, or just forked. Busy
  // also if it counts another number of holds than the entries show.
  uint64_t key;
  uint32_t* cursor;       // next word of the hot block
  uint32_t* sample_at;    // at or behind it, the next acquisition is uncommon
  PendingEntry* pending;  // in the hot block's header
};

enum RunMode : uint8_t { kModeUnknown = 0, kModeRecord = 1, kModeOff = 2 };

struct ThreadPointer {
  ThreadState* state;  // never null
  enum Phase : uint32_t { kNew, kAttaching, kAttached, kEnded } phase;
  uint32_t tid;  // 0: not yet asked for
};

extern ThreadState g_unattached;  // all zero
extern std::atomic<uint8_t> g_mode;
extern thread_local constinit ThreadPointer t_thread
    __attribute__((tls_model("initial-exec")));

// ---- Leaving the hot path ---------------------------------------------------
enum class LockKind : uint8_t {  // model::ObjectKind's numbers
  kMutex = 1,
  kTimedMutex = 2,
  kRecursiveMutex = 3,
  kRecursiveTimedMutex = 4,
};

struct Deadline {
  int64_t seconds;  // since the clock's epoch
  int64_t nanoseconds;
  bool realtime;  // CLOCK_REALTIME, else CLOCK_MONOTONIC
};

// The warm path: nested and sampled sections of a lock that this thread had
// last; too much to inline, too frequent for the general path. False: nothing
// was done. Not for recursive locks that are held more than once.
bool WarmAcquire(LockState& lock, SiteSlot* slot) noexcept;
bool WarmRelease(LockState& lock) noexcept;

void LockUncommon(LockState& lock, LockKind kind, SiteSlot* slot,
                  Caller caller);
// The hot path took the lock, but somebody else had it last, or it was never
// registered. The thread's entries do not show the hold yet.
void HandoverUncommon(LockState& lock, LockKind kind, SiteSlot* slot) noexcept;
bool TryLockUncommon(LockState& lock, LockKind kind, SiteSlot* slot,
                     Caller caller) noexcept;
bool TimedLockUncommon(LockState& lock, LockKind kind, SiteSlot* slot,
                       Caller caller, const Deadline& deadline);
void UnlockUncommon(LockState& lock, LockKind kind, SiteSlot* slot,
                    Caller caller);
// One member of a lock(a, b, ...) request, of which `held` are held already.
// The first member blocks, the others try.
bool LockMemberUncommon(LockState& lock, LockKind kind, SiteSlot* slot,
                        Caller caller, uint32_t held) noexcept(false);
void WakeOne(LockState& lock) noexcept;
void DestroyLock(LockState& lock, LockKind kind) noexcept;

// ---- Lock and unlock --------------------------------------------------------
inline constexpr uint32_t kObjectBits =
    0xfffff;  // opcode and object of a record
inline constexpr uint32_t kSectionOpcode = 1;
inline constexpr uint64_t kOneHeld = uint64_t{1} << 32;

inline bool IsOff() {
  return g_mode.load(std::memory_order_relaxed) == kModeOff;
}

LOCKCHECK_ALWAYS_INLINE void StoreWord(uint32_t* word, uint32_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

// The thread's key, read once and written once per operation. The fences are
// for the compiler only: what a signal handler on this thread may see.
LOCKCHECK_ALWAYS_INLINE uint64_t LoadKey(const ThreadState* t) {
  return __atomic_load_n(&t->key, __ATOMIC_RELAXED);
}
LOCKCHECK_ALWAYS_INLINE void BeginBusy(ThreadState* t) {
  __atomic_store_n(&t->key, 0, __ATOMIC_RELAXED);
  std::atomic_signal_fence(std::memory_order_seq_cst);
}
LOCKCHECK_ALWAYS_INLINE void EndBusy(ThreadState* t, uint64_t key) {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  __atomic_store_n(&t->key, key, __ATOMIC_RELAXED);
}

// Makes `packed` the pending acquisition, at `cursor`.
LOCKCHECK_ALWAYS_INLINE void PublishPending(PendingEntry* pending,
                                            const uint32_t* cursor,
                                            uint32_t packed) {
  // The entry lies 8 words behind the block's start.
  const auto position =
      static_cast<uint64_t>(cursor - reinterpret_cast<uint32_t*>(pending) + 8);
  __atomic_store_n(reinterpret_cast<uint64_t*>(pending),
                   position << 32 | packed, __ATOMIC_RELEASE);
}

// True: the lock was free, this thread has it and the acquisition stands in the
// pending entry (or the runtime has recorded it).
LOCKCHECK_ALWAYS_INLINE bool AcquireHot(LockState& lock, LockKind kind,
                                        SiteSlot* slot) {
  ThreadState* const t = t_thread.state;
  const uint64_t key = LoadKey(t);
  uint32_t* const cursor = t->cursor;
  const uint32_t site = __atomic_load_n(&slot->tag, __ATOMIC_RELAXED);
  uint32_t free = 0;
  // key - 1 wraps for 0, and is large if anything is held.
  if (__builtin_expect(key - 1 >= 0xffffffff, false) ||
      __builtin_expect(cursor >= t->sample_at, false) ||
      __builtin_expect((site & kSiteShort) == 0, false)) {
    // A recursive lock's word must name its owner even then.
    return kind <= LockKind::kTimedMutex && IsOff() &&
           lock.word.compare_exchange_strong(free, kOffOwner,
                                             std::memory_order_acquire,
                                             std::memory_order_relaxed);
  }
  const auto me = static_cast<uint32_t>(key);
  // One hold more than the entries show: to a signal handler this is as good as
  // busy, and it is one store less.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  __atomic_store_n(&t->key, key + kOneHeld, __ATOMIC_RELAXED);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (__builtin_expect(
          !lock.word.compare_exchange_strong(
              free, me, std::memory_order_acquire, std::memory_order_relaxed),
          false)) {
    EndBusy(t, key);
    return false;
  }
  if (__builtin_expect(lock.last_actor != me, false)) {
    HandoverUncommon(lock, kind, slot);
    return true;
  }
  // The cursor is read anew: a signal handler may have written records between
  // the look at it and the store that made this thread busy.
  PublishPending(t->pending, t->cursor,
                 lock.tag.load(std::memory_order_relaxed) | site);
  lock.holder_site.store(site, std::memory_order_relaxed);
  return true;
}

// True: the lock is released. False: nothing was changed.
LOCKCHECK_ALWAYS_INLINE bool ReleaseHot(LockState& lock) {
  ThreadState* const t = t_thread.state;
  const uint64_t key = LoadKey(t);
  const auto me = static_cast<uint32_t>(key);
  if (__builtin_expect(me == 0, false)) {
    if (!IsOff()) return false;
  } else {
    if (__builtin_expect(lock.word.load(std::memory_order_relaxed) != me,
                         false)) {
      return false;
    }
    // Busy before it looks: a signal handler that locks opens the entry.
    BeginBusy(t);
    PendingEntry* const pending = t->pending;
    const uint32_t packed = pending->packed;
    if (__builtin_expect(((packed ^ lock.tag.load(std::memory_order_relaxed)) &
                          kObjectBits) != kSectionOpcode,
                         false)) {
      EndBusy(t, key);
      return false;
    }
    uint32_t* const cursor = t->cursor;
    StoreWord(cursor, packed);
    t->cursor = cursor + 1;
    StoreWord(&pending->packed, 0);
    EndBusy(t, key - kOneHeld);
  }
  if (__builtin_expect(
          lock.word.exchange(0, std::memory_order_release) & kWaiters, false)) {
    WakeOne(lock);
  }
  return true;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_HOT_H_
