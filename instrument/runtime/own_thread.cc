#include "instrument/runtime/own_thread.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "instrument/runtime/process.h"

namespace lockcheck::runtime {

namespace {

using Run = void* (*)(void*);

// The slot that was free and has the thread's id now; null: there was none.
std::atomic<uint32_t>* NoteOwnTid() {
  const auto tid = static_cast<uint32_t>(syscall(SYS_gettid));
  for (std::atomic<uint32_t>& slot : g_fork_page->own_tids) {
    uint32_t free = 0;
    if (slot.compare_exchange_strong(free, tid)) return &slot;
  }
  return nullptr;
}

void* RunNoted(void* run) {
  std::atomic<uint32_t>* const slot = NoteOwnTid();
  reinterpret_cast<Run>(run)(nullptr);
  if (slot != nullptr) slot->store(0);
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
  const bool started = pthread_create(&thread, &attributes, &RunNoted,
                                      reinterpret_cast<void*>(run)) == 0;
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &saved, nullptr);
  return started;
}

bool IsOwnThread(uint32_t tid) {
  for (const std::atomic<uint32_t>& slot : g_fork_page->own_tids) {
    if (slot.load() == tid) return true;
  }
  return false;
}

}  // namespace lockcheck::runtime
