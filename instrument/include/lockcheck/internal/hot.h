// The hot path: what a lock() and an unlock() do inline.
//
// Problem: recording must cost about as much as the lock. So the lock word
// holds the owner (actor id and a waiter bit) and is set by one
// compare-and-swap; an acquisition stores one four-byte record, and its release
// changes that record if it is still the last one; and everything that is not
// "this lock was this thread's last time, requested here under this hold
// before, and is not to be sampled now" leaves for the runtime through a
// function named Warm... or ...Uncommon.
//
// Every step here can be interrupted by a signal handler that takes locks, or
// by kill -9, and the process may be forked between any two. A record is stored
// whole, by one store. While the thread's state is being changed its gate is
// shut: a handler that finds it so goes to the runtime, which records it as an
// actor of its own. What fork() must not give to the child (where to write)
// lies in a page that it wipes.
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
  // Gate and lock class (see below) of the request here that the runtime saw
  // last: its stack is in the log. kOuterUnknown: none yet, or the tag is not
  // short.
  uint32_t outer;
};

enum SiteTag : uint32_t {
  kSiteUnknown = 0,  // not registered yet
  kSiteShort = 1,    // bit 0: site id << 20 | 1; with an object's tag it makes
                     // the record of an acquisition
  kSiteWrapper = 2,  // in a guard of std that was not inlined: ask the stack
  kSiteWide = 4,     // bit 2: site id << 3 | 4, too large for a short record
};

// A thread's gate says what it holds innermost: a hash of the lock's class and
// the site in the high half, where the lowest bit is set. With the class of the
// lock that is requested in the low half it names a way to come here: each has
// a stack of its own in the log. Two ways with one hash share a stack.
enum Gate : uint32_t {
  kGateShut = 0,  // busy, or not attached
  kGateNoHold = 0xfffe0000,
};
// Of slots; no gate and class make it, for 0xffff is no class.
inline constexpr uint32_t kOuterUnknown = 0xffff;

// What a lock keeps of where it was taken: a short tag, and between site and
// tag bit the low bits of the actor who took it there, so that a waiter sees
// whether the place is the present holder's or an older one's.
inline constexpr uint32_t kHolderBits = 0xffffe;
inline constexpr uint32_t HolderSite(uint32_t tag, uint32_t actor) {
  return tag & kSiteShort ? tag | (actor << 1 & kHolderBits) : tag;
}

// The section's flag "?" keeps the slot in the COMDAT group of the function it
// belongs to, so the linker drops both or neither.
#define LOCKCHECK_SITE_SLOT(slot)                          \
  __asm__ volatile(                                        \
      "771: leaq 772f(%%rip), %0\n\t"                      \
      ".pushsection lockcheck_sites,\"aw?\",@progbits\n\t" \
      ".balign 4\n\t"                                      \
      "772: .long 771b - .\n\t"                            \
      ".long 0, 0xffff\n\t"                                \
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
  // Object id << 3, bit 2, and bit 1 if the id needs a wide record; 0: not
  // registered.
  // Read by waiters, hence atomic.
  std::atomic<uint32_t> tag{0};
  uint32_t handovers = 0;  // times it went from one actor to another
  std::atomic<uint32_t> holder_site{
      0};                               // of the last acquisition: HolderSite()
  std::atomic<uint16_t> lock_class{0};  // hash, 1..0xfffe; 0: not known yet
  uint16_t line;  // of the constructor's call; 0: not known, or too large
  const char* file;
  const char* name;

  constexpr LockState(const char* n, source_location where) noexcept
      : line(where.line() <= 0xffff ? static_cast<uint16_t>(where.line()) : 0),
        file(where.file_name()),
        name(n) {}
};
static_assert(sizeof(LockState) <= 40);

// A lock that many may read. While somebody reads, the word is kReading and how
// many do. Readers of one kind of moment, between two writers, are unordered:
// their records name the writer's count.
inline constexpr uint32_t kReading = 1u << 30;
inline constexpr uint32_t kReadersActor = kReading - 1;  // as last_actor

struct SharedState : LockState {
  std::atomic<uint32_t> last_reader{0};  // some reader's actor id
  using LockState::LockState;
};

