// Threads that wait for what suspended coroutines hold, which only these
// threads could resume.
//
// Problem: a lock of threads that a suspended coroutine holds (held_across.h)
// has no thread as its owner, so the walk from wait to wait (deadlock.h) ends
// there. But the coroutine goes on only in a thread in run() of its context; if
// each of those waits, and waits for such a lock in the end, none does.
//
// What is followed: from a wait to the owner of its lock, or to the thread that
// it joins; if the owner is such a coroutine, to all threads in run() of its
// context. All that is met has to wait, without a time limit. As other threads
// may come to run(), this is a deadlock only
//   * if the context was told how many threads run it, and that many are there;
//   * or if no other thread of the process is left, but for those that wait
//     likewise, for who is met;
//   * or if nobody in the process moves any more (quiescence.h).
// Each wait is looked at twice, as in deadlock.h, under the guard of
// coroutines.
//
// Cost: nothing as long as no coroutine is suspended with such a lock; else,
// for each wait that begins, and each second of it, a look at those that are
// met, and, if nothing else is in the way, at all threads.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_CARRIER_DEADLOCK_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_CARRIER_DEADLOCK_H_

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/coroutine_stack.h"
#include "instrument/runtime/thread.h"

namespace lockcheck::runtime {

class CarrierDeadlock {
 public:
  static constexpr size_t kMostSaid = 16;

  // A coroutine that is suspended, and a thread that could resume it.
  struct Pair {
    uint32_t coroutine = 0;  // actor ids
    uint32_t carrier = 0;
    const char* name = nullptr;  // of the coroutine
    uint32_t await_site = 0;
    AwaitPlaces places;
  };
  // A wait for what such a coroutine has.
  struct Waiting {
    uint32_t actor = 0;
    uint32_t site = 0;
    uint32_t held_site = 0;
    uint32_t holder = 0;  // a coroutine
    const char* lock_name = nullptr;
    const char* lock_file = nullptr;
    uint32_t lock_line = 0;
  };

  // Of `t`, which waits, and is busy, or sleeps (`nobody_moves`). True once for
  // each of its waits.
  bool Find(Thread* t, bool nobody_moves);
  // By who is in it: that the log may say so.
  void WriteNotes(Thread* t) const;

  uint32_t holder() const { return pairs_[0].coroutine; }
  void SayHeadline() const;
  void SayEach() const;

 private:
  friend class CarrierSearch;

  Pair pairs_[kMostSaid];
  size_t pair_count_ = 0;
  Waiting waits_[kMostSaid];
  size_t wait_count_ = 0;
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_CARRIER_DEADLOCK_H_
