// Calls and operations that the outside ends, with locks held and without.
//   outside_program STORY
// Threads meet at barriers that lockcheck does not see.

#include <unistd.h>

#include <barrier>
#include <cstdio>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "lockcheck/lockcheck.h"

namespace {

lockcheck::mutex g_m("m");

void ReadAByte() {
  const lockcheck::blocking_region reading("read a byte");
  int ends[2];
  if (pipe(ends) != 0) return;
  char byte = 'x';
  if (write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1) {
    close(ends[0]);
    close(ends[1]);
  }
}

void Lock() { const std::lock_guard lock(g_m); }

// One acts after the other, both live at the same time.
void Both(const std::function<void()>& first,
          const std::function<void()>& second) {
  std::barrier turn(2);
  lockcheck::thread one([&] {
    first();
    turn.arrive_and_wait();
    turn.arrive_and_wait();
  });
  lockcheck::thread two([&] {
    turn.arrive_and_wait();
    second();
    turn.arrive_and_wait();
  });
  one.join();
  two.join();
}

void WithALock() {
  Both(
      [] {
        const std::lock_guard lock(g_m);
        ReadAByte();
      },
      Lock);
}

void AfterTheLock() {
  Both(
      [] {
        Lock();
        ReadAByte();
      },
      Lock);
}

void NobodyElseAsks() {
  Both(
      [] {
        const std::lock_guard lock(g_m);
        ReadAByte();
      },
      [] {});
}

// The other asks only when the first is joined.
void OneAfterTheOther() {
  lockcheck::thread([] {
    const std::lock_guard lock(g_m);
    ReadAByte();
  }).join();
  lockcheck::thread(Lock).join();
}

void OperationWithALock() {
  lockcheck::async_operation op("reply");
  Both(
      [&] {
        op.start();
        lockcheck::thread outside([&] { op.complete(); });
        {
          const std::lock_guard lock(g_m);
          op.wait();
        }
        outside.join();
      },
      Lock);
}

[[noreturn]] void HangInARegion() {
  const lockcheck::blocking_region reading("read for ever");
  std::puts("ready");
  std::fflush(stdout);
  while (true) pause();
}

[[noreturn]] void HangInAnOperation() {
  lockcheck::async_operation op("reply");
  op.start();
  std::puts("ready");
  std::fflush(stdout);
  op.wait();
  std::abort();
}

const std::map<std::string, std::function<void()>> kStories = {
    {"with-a-lock", WithALock},
    {"after-the-lock", AfterTheLock},
    {"nobody-else-asks", NobodyElseAsks},
    {"one-after-the-other", OneAfterTheOther},
    {"operation-with-a-lock", OperationWithALock},
    {"hang-in-a-region", HangInARegion},
    {"hang-in-an-operation", HangInAnOperation},
};

}  // namespace

int main(int argc, char** argv) {
  const auto story = kStories.find(argc > 1 ? argv[1] : "");
  if (story == kStories.end()) return 2;
  story->second();
}
