// Calls and operations that the outside ends, with locks held and without.
//   outside_program STORY

#include <unistd.h>

#include <cstdio>
#include <mutex>

#include "lockcheck/lockcheck.h"
#include "tests/programs/in_turn.h"
#include "tests/programs/stories.h"

namespace {

using lockcheck::testing::AtOnce;
using lockcheck::testing::InTurn;
using lockcheck::this_thread::set_name;

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

void WithALock() {
  InTurn(
      [] {
        const std::lock_guard lock(g_m);
        ReadAByte();
      },
      Lock);
}

void AfterTheLock() {
  InTurn(
      [] {
        Lock();
        ReadAByte();
      },
      Lock);
}

void NobodyElseAsks() {
  InTurn(
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
  InTurn(
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

void HangWithALock() {
  AtOnce::Tell(
      [](auto meet) {
        set_name("reader");
        const std::lock_guard lock(g_m);
        meet();
        const lockcheck::blocking_region reading("read for ever");
        while (true) pause();
      },
      [](auto meet) {
        set_name("other");
        meet();
        Lock();
      });
}

void HangInARegion() {
  const lockcheck::blocking_region reading("read for ever");
  std::puts("ready");
  std::fflush(stdout);
  while (true) pause();
}

void HangInAnOperation() {
  lockcheck::async_operation op("reply");
  op.start();
  std::puts("ready");
  std::fflush(stdout);
  op.wait();
}

constexpr Story kStories[] = {
    {"io-under-mutex-latent", WithALock},
    {"io-under-mutex-safe", AfterTheLock},
    {"io-under-mutex-safe-nobody-asks", NobodyElseAsks},
    {"io-under-mutex-safe-joined", OneAfterTheOther},
    {"io-under-mutex-hangs", HangWithALock},
    {"operation-with-a-lock", OperationWithALock},
    {"hang-in-a-region", HangInARegion},
    {"hang-in-an-operation", HangInAnOperation},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
