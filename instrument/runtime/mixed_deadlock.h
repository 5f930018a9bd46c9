// Threads and coroutines that wait for each other.
//
// Problem: a thread may wait for a lock that a suspended coroutine holds, and
// that one for a coroutine's lock or end which comes from a thread that waits.
// The walk over threads (deadlock.h) sees none of the coroutines, that over
// coroutines (coroutine_deadlock.h) none of the threads, and that over threads
// that could resume one (carrier_deadlock.h) asks for more than is needed: who
// awaits what never comes needs no thread.
//
// What is followed: from a thread's wait to the owner of its lock, or to the
// thread that it joins; from a coroutine's to the owner of its lock, or to the
// coroutine that it joins. Who is met is a coroutine that is suspended in such
// a wait, or the thread that is this actor, or carries it, and waits. Nobody
// gives up in time.
//
// Coroutines stand under their guard; threads are looked at twice, all of them
// once before any a second time.
//
// Cost: nothing as long as no coroutine is suspended with a lock of threads:
// without one no thread waits for a coroutine.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_MIXED_DEADLOCK_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_MIXED_DEADLOCK_H_

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/coroutine_stack.h"
#include "instrument/runtime/message.h"
#include "instrument/runtime/thread.h"
#include "lockcheck/internal/coroutine_hooks.h"

namespace lockcheck::runtime {

class MixedDeadlock {
 public:
  static constexpr size_t kMost = 32;

  // The cycle through the wait that the thread, or the coroutine, has just
  // begun; true once for each of its waits.
  bool FindOf(Thread* t);
  bool FindOf(uint32_t coroutine);

  uint32_t actor() const { return met_[0].actor; }
  void SayHeadline() const;
  void SayEach() const;

 private:
  // One that waits for the next one.
  struct Met {
    Thread* thread;                        // or
    internal::CoroutineRecord* coroutine;  // one of them
    uint32_t actor;
    uint32_t next;    // actor
    uint32_t number;  // of a thread's wait
    uint32_t site, held_site;
    uint32_t joined;  // actor; 0: it waits for a lock
    const char *name, *lock_name, *lock_file;
    uint32_t lock_line;
    AwaitPlaces places;  // of a coroutine
  };

  bool Find(Met first);
  bool Walk(Met first);
  bool StillStands() const;
  bool Claim() const;
  static bool Look(Met& met);
  static bool LookAtThread(Met& met);
  static bool LookAtCoroutine(Met& met);
  static Met Who(uint32_t actor);
  static void NameWanted(Message& m, const Met& met);

  Met met_[kMost];
  size_t size_ = 0;
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_MIXED_DEADLOCK_H_
