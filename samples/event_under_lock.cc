// A lock held while waiting for an event, and who sets the event needs that
// lock first. With --fixed the wait comes before the lock.
#include <cstdio>
#include <cstring>
#include <latch>

#include "lockcheck/lockcheck.h"

static lockcheck::mutex settings("settings");
static lockcheck::event loaded("settings are loaded");
static std::latch begun(1);
static int volume = 0;

static void Load() {
  begun.wait();
  lockcheck::lock_guard guard(settings);
  volume = 11;
  loaded.set();
}

static void PrintUnderLock() {
  lockcheck::lock_guard guard(settings);
  begun.count_down();
  loaded.wait();
  std::printf("volume %d\n", volume);
}

static void WaitAndPrint() {
  begun.count_down();
  loaded.wait();
  lockcheck::lock_guard guard(settings);
  std::printf("volume %d\n", volume);
}

int main(int argc, char** argv) {
  const bool fixed = argc > 1 && std::strcmp(argv[1], "--fixed") == 0;
  lockcheck::thread loader(Load);
  lockcheck::thread printer(fixed ? WaitAndPrint : PrintUnderLock);
  loader.join();
  printer.join();
}
