// Coroutines that are suspended with locks held for which threads sleep, and
// the threads that could resume them.
//
// Problem: such a lock is let go of only when its coroutine goes on, for which
// it needs a thread in run() of its context. So whoever waits for the lock
// waits for one of those threads.
//
// Guarantees: with the guard of all waits of coroutines, a coroutine that is
// known here stays suspended, and a thread that is in run() stays there.
// Coroutines that hold nothing of the kind are not known here and take no guard
// for it.
//
// With mode=live a coroutine's locks have its thread as their owner. Which of
// them a suspended one has is noted by object.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_HELD_ACROSS_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_HELD_ACROSS_H_

#include <cstdint>

#include "instrument/runtime/thread.h"
#include "lockcheck/internal/coroutine_hooks.h"
#include "lockcheck/internal/short_lock.h"

namespace lockcheck::runtime {

// Over all waits of coroutines. Who waits does not go on before it has had
// this, so what is read under it stands meanwhile.
internal::ShortLock& CoroutineGuard();

// The same for who looks at waits: a signal handler may have interrupted who
// has it.
class TriedCoroutineGuard {
 public:
  TriedCoroutineGuard() : has_(CoroutineGuard().try_lock()) {}
  ~TriedCoroutineGuard() {
    if (has_) CoroutineGuard().unlock();
  }
  TriedCoroutineGuard(const TriedCoroutineGuard&) = delete;
  TriedCoroutineGuard& operator=(const TriedCoroutineGuard&) = delete;
  bool has() const { return has_; }

 private:
  const bool has_;
};

// It is to be suspended with locks of threads. With mode=live these are its
// holds; else it has not got them yet.
void BeginHeldAcross(Thread* t, internal::CoroutineRecord& coroutine);
// It goes on, in this thread.
void EndHeldAcross(Thread* t, internal::CoroutineRecord& coroutine);

// Whether there is any.
bool IsAnyHeldAcross();
// The suspended coroutine that has the lock with this object, whose word names
// `owner`; null: none. With the guard.
internal::CoroutineRecord* SuspendedHolder(uint32_t owner, uint32_t object);
// With mode=live: that coroutine's actor; 0: none.
uint32_t LiveHolder(uint32_t object);

void DoEnterContext(internal::Carrier& carrier,
                    internal::ContextRecord& context);
void DoExitContext(internal::Carrier& carrier);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_HELD_ACROSS_H_
