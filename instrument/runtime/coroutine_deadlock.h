// Coroutines that wait for each other, as they are now.
//
// Problem: as of threads (deadlock.h), who closes a cycle of waits is to say
// so. A suspended coroutine has no thread that would show its wait. But it goes
// on only after it has had the guard of all waits of coroutines, so under that
// guard its wait stands, and with it all that it holds: what is found in one
// walk is true.
//
// What is followed: from a coroutine's wait to the owner of its lock, or to the
// one that it joins, as long as that is a coroutine which waits itself, without
// a time limit. Whoever is a thread, runs, or is suspended for another reason
// is left to go on.
//
// Cost: each wait takes the guard twice; a walk reads one lock for each
// coroutine on its way.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_COROUTINE_DEADLOCK_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_COROUTINE_DEADLOCK_H_

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/coroutine_stack.h"
#include "instrument/runtime/thread.h"
#include "lockcheck/internal/coroutine_hooks.h"

namespace lockcheck::runtime {

// What is said of one of them, without asking it again.
struct StuckCoroutine {
  uint32_t actor = 0;
  uint32_t joined = 0;     // actor id; 0: it waits for no end
  uint8_t signal = 0;      // model::ObjectKind; 0: nor for a signal
  uint32_t site = 0;       // of its wait
  uint32_t held_site = 0;  // where the lock was taken, by the next one
  const char* name = nullptr;
  uint32_t lock = 0;  // the low half of its address
  const char* lock_name = nullptr;
  const char* lock_file = nullptr;
  uint32_t lock_line = 0;
  AwaitPlaces places;
};

// Of others that look for who waits for whom, with the guard. Null: it is not
// suspended, or not until that comes; the actor; 0: nobody that is known.
internal::CoroutineRecord* CertainlyWaiting(uint32_t actor);
uint32_t WhomItAwaits(const internal::CoroutineRecord& coroutine,
                      uint32_t* held_site);

class CoroutineDeadlock {
 public:
  static constexpr size_t kMostSaid = 16;

  // The cycle that the coroutine's wait is in; with the guard, as the next two.
  bool Find(uint32_t actor);
  // That it waits for a lock whose owner has ended.
  bool FindGone(uint32_t actor);
  // That nobody is left who would resume these: false if none of them waits for
  // a signal, or for a lock that another one of them reads for good.
  bool FindLeft(internal::CoroutineRecord* const* coroutines, size_t count);
  // Whether nobody has claimed it yet. If `one`, the coroutine
  // that was asked about alone is claimed.
  bool Claim(bool one) const;

  uint32_t actor() const { return stuck_[0].actor; }
  size_t size() const { return size_; }
  bool owner_has_ended() const { return gone_ != 0; }
  void SayHeadline() const;
  void SayEach() const;

 private:
  uint32_t Note(internal::CoroutineRecord& coroutine);

  StuckCoroutine stuck_[kMostSaid];
  size_t size_ = 0;  // of all
  uint32_t gone_ = 0;
  bool are_left_ = false;
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_COROUTINE_DEADLOCK_H_
