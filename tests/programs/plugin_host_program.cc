// Has the runtime, and loads a plugin with a second copy of it.
//   plugin_host_program PLUGIN
#include <dlfcn.h>

#include <cstdio>

#include "lockcheck/lockcheck.h"

namespace {
lockcheck::mutex host("host"), last("last");
}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 90;
  void* const plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (plugin == nullptr) {
    fprintf(stderr, "%s\n", dlerror());
    return 91;
  }
  using Function = void (*)(int);
  const auto take = reinterpret_cast<Function>(dlsym(plugin, "TakeLocks"));
  const auto in_thread =
      reinterpret_cast<Function>(dlsym(plugin, "TakeLocksInThread"));
  lockcheck::this_thread::set_name("main");
  for (int i = 0; i < 100; ++i) {
    host.lock();
    take(1);
    host.unlock();
  }
  in_thread(100);
  lockcheck::thread([&] {
    lockcheck::this_thread::set_name("host thread");
    take(1);
    const lockcheck::lock_guard guard(host);
    take(1);
  }).join();
  // Threads that come after are not led to code that is gone.
  dlclose(plugin);
  lockcheck::thread([] {
    lockcheck::this_thread::set_name("late thread");
    const lockcheck::lock_guard guard(last);
  }).join();
  return 0;
}