// ---- The thread -------------------------------------------------------------
// What the thread holds, as far as its release needs it.
struct Hold {
  uint32_t word;   // the first of its record; 0: it is no short record
  uint32_t after;  // low half of the address behind its record in the present
                   // segment, or kNotHere
  uint32_t gate;   // the thread's, while it is the innermost one
  uint32_t words;  // of its record, kHoldIsRead, kHoldIsPermit, kHoldIsTried;
                   // not valid for a plain record (log::kOpen), and the next
                   // two only if word is 0
  uint32_t object;
  uint32_t site;
  uint64_t start_ticks;  // valid if timed; 0: not timed, if word is 0. Not
                         // valid if the record is one word all the same
};
inline constexpr uint32_t kNotHere = 1;  // no address of a record is odd
inline constexpr uint32_t kHoldIsRead = 1u << 31;  // shared
inline constexpr uint32_t kHoldIsPermit = 1u << 30;
inline constexpr uint32_t kHoldIsTried = 1u << 29;  // by try_lock()
inline constexpr uint32_t kHoldWords = kHoldIsTried - 1;

// A page of its own that fork() gives to the child as zeros, so that the
// child's first operation takes the uncommon path instead of writing into its
// parent's block, with no check of the pid.
struct ThreadState {
  uint32_t* cursor;     // next word of the hot block; the block is zero from
                        // there on
  uint32_t* sample_at;  // at or behind it, the next acquisition is uncommon
  uint32_t actor;
  // The last reading in the present segment: the lock's tag, 0 if there is
  // none, and its count of hand-overs. While both stay, a plain record says the
  // same again.
  uint32_t read_tag;
  uint32_t read_count;
};

// Copied by fork.
struct ThreadHolds {
  uint32_t gate;
  Hold* top;    // behind the innermost hold
  Hold* limit;  // where top may not be if one more is to be taken
  Hold* holds;  // outermost first; holds[-1] matches nothing, and its gate is
                // kGateNoHold
};
// Not a whole page, or the two would share a cache set and, to the processor,
// the low bits of their addresses.
inline constexpr unsigned kHoldsOffset = 4096 + 128;

// In the page that fork() wipes: what seen.h keeps.
inline constexpr unsigned kSeenOffset = 3072;
inline constexpr unsigned kSeenEntries = 64;

struct UnattachedThread {
  ThreadState state;
  char space[kHoldsOffset - sizeof(ThreadState)];
  ThreadHolds holds;
};

enum RunMode : uint8_t { kModeUnknown = 0, kModeRecord = 1, kModeOff = 2 };

struct ThreadPointer {
  ThreadState* state;  // never null
  enum Phase : uint32_t { kNew, kAttaching, kAttached, kEnded } phase;
  uint32_t tid;  // 0: not yet asked for
};

extern UnattachedThread g_unattached;  // all zero
extern std::atomic<uint8_t> g_mode;
extern thread_local constinit ThreadPointer t_thread
    __attribute__((tls_model("initial-exec")));

// ---- Leaving the hot path ---------------------------------------------------
enum class LockKind : uint8_t {  // model::ObjectKind's numbers
  kMutex = 1,
  kTimedMutex = 2,
  kRecursiveMutex = 3,
  kRecursiveTimedMutex = 4,
  kSharedMutex = 6,
  kSharedTimedMutex = 7,
  kSemaphore = 9,
  kGil = 19,
  kOnceFlag = 14,  // held by whoever runs the function
  kCoroutineMutex = 23,
  kProcessMutex = 24,
  kProcessRecursiveMutex = 25,
  kProcessSharedMutex = 26,
  kCoroutineSharedMutex = 36,
};
constexpr bool IsRecursive(LockKind kind) {
  return kind == LockKind::kRecursiveMutex ||
         kind == LockKind::kRecursiveTimedMutex ||
         kind == LockKind::kProcessRecursiveMutex;
}
// Who passes a once_flag whose function has been run reads it.
constexpr bool IsShared(LockKind kind) {
  return kind == LockKind::kSharedMutex ||
         kind == LockKind::kSharedTimedMutex || kind == LockKind::kOnceFlag ||
         kind == LockKind::kProcessSharedMutex ||
         kind == LockKind::kCoroutineSharedMutex;
}
// No thread sleeps for it.
constexpr bool IsOfCoroutines(LockKind kind) {
  return kind == LockKind::kCoroutineMutex ||
         kind == LockKind::kCoroutineSharedMutex;
}

struct Deadline;  // deadline.h

// How something is asked for; model::How's numbers.
enum class How : uint8_t { kBlocking, kTry, kTimed, kMulti };
constexpr How HowToAsk(bool may_block, const Deadline* deadline) {
  if (!may_block) return How::kTry;
  return deadline == nullptr ? How::kBlocking : How::kTimed;
}

// The warm path: too much to inline, too frequent for the general path. False:
// nothing was done. WarmRelease() is not for recursive locks that are held more
// than once.
bool WarmAcquire(LockState& lock, SiteSlot* slot) noexcept;
bool WarmRelease(LockState& lock) noexcept;
// The same of a SharedState, by its writer.
bool WarmReleaseWriter(SharedState& lock) noexcept;
// The same of a lock that is handed over to who waits, by HandOver().
bool WarmReleaseHandedOver(LockState& lock) noexcept;
// The thread has just taken the lock's word; nothing else shows it yet.
void WarmTaken(LockState& lock, SiteSlot* slot) noexcept;

