// A plugin that carries the runtime with it. The program that loads it may have
// one too (plugin_host_program), or none (python).
#include "lockcheck/lockcheck.h"

namespace {
lockcheck::mutex outer("plugin outer"), inner("plugin inner");
}  // namespace

extern "C" [[gnu::visibility("default")]] void TakeLocks(int times) {
  for (int i = 0; i < times; ++i) {
    outer.lock();
    inner.lock();
    inner.unlock();
    outer.unlock();
  }
}

// The lock is destroyed like that.
extern "C" [[gnu::visibility("default")]] void LeaveLocked() { outer.lock(); }

// TakeLocks() on a thread of the plugin's own.
extern "C" [[gnu::visibility("default")]] void TakeLocksInThread(int times) {
  lockcheck::thread([times] {
    lockcheck::this_thread::set_name("plugin thread");
    TakeLocks(times);
  }).join();
}
