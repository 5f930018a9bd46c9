// Finds the deadlock that a wait closes, before the thread goes to sleep.
//
// A deadlock is a cycle of threads each of which waits, without a time limit,
// for a lock that the next one has or for the next one's end. Others change
// what is seen while it is being looked at: with a single look, a program with
// strictly ordered locks shows thousands of cycles that never were. So every
// edge is looked at twice. Between the two looks at an edge its waiting thread
// was in one and the same wait (see waiting.h); a thread in a wait releases
// nothing, so what it had at both looks it had all the time between. All first
// looks come before all second ones, so there is a moment at which all edges
// stood. Whoever waits last sees all others wait, so no cycle is missed.
//
// The other deadlock is no cycle: a lock whose owner is gone (gone_owner.h).
//
// Cost: nothing for uncontended locks; for a wait whose owner runs, two loads;
// else about a microsecond for each thread on the way. Takes no lock, allocates
// from the kernel if more than kInline threads wait for each other.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_DEADLOCK_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_DEADLOCK_H_

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/gone_owner.h"
#include "instrument/runtime/thread.h"

namespace lockcheck::runtime {

// A thread of the cycle, which waits for the next one; the last for the first.
struct Stuck {
  Thread* thread;
  Wanted wanted;
  uint32_t number;  // of its wait
  // While the cycle is being looked for, and the lock is read: the thread whose
  // holds are looked at next.
  Thread* next_reader;
  // Of a cycle with a timed wait: who it is, and where it took what the one
  // before it waits for; 0: not known.
  uint32_t tid;
  uint32_t held_site;
};

class Deadlock {
 public:
  Deadlock() = default;
  ~Deadlock();
  Deadlock(const Deadlock&) = delete;
  Deadlock& operator=(const Deadlock&) = delete;

  // Looks for a cycle through `t`, which has begun to wait.
  bool Find(Thread* t);

  // The same with waits that give up as parts of the cycle, at least one: it
  // comes loose by itself, so nothing may be looked at later but what is noted
  // in it. Cheap after a Find() that met no such wait.
  bool FindTimed(Thread* t);

  // Whether the lock that `t` waits for has an owner that is gone: then `t` is
  // all there is in it.
  bool FindGone(Thread* t, const LockRequest& request);
  // That owner; null: it is a cycle.
  const GoneOwner* gone_owner() const {
    return owner_.actor == 0 ? nullptr : &owner_;
  }

  // True once for each deadlock, whichever of its threads ask. Unless requests
  // are refused, cycles that share a thread are one deadlock. A cycle of one
  // that was said to wait for itself and others is that same one.
  bool Claim() const;

  size_t size() const { return size_; }
  const Stuck& operator[](size_t i) const { return stuck_[i]; }

 private:
  static constexpr size_t kInline = 16;

  bool Search(Thread* t);
  bool Walk(Thread* t);
  bool StillStands() const;
  void NoteHolds();
  Thread* NextBlocker(Stuck& stuck) const;
  bool IsOnPath(const Thread* t) const;
  bool ClaimGone() const;
  bool ClaimAll() const;
  bool ClaimOne() const;
  // The one with the smallest actor behind that of `last`, or of all if that is
  // null; null: there is none.
  const Stuck* NextByActor(const Stuck* last) const;
  // Of a wait as it is reported: odd, as its number is.
  static uint64_t MarkOf(const Stuck& stuck);
  bool Push(Thread* t);

  Stuck inline_[kInline];
  Stuck* stuck_ = inline_;
  size_t size_ = 0;
  size_t capacity_ = kInline;
  bool with_timed_ = false;
  bool met_timed_ = false;
  GoneOwner owner_ = {};
};

// One of those that a wait is for, if that is known: the lock's owner or one of
// its readers, the joined thread. Means something while all of them wait, as
// `see` says.
using See = bool (*)(const Thread* t, Wanted* wanted, uint32_t* number);
Thread* SomeBlocker(const Wanted& wanted, See see);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_DEADLOCK_H_