void LockUncommon(LockState& lock, LockKind kind, SiteSlot* slot,
                  Caller caller);
// The lock's word was just taken by the hot or the warm path.
void TakenUncommon(LockState& lock, SiteSlot* slot) noexcept;
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
// The lock, whose tag was `tag`, has just been released and had waiters: wakes
// one, and records the moment.
void ReleasedToWaiters(LockState& lock, uint32_t tag) noexcept;
// The same of a SharedState.
void WriterReleased(LockState& lock, uint32_t tag) noexcept;
// The lock, which has waiters, was released as far as the records are
// concerned, and its word names its owner still: it becomes the first waiter's.
void HandOver(LockState& lock, uint32_t tag) noexcept;

void LockSharedUncommon(SharedState& lock, LockKind kind, SiteSlot* slot,
                        Caller caller);
bool TryLockSharedUncommon(SharedState& lock, LockKind kind, SiteSlot* slot,
                           Caller caller) noexcept;
bool TimedLockSharedUncommon(SharedState& lock, LockKind kind, SiteSlot* slot,
                             Caller caller, const Deadline& deadline);
void UnlockSharedUncommon(SharedState& lock, SiteSlot* slot, Caller caller);
void DestroyLock(LockState& lock, LockKind kind) noexcept;

// ---- Lock and unlock --------------------------------------------------------
// Opcode and object of a record; the opcodes are log::ShortOp's.
inline constexpr uint32_t kObjectBits = 0xfffff;
inline constexpr uint32_t kOpenOpcode = 5;
inline constexpr uint32_t kOpenOpcodeBit = 4;

inline bool IsOff() {
  return g_mode.load(std::memory_order_relaxed) == kModeOff;
}

LOCKCHECK_ALWAYS_INLINE void StoreWord(uint32_t* word, uint32_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}
LOCKCHECK_ALWAYS_INLINE uint32_t LowHalf(const uint32_t* address) {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(address));
}

LOCKCHECK_ALWAYS_INLINE ThreadHolds* HoldsOf(ThreadState* t) {
  return reinterpret_cast<ThreadHolds*>(reinterpret_cast<char*>(t) +
                                        kHoldsOffset);
}

