#include "instrument/runtime/deadlock.h"

#include <sys/mman.h>

#include <cstring>

#include "instrument/runtime/held_across.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {
namespace {

// How often a walk is repeated that found a cycle which did not stand. What is
// missed for that reason is found when the wait has become a long one.
constexpr int kAttempts = 3;
// Threads that are looked at in all, so that many readers of many locks end
// some time.
constexpr size_t kMaxSteps = 1 << 20;

// The lock's word and tag. The lock that this thread waits for is there; what
// another one waited for may be gone.
bool ReadLock(const LockState* lock, bool mine, uint32_t* word, uint32_t* tag) {
  if (mine) {
    *word = lock->word.load(std::memory_order_seq_cst);
    *tag = Tag(*lock);
    return true;
  }
  alignas(LockState) char copy[sizeof(LockState)];
  if (!ReadMemory(lock, copy, sizeof(copy))) return false;
  static_assert(sizeof(lock->word) == sizeof(*word));
  memcpy(word, copy + offsetof(LockState, word), sizeof(*word));
  memcpy(tag, copy + offsetof(LockState, tag), sizeof(*tag));
  return true;
}

bool IsRead(uint32_t word) { return (word & internal::kReading) != 0; }

// Of a thread that waits, and therefore takes and releases nothing.
bool Holds(const Thread* t, uint32_t object, See see = &SeeWait) {
  Wanted wanted;
  uint32_t number;
  return see(t, &wanted, &number) && HoldOf(wanted, object) != nullptr;
}

// Whom the wait is for, if that is one thread. Null: nobody, or `*reader_of`
// says which object's readers.
Thread* OneBlocker(const Wanted& wanted, bool mine, uint32_t* reader_of) {
  *reader_of = 0;
  if (wanted.lock == nullptr) return ThreadOf(wanted.joined);
  uint32_t word, tag;
  if (!ReadLock(wanted.lock, mine, &word, &tag)) return nullptr;
  if (wanted.shared && IsRead(word)) {
    if (!wanted.reads) *reader_of = tag >> 3;
    return nullptr;
  }
  // A suspended coroutine's, with mode=live; see carrier_deadlock.h.
  if (IsAnyHeldAcross() && LiveHolder(tag >> 3) != 0) return nullptr;
  const uint32_t owner = word & internal::kOwnerMask;
  Thread* const t = ThreadOf(owner);
  // What the parent's thread has, its forked child has not.
  return wanted.process && t != nullptr && ActorOf(t) != owner ? nullptr : t;
}

bool Blocks(Thread* blocker, const Wanted& wanted, bool mine) {
  uint32_t object;
  Thread* const one = OneBlocker(wanted, mine, &object);
  if (object != 0) return Holds(blocker, object);
  return one == blocker;
}

}  // namespace

Thread* SomeBlocker(const Wanted& wanted, See see) {
  uint32_t object;
  Thread* const one = OneBlocker(wanted, false, &object);
  if (object == 0) return one;
  Thread* t = FirstThread();
  while (t != nullptr && !Holds(t, object, see)) t = t->next_all;
  return t;
}

Deadlock::~Deadlock() {
  if (stuck_ != inline_) munmap(stuck_, capacity_ * sizeof(Stuck));
}

bool Deadlock::Push(Thread* t) {
  if (size_ == capacity_) {
    auto* const larger =
        static_cast<Stuck*>(MapPages(2 * capacity_ * sizeof(Stuck)));
    if (larger == nullptr) return false;
    memcpy(larger, stuck_, size_ * sizeof(Stuck));
    if (stuck_ != inline_) munmap(stuck_, capacity_ * sizeof(Stuck));
    stuck_ = larger;
    capacity_ *= 2;
  }
  Stuck& stuck = stuck_[size_];
  stuck.thread = t;
  stuck.next_reader = FirstThread();
  if (!SeeWait(t, &stuck.wanted, &stuck.number)) return false;
  met_timed_ |= stuck.wanted.timed;
  if (stuck.wanted.timed && !with_timed_) return false;
  ++size_;
  return true;
}

bool Deadlock::IsOnPath(const Thread* t) const {
  for (size_t i = 0; i < size_; ++i) {
    if (stuck_[i].thread == t) return true;
  }
  return false;
}

// The next thread that the wait is for; null: no more. Who waits for readers
// waits for each of them; those that run do not matter.
Thread* Deadlock::NextBlocker(Stuck& stuck) const {
  uint32_t object;
  Thread* const one = OneBlocker(stuck.wanted, &stuck == stuck_, &object);
  if (object == 0) {
    Thread* const once = stuck.next_reader != nullptr ? one : nullptr;
    stuck.next_reader = nullptr;
    return once;
  }
  while (Thread* const t = stuck.next_reader) {
    stuck.next_reader = t->next_all;
    if (Holds(t, object)) return t;
  }
  return nullptr;
}

