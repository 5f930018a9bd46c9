// Destructors of thread-specific data run after those of thread_local objects,
// and the runtime ends an actor's stream in a later round of them, so what is
// done here is recorded as the thread's own. A thread that calls exit() runs no
// such destructors; like libstdc++ it does it among the handlers of atexit().

#include "instrument/runtime/at_thread_exit.h"

#include <pthread.h>

#include <cstdlib>
#include <system_error>
#include <utility>

namespace lockcheck::runtime {

void RunExitActs(void* first) {
  for (auto* act = static_cast<ExitAct*>(first); act != nullptr;) {
    act->Run();
    delete std::exchange(act, act->next_);
  }
}

namespace {

pthread_key_t Key() {
  static const pthread_key_t key = [] {
    pthread_key_t made;
    if (pthread_key_create(&made, &RunExitActs) != 0) std::abort();
    std::atexit([] {
      void* const first = pthread_getspecific(Key());
      pthread_setspecific(Key(), nullptr);
      RunExitActs(first);
    });
    return made;
  }();
  return key;
}

}  // namespace

void AtThreadExit(std::unique_ptr<ExitAct> act) {
  act->next_ = static_cast<ExitAct*>(pthread_getspecific(Key()));
  if (const int error = pthread_setspecific(Key(), act.get()); error != 0) {
    throw std::system_error(error, std::generic_category(),
                            "lockcheck: no memory for the thread's end");
  }
  (void)act.release();
}

}  // namespace lockcheck::runtime
