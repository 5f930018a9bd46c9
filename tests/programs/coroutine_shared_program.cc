// What coroutine::shared_mutex is used for.
#include <lockcheck/coroutine.h>
#include <lockcheck/lockcheck.h>

#include <chrono>
#include <cstdio>

#include "tests/programs/stories.h"

namespace {

using lockcheck::coroutine::context;
using lockcheck::coroutine::mutex;
using lockcheck::coroutine::shared_mutex;
using lockcheck::coroutine::task;
using lockcheck::coroutine::yield;

shared_mutex g_a("a"), g_b("b");
mutex g_mutex("mutex");

void ReportLeft(context& c) {
  const size_t left = c.run();
  if (left == 0) return;
  std::printf("%zu left\n", left);
  std::fflush(stdout);
}

// Nothing puts the two in order.
void Tell(task<> one, const char* name, task<> other, const char* other_name) {
  context c;
  c.spawn(std::move(one), name);
  c.spawn(std::move(other), other_name);
  ReportLeft(c);
}

// Gives the others so many turns.
task<> Pause(int turns) {
  for (int i = 0; i < turns; ++i) co_await yield();
}

task<> WriteThenWrite(shared_mutex& outer, shared_mutex& inner, int turns) {
  const auto first = co_await outer.scoped_lock();
  co_await Pause(turns);
  const auto second = co_await inner.scoped_lock();
}
task<> ReadThenWrite(shared_mutex& outer, shared_mutex& inner, int turns) {
  const auto first = co_await outer.scoped_lock_shared();
  co_await Pause(turns);
  const auto second = co_await inner.scoped_lock();
}
task<> ReadThenRead(shared_mutex& outer, shared_mutex& inner, int turns) {
  const auto first = co_await outer.scoped_lock_shared();
  co_await Pause(turns);
  const auto second = co_await inner.scoped_lock_shared();
}

void WritersLatent() {
  Tell(WriteThenWrite(g_a, g_b, 0), "first", WriteThenWrite(g_b, g_a, 0),
       "second");
}
void WritersHang() {
  Tell(WriteThenWrite(g_a, g_b, 1), "first", WriteThenWrite(g_b, g_a, 1),
       "second");
}
// Safe.
void WritersInOneOrder() {
  Tell(WriteThenWrite(g_a, g_b, 1), "first", WriteThenWrite(g_a, g_b, 1),
       "second");
}

// Each reads what the other wants to write.
void ReadersLatent() {
  Tell(ReadThenWrite(g_a, g_b, 0), "first", ReadThenWrite(g_b, g_a, 0),
       "second");
}
void ReadersHang() {
  Tell(ReadThenWrite(g_a, g_b, 1), "first", ReadThenWrite(g_b, g_a, 1),
       "second");
}
// Safe: readers let each other in, and nobody writes.
void ReadersOnly() {
  Tell(ReadThenRead(g_a, g_b, 1), "first", ReadThenRead(g_b, g_a, 1), "second");
}

task<> ReadThenLock(int turns) {
  const auto first = co_await g_a.scoped_lock_shared();
  co_await Pause(turns);
  const auto second = co_await g_mutex.scoped_lock();
}
task<> LockThenWrite(int turns) {
  const auto first = co_await g_mutex.scoped_lock();
  co_await Pause(turns);
  const auto second = co_await g_a.scoped_lock();
}
void WithMutexLatent() {
  Tell(ReadThenLock(0), "reader", LockThenWrite(0), "writer");
}
void WithMutexHang() {
  Tell(ReadThenLock(1), "reader", LockThenWrite(1), "writer");
}

// Who reads asks to read again, behind a writer that waits.
task<> Write() { const auto guard = co_await g_a.scoped_lock(); }
void RecursiveReadLatent() {
  Tell(ReadThenRead(g_a, g_a, 0), "reader", Write(), "writer");
}
void RecursiveReadHang() {
  Tell(ReadThenRead(g_a, g_a, 1), "reader", Write(), "writer");
}
// Safe: nobody writes.
void RecursiveReadAlone() {
  Tell(ReadThenRead(g_a, g_a, 1), "reader", ReadThenRead(g_a, g_a, 1), "other");
}
// Safe: the writer gives up.
void RecursiveReadTimed() {
  const auto write = []() -> task<> {
    if (co_await g_a.try_lock_for(std::chrono::milliseconds(1))) g_a.unlock();
  };
  Tell(ReadThenRead(g_a, g_a, 1), "reader", write(), "writer");
}

// Who reads asks to write.
void Upgrade() {
  context c;
  c.spawn(ReadThenWrite(g_a, g_a, 0), "careless");
  ReportLeft(c);
}
void UnlocksWhatItDoesNotRead() {
  context c;
  const auto unlock = []() -> task<> {
    g_a.unlock_shared();
    co_return;
  };
  c.spawn(unlock(), "careless");
  ReportLeft(c);
}

// Safe: what they hold stays theirs, whoever runs them.
void Work() {
  context c;
  int value = 0;
  const auto work = [&](int n) -> task<> {
    for (int i = 0; i < 200; ++i) {
      if ((i + n) % 5 == 0) {
        const auto guard = co_await g_a.scoped_lock();
        const int before = value;
        co_await Pause(i % 2);
        value = before + 1;
      } else {
        const auto guard = co_await g_a.scoped_lock_shared();
        const auto inner = co_await g_b.scoped_lock_shared();
        co_await Pause(i % 3);
      }
    }
  };
  for (int i = 0; i < 10; ++i) c.spawn(work(i), "work");
  lockcheck::thread other([&] { ReportLeft(c); });
  ReportLeft(c);
  other.join();
  if (value != 10 * 40) std::printf("%d\n", value);
}

constexpr Story kStories[] = {
    {"writers-latent", &WritersLatent},
    {"writers-hang", &WritersHang},
    {"writers-in-one-order", &WritersInOneOrder},
    {"readers-latent", &ReadersLatent},
    {"readers-hang", &ReadersHang},
    {"readers-only", &ReadersOnly},
    {"with-mutex-latent", &WithMutexLatent},
    {"with-mutex-hang", &WithMutexHang},
    {"recursive-read-latent", &RecursiveReadLatent},
    {"recursive-read-hang", &RecursiveReadHang},
    {"recursive-read-alone", &RecursiveReadAlone},
    {"recursive-read-timed", &RecursiveReadTimed},
    {"upgrade", &Upgrade},
    {"unlocks-what-it-does-not-read", &UnlocksWhatItDoesNotRead},
    {"work", &Work},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
