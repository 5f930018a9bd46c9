// Calls and operations that the outside ends, with locks held and without.
//   outside_program STORY

#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <mutex>

#include "lockcheck/lockcheck.h"
#include "tests/instrument/sleeper.h"
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

// It is completed when the first one sleeps.
void OperationWithALock() {
  lockcheck::async_operation op("reply");
  InTurn(
      [&] {
        op.start();
        std::atomic<bool> waits = false;
        lockcheck::thread outside([&, waiter = gettid()] {
          while (!waits || !lockcheck::testing::IsAsleep(waiter)) sched_yield();
          op.complete();
        });
        {
          const std::lock_guard lock(g_m);
          waits = true;
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

// An operation that a thread of the program completes.
enum class Needs { kBeforeItCompletes, kAfterIt };
enum class Waits { kWithTheLock, kBeforeIt };

template <Needs needs>
void Complete(lockcheck::async_operation& op) {
  set_name("replier");
  if (needs == Needs::kBeforeItCompletes) Lock();
  op.complete();
  if (needs == Needs::kAfterIt) Lock();
}

template <Waits waits, typename Meet>
void WaitForReply(lockcheck::async_operation& op, Meet meet) {
  set_name("reader");
  std::unique_lock lock(g_m, std::defer_lock);
  if (waits == Waits::kWithTheLock) lock.lock();
  meet();
  op.wait();
  if (waits == Waits::kBeforeIt) lock.lock();
}

template <Needs needs, Waits waits>
void ReplyFirst() {
  lockcheck::async_operation op("reply");
  op.start();
  InTurn([&] { Complete<needs>(op); }, [&] { WaitForReply<waits>(op, [] {}); });
}

template <Needs needs, Waits waits>
void ReplyMeanwhile() {
  lockcheck::async_operation op("reply");
  op.start();
  AtOnce::Tell([&](auto meet) { WaitForReply<waits>(op, meet); },
               [&](auto meet) {
                 meet();
                 Complete<needs>(op);
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
    {"operation-under-mutex-latent",
     ReplyFirst<Needs::kBeforeItCompletes, Waits::kWithTheLock>},
    {"operation-under-mutex-hangs",
     ReplyMeanwhile<Needs::kBeforeItCompletes, Waits::kWithTheLock>},
    {"operation-under-mutex-safe",
     ReplyFirst<Needs::kAfterIt, Waits::kWithTheLock>},
    {"operation-under-mutex-safe-after",
     ReplyFirst<Needs::kBeforeItCompletes, Waits::kBeforeIt>},
    {"operation-under-mutex-safe-after-at-once",
     ReplyMeanwhile<Needs::kBeforeItCompletes, Waits::kBeforeIt>},
    {"operation-with-a-lock", OperationWithALock},
    {"hang-in-a-region", HangInARegion},
    {"hang-in-an-operation", HangInAnOperation},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
