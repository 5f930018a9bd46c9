// What coroutine::queue is used for.
#include <lockcheck/coroutine.h>
#include <lockcheck/lockcheck.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

#include "tests/programs/stories.h"

namespace {

using lockcheck::coroutine::context;
using lockcheck::coroutine::mutex;
using lockcheck::coroutine::queue;
using lockcheck::coroutine::task;
using lockcheck::coroutine::yield;

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

// ---- Room -------------------------------------------------------------------

// Puts two items into room for one, with the mutex held.
task<> PutUnderMutex(queue<int>& q) {
  const auto guard = co_await g_mutex.scoped_lock();
  co_await q.put(1);
  co_await q.put(2);
}
task<> GetUnderMutex(queue<int>& q) {
  for (int i = 0; i < 2; ++i) {
    const auto guard = co_await g_mutex.scoped_lock();
    co_await q.get();
  }
}
task<> Get(queue<int>& q) {
  for (int i = 0; i < 2; ++i) {
    co_await q.get();
    const auto guard = co_await g_mutex.scoped_lock();
  }
}
void FullUnderMutex() {
  queue<int> q(1, "jobs");
  Tell(PutUnderMutex(q), "putter", GetUnderMutex(q), "getter");
}
// Safe: the getter does not need it.
void FullWithoutMutex() {
  queue<int> q(1, "jobs");
  const auto get = [&]() -> task<> {
    for (int i = 0; i < 2; ++i) co_await q.get();
  };
  Tell(PutUnderMutex(q), "putter", get(), "getter");
}
// Safe: it needs it when it has got the item.
void FullAndMutexAfterwards() {
  queue<int> q(2, "jobs");
  Tell(PutUnderMutex(q), "putter", Get(q), "getter");
}

// It has room at first, so by luck nobody waits for the other.
void FullLatent() {
  queue<int> q(1, "jobs");
  const auto put = [&]() -> task<> {
    co_await q.put(1);
    co_await yield();
    co_await yield();
    const auto guard = co_await g_mutex.scoped_lock();
    co_await q.put(2);
  };
  const auto get = [&]() -> task<> {
    {
      const auto guard = co_await g_mutex.scoped_lock();
      co_await q.get();
    }
    co_await q.get();
  };
  Tell(put(), "putter", get(), "getter");
}

// ---- Items ------------------------------------------------------------------

void NobodyPuts() {
  queue<int> q("jobs");
  context c;
  const auto get = [&]() -> task<> { co_await q.get(); };
  c.spawn(get(), "getter");
  ReportLeft(c);
}
// Safe: who waits for ever is meant to.
void Idle() {
  queue<int> q("jobs");
  context c;
  const auto work = [&]() -> task<> {
    while (true) {
      co_await q.get();
      co_await yield();
      q.task_done();
    }
  };
  const auto give = [&]() -> task<> {
    for (int i = 0; i < 5; ++i) co_await q.put(i);
    co_await q.join();
  };
  c.spawn_background(work(), "worker");
  c.spawn_background(work(), "worker");
  c.spawn(give(), "giver");
  ReportLeft(c);
}
// Safe: a thread puts.
void PutFromOutside() {
  queue<int> q("jobs");
  context c;
  const auto get = [&]() -> task<> {
    for (int i = 0; i < 3; ++i) co_await q.get();
  };
  c.spawn(get(), "getter");
  auto work = std::make_unique<context::work>(c);
  lockcheck::thread outside([&] {
    for (int i = 0; i < 3; ++i) q.put_nowait(i);
    work.reset();
  });
  ReportLeft(c);
  outside.join();
}
// Safe: a close ends what is not wanted any more.
void Closed() {
  queue<int> q("jobs");
  const auto get = [&]() -> task<> {
    try {
      while (true) co_await q.get();
    } catch (const lockcheck::queue_closed&) {
    }
  };
  const auto give = [&]() -> task<> {
    co_await q.put(1);
    co_await yield();
    q.close();
  };
  Tell(get(), "getter", give(), "giver");
}

// ---- Ends -------------------------------------------------------------------

// Joins with the mutex held that the worker needs to be done.
task<> JoinUnderMutex(queue<int>& q) {
  const auto guard = co_await g_mutex.scoped_lock();
  co_await q.put(1);
  co_await q.join();
}
void JoinHang() {
  queue<int> q("jobs");
  const auto work = [&]() -> task<> {
    co_await q.get();
    { const auto guard = co_await g_mutex.scoped_lock(); }
    q.task_done();
  };
  Tell(JoinUnderMutex(q), "joiner", work(), "worker");
}
// Safe.
void JoinSafe() {
  queue<int> q("jobs");
  const auto work = [&]() -> task<> {
    co_await q.get();
    q.task_done();
  };
  Tell(JoinUnderMutex(q), "joiner", work(), "worker");
}

// ---- Misuse -----------------------------------------------------------------

void PutAfterClose() {
  context c;
  const auto put = []() -> task<> {
    queue<int> q("jobs");
    q.close();
    try {
      co_await q.put(1);
    } catch (const lockcheck::queue_closed&) {
      std::puts("refused");
    }
  };
  c.spawn(put(), "careless");
  ReportLeft(c);
}
void DoneTooOften() {
  context c;
  const auto done = []() -> task<> {
    queue<int> q("jobs");
    try {
      q.task_done();
    } catch (const std::logic_error&) {
      std::puts("refused");
    }
    co_return;
  };
  c.spawn(done(), "careless");
  ReportLeft(c);
}

constexpr Story kStories[] = {
    {"full-under-mutex", &FullUnderMutex},
    {"full-without-mutex", &FullWithoutMutex},
    {"full-and-mutex-afterwards", &FullAndMutexAfterwards},
    {"full-latent", &FullLatent},
    {"nobody-puts", &NobodyPuts},
    {"idle", &Idle},
    {"put-from-outside", &PutFromOutside},
    {"closed", &Closed},
    {"join-hang", &JoinHang},
    {"join-safe", &JoinSafe},
    {"put-after-close", &PutAfterClose},
    {"done-too-often", &DoneTooOften},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