// The fences are for the compiler only: what a signal handler on this thread
// may see.
LOCKCHECK_ALWAYS_INLINE uint32_t LoadGate(const ThreadHolds* h) {
  return __atomic_load_n(&h->gate, __ATOMIC_RELAXED);
}
LOCKCHECK_ALWAYS_INLINE void SetGate(ThreadHolds* h, uint32_t gate) {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  __atomic_store_n(&h->gate, gate, __ATOMIC_RELAXED);
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

// For a short tag.
LOCKCHECK_ALWAYS_INLINE uint32_t GateBehind(uint32_t lock_class, uint32_t tag) {
  return (((lock_class << 16) ^ tag) & 0xffff0000) | 0x10000;
}

// Whether this request's way here is the slot's last one, and its record, which
// is a plain one, goes behind the last: there is room, and no sample is due.
LOCKCHECK_ALWAYS_INLINE bool IsPlainHere(const ThreadState* t,
                                         const ThreadHolds* h,
                                         const SiteSlot* slot, uint32_t gate,
                                         uint32_t lock_class,
                                         const uint32_t* cursor) {
  return __builtin_expect((gate | lock_class) ==
                              __atomic_load_n(&slot->outer, __ATOMIC_RELAXED),
                          true) &&
         __builtin_expect(cursor < t->sample_at, true) &&
         __builtin_expect(h->top != h->limit, true);
}

// Of a Hold. Plain stores of its fields would be put together in a vector
// register first, which takes longer than the stores.
LOCKCHECK_ALWAYS_INLINE void SetField(uint32_t& field, uint32_t value) {
  __atomic_store_n(&field, value, __ATOMIC_RELAXED);
}

// What a request that IsPlainHere() leaves: its record, and the hold. The gate
// is shut, and is open when this returns.
LOCKCHECK_ALWAYS_INLINE void RecordPlain(ThreadState* t, ThreadHolds* h,
                                         LockState& lock, const SiteSlot* slot,
                                         uint32_t lock_class) {
  uint32_t* const cursor = t->cursor;
  const uint32_t site = __atomic_load_n(&slot->tag, __ATOMIC_RELAXED);
  const uint32_t word = lock.tag.load(std::memory_order_relaxed) | site;
  StoreWord(cursor, word);
  t->cursor = cursor + 1;
  Hold* const hold = h->top;
  const uint32_t inside = GateBehind(lock_class, site);
  SetField(hold->word, word);
  SetField(hold->after, LowHalf(cursor + 1));
  SetField(hold->gate, inside);
  h->top = hold + 1;
  // The tag is short, or the slot's way would not have been known.
  lock.holder_site.store(site | (t->actor << 1 & kHolderBits),
                         std::memory_order_relaxed);
  SetGate(h, inside);
}

// True: the lock was free, this thread has it, and that is recorded.
LOCKCHECK_ALWAYS_INLINE bool AcquireHot(LockState& lock, LockKind kind,
                                        SiteSlot* slot) {
  ThreadState* const t = t_thread.state;
  ThreadHolds* const h = HoldsOf(t);
  uint32_t* const cursor = t->cursor;
  const uint32_t gate = LoadGate(h);
  const uint32_t lock_class = lock.lock_class.load(std::memory_order_relaxed);
  uint32_t free = 0;
  if (!IsPlainHere(t, h, slot, gate, lock_class, cursor)) {
    // A recursive lock's word must name its owner even then.
    return !IsRecursive(kind) && IsOff() &&
           lock.word.compare_exchange_strong(free, kOffOwner,
                                             std::memory_order_acquire,
                                             std::memory_order_relaxed);
  }
  const uint32_t me = t->actor;
  SetGate(h, kGateShut);
  if (__builtin_expect(
          !lock.word.compare_exchange_strong(
              free, me, std::memory_order_acquire, std::memory_order_relaxed),
          false)) {
    SetGate(h, gate);
    return false;
  }
  // Another cursor: a signal handler wrote records before the gate was shut.
  if (__builtin_expect(lock.last_actor != me, false) ||
      __builtin_expect(t->cursor != cursor, false)) {
    WarmTaken(lock, slot);
    return true;
  }
  RecordPlain(t, h, lock, slot, lock_class);
  return true;
}

// Frees the lock's word, which names `me`. False: somebody waits. If it is
// handed over to who waits, the word stays as it is then.
template <bool kHandsOver>
LOCKCHECK_ALWAYS_INLINE bool FreeWord(LockState& lock, uint32_t me) {
  if (!kHandsOver) {
    return (lock.word.exchange(0, std::memory_order_release) & kWaiters) == 0;
  }
  return lock.word.compare_exchange_strong(me, 0, std::memory_order_release,
                                           std::memory_order_relaxed);
}

// What comes before a release. True: that is recorded, or nothing is, and `me`
// is the lock's owner. False: nothing was changed.
LOCKCHECK_ALWAYS_INLINE bool CloseHot(const LockState& lock, uint32_t tag,
                                      uint32_t* me) {
  ThreadState* const t = t_thread.state;
  ThreadHolds* const h = HoldsOf(t);
  const uint32_t gate = LoadGate(h);
  *me = kOffOwner;
  if (__builtin_expect(gate == kGateShut, false)) {
    if (!IsOff()) return false;
  } else {
    Hold* const hold = h->top - 1;
    *me = t->actor;
    uint32_t* const cursor = t->cursor;
    const uint32_t word = hold->word;
    // The innermost hold, of this lock, plain, and nothing was written since.
    if (__builtin_expect(((word ^ tag ^ kSiteShort) & kObjectBits) != 0,
                         false) ||
        __builtin_expect(hold->after != LowHalf(cursor), false) ||
        __builtin_expect(((lock.word.load(std::memory_order_relaxed) ^ *me) &
                          kOwnerMask) != 0,
                         false)) {
      return false;
    }
    SetGate(h, kGateShut);
    if (__builtin_expect(t->cursor != cursor, false)) {
      SetGate(h, gate);
      return false;
    }
    StoreWord(cursor - 1, word ^ kOpenOpcodeBit);
    h->top = hold;
    SetGate(h, hold[-1].gate);
  }
  return true;
}

// True: the lock is released. False: nothing was changed. kWake is called if
// somebody waits.
template <void (*kWake)(LockState&, uint32_t) noexcept = &ReleasedToWaiters,
          bool kHandsOver = false>
LOCKCHECK_ALWAYS_INLINE bool ReleaseHot(LockState& lock) {
  const uint32_t tag = lock.tag.load(std::memory_order_relaxed);
  uint32_t me;
  if (!CloseHot(lock, tag, &me)) return false;
  if (__builtin_expect(!FreeWord<kHandsOver>(lock, me), false)) {
    kWake(lock, tag);
  }
  return true;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_HOT_H_
