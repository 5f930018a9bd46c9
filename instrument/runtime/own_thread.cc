#include "instrument/runtime/own_thread.h"

#include <pthread.h>
#include <signal.h>

namespace lockcheck::runtime {

bool StartOwnThread(void* (*run)(void*)) {
  sigset_t all, saved;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &saved);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  const bool started = pthread_create(&thread, &attributes, run, nullptr) == 0;
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &saved, nullptr);
  return started;
}

}  // namespace lockcheck::runtime
