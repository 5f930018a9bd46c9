#include "instrument/runtime/own_thread.h"

#include <pthread.h>
#include <signal.h>

#include "instrument/runtime/process.h"

namespace lockcheck::runtime {

namespace {

using Run = void* (*)(void*);

// Counted only as long as there is a thread for it, or fewer.
void* RunCounted(void* run) {
  g_fork_page->own_threads.fetch_add(1);
  reinterpret_cast<Run>(run)(nullptr);
  g_fork_page->own_threads.fetch_sub(1);
  return nullptr;
}

}  // namespace

bool StartOwnThread(void* (*run)(void*)) {
  sigset_t all, saved;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &saved);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  const bool started = pthread_create(&thread, &attributes, &RunCounted,
                                      reinterpret_cast<void*>(run)) == 0;
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &saved, nullptr);
  return started;
}

}  // namespace lockcheck::runtime