// Depth first; a thread that led nowhere is met again only through another
// reader of the same lock. Who reads what it waits to write waits for itself,
// but first of all for others that do the same.
bool Deadlock::Walk(Thread* t) {
  size_ = 0;
  if (!Push(t)) return false;
  bool for_itself = false;
  for (size_t steps = 0; size_ != 0 && steps < kMaxSteps; ++steps) {
    Thread* const next = NextBlocker(stuck_[size_ - 1]);
    if (next == nullptr) {
      --size_;
    } else if (next == t && size_ == 1) {
      for_itself = true;
    } else if (next == t) {
      return true;
    } else if (!IsOnPath(next)) {
      Push(next);
    }
  }
  size_ = 0;
  return for_itself && Push(t);
}

bool Deadlock::StillStands() const {
  for (size_t i = 0; i < size_; ++i) {
    const Stuck& stuck = stuck_[i];
    Wanted wanted;
    uint32_t number;
    if (!Blocks(stuck_[(i + 1) % size_].thread, stuck.wanted, i == 0) ||
        !SeeWait(stuck.thread, &wanted, &number) || number != stuck.number) {
      return false;
    }
  }
  return true;
}

bool Deadlock::Search(Thread* t) {
  for (int i = 0; i < kAttempts; ++i) {
    if (!Walk(t)) return false;
    if (StillStands()) return true;
  }
  return false;
}

bool Deadlock::Find(Thread* t) {
  with_timed_ = false;
  return Search(t);
}

bool Deadlock::FindTimed(Thread* t) {
  if (!met_timed_) return false;
  with_timed_ = true;
  // Who asks for its own lock with a time limit means to be refused.
  if (!Search(t) || size_ == 1) return false;
  bool timed = false;
  for (size_t i = 0; i < size_; ++i) timed |= stuck_[i].wanted.timed;
  if (!timed) return false;
  NoteHolds();
  return StillStands();
}

// What is read while a wait ends does not count: the look that follows says so.
[[gnu::no_sanitize_thread]] void Deadlock::NoteHolds() {
  for (size_t i = 0; i < size_; ++i) {
    Stuck& stuck = stuck_[i];
    stuck.tid = stuck.thread->tid;
    stuck.held_site = 0;
    const size_t before = (i + size_ - 1) % size_;
    const LockState* const lock = stuck_[before].wanted.lock;
    uint32_t word, tag;
    if (lock == nullptr || !ReadLock(lock, before == 0, &word, &tag)) continue;
    const Hold* const hold = HoldOf(stuck.wanted, tag >> 3);
    if (hold == nullptr) continue;
    const uint32_t record = hold->word;
    stuck.held_site = record == 0 ? hold->site : log::SiteOf(record);
  }
}

bool Deadlock::FindGone(Thread* t, const LockRequest& request) {
  GoneOwner owner;
  size_ = 0;
  if (!FindGoneOwner(request, &owner) || !Push(t)) return false;
  owner_ = owner;
  return true;
}

bool Deadlock::ClaimGone() const {
  static GrowingSet said;
  return said.Insert(uint64_t{owner_.actor} << 32 | owner_.object);
}

uint64_t Deadlock::MarkOf(const Stuck& stuck) {
  return uint64_t{stuck.wanted.actor} << 32 | stuck.number;
}

const Stuck* Deadlock::NextByActor(const Stuck* last) const {
  const Stuck* next = nullptr;
  for (size_t i = 0; i < size_; ++i) {
    const uint32_t actor = stuck_[i].wanted.actor;
    if ((last == nullptr || actor > last->wanted.actor) &&
        (next == nullptr || actor < next->wanted.actor)) {
      next = &stuck_[i];
    }
  }
  return next;
}

// All of them stay, and so does whatever meets one of them later. Cycles that
// share threads are claimed in one order, so one of them has all.
bool Deadlock::ClaimAll() const {
  for (const Stuck* s = NextByActor(nullptr); s != nullptr;
       s = NextByActor(s)) {
    const uint64_t mark = MarkOf(*s);
    if (s->thread->waiting.reported.exchange(mark) == mark) return false;
  }
  return true;
}

// Whoever is refused lets the others go on, or wait for someone else.
bool Deadlock::ClaimOne() const {
  const Stuck* const smallest = NextByActor(nullptr);
  if (size_ == 1) {
    auto& reported = smallest->thread->waiting.reported;
    const uint64_t wait = MarkOf(*smallest);
    return reported.exchange(wait) != wait;
  }
  // What was said of one of them alone has not come to an end.
  for (size_t i = 0; i < size_; ++i) {
    if (stuck_[i].thread->waiting.reported == MarkOf(stuck_[i])) return false;
  }
  // Another mark: when the others have been refused it may wait for itself.
  const uint64_t with_others = MarkOf(*smallest) - 1;
  return smallest->thread->waiting.reported.exchange(with_others) !=
         with_others;
}

bool Deadlock::Claim() const {
  if (gone_owner() != nullptr) return ClaimGone();
  return g_options.on_deadlock == OnDeadlock::kThrow ? ClaimOne() : ClaimAll();
}

}  // namespace lockcheck::runtime
