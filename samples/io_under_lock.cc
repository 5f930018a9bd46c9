// A reply from a slow device is read with a lock held that others ask for: who
// only wants to look waits for the device, too. With --fixed it is read first.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <latch>
#include <thread>

#include "lockcheck/lockcheck.h"

static lockcheck::mutex cache("cache");
static std::latch asked(1);
static char cached = '-';

// The outside: it answers after some time.
static char ReadFromDevice() {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  std::thread device([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (write(ends[1], "x", 1) != 1) std::abort();
  });
  asked.count_down();
  char reply;
  {
    const lockcheck::blocking_region waiting("device");
    if (read(ends[0], &reply, 1) != 1) std::abort();
  }
  device.join();
  close(ends[0]);
  close(ends[1]);
  return reply;
}

static void RefreshUnderLock() {
  const lockcheck::lock_guard guard(cache);
  cached = ReadFromDevice();
}

static void ReadAndRefresh() {
  const char reply = ReadFromDevice();
  const lockcheck::lock_guard guard(cache);
  cached = reply;
}

static void Look() {
  asked.wait();
  const lockcheck::lock_guard guard(cache);
}

int main(int argc, char** argv) {
  const bool fixed = argc > 1 && std::strcmp(argv[1], "--fixed") == 0;
  lockcheck::thread refresh(fixed ? ReadAndRefresh : RefreshUnderLock);
  lockcheck::thread look(Look);
  refresh.join();
  look.join();
  std::printf("cached %c\n", cached);
}
