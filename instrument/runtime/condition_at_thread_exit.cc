// notify_all_at_thread_exit(): what a thread has still to unlock and to notify
// of when its thread_local objects are gone.
//
// Destructors of thread-specific data run after those of thread_local objects,
// and the runtime ends an actor's stream in a later round of them, so both acts
// are recorded as the thread's own. A thread that calls exit() runs no such
// destructors; like libstdc++ it does it among the handlers of atexit().

#include <pthread.h>

#include <cstdlib>
#include <utility>

#include "lockcheck/condition_variable.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

struct Pending {
  WaitQueue& condition;
  WaitKind kind;
  mutex& lock;
  SiteSlot* slot;
  Pending* next;
};

void UnlockAndNotify(void* value) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
  for (auto* p = static_cast<Pending*>(value); p != nullptr;) {
    p->lock.unlock();
    Post(p->condition, p->kind, {PostKind::kNotifyAll, kAllWaiters, 0, 0},
         p->slot, LOCKCHECK_CALLER());
    delete std::exchange(p, p->next);
  }
}

pthread_key_t Key() {
  static const pthread_key_t key = [] {
    pthread_key_t made;
    if (pthread_key_create(&made, &UnlockAndNotify) != 0) std::abort();
    std::atexit([] {
      void* const value = pthread_getspecific(Key());
      pthread_setspecific(Key(), nullptr);
      UnlockAndNotify(value);
    });
    return made;
  }();
  return key;
}

}  // namespace

void NotifyAllAtThreadExit(WaitQueue& condition, WaitKind kind, mutex& lock,
                           SiteSlot* slot) {
  auto* const before = static_cast<Pending*>(pthread_getspecific(Key()));
  pthread_setspecific(Key(), new Pending{condition, kind, lock, slot, before});
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal
