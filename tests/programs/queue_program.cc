// What queues are used for.
#include <fcntl.h>
#include <lockcheck/lockcheck.h>
#include <unistd.h>

#include <cstdio>
#include <latch>
#include <mutex>
#include <stdexcept>

#include "tests/instrument/sleeper.h"
#include "tests/programs/left_waiting.h"
#include "tests/programs/mutex_and_other.h"
#include "tests/programs/stories.h"

namespace {

using lockcheck::queue;
using lockcheck::testing::LeaveWaiting;
using lockcheck::this_thread::set_name;

// Says that main is about to block for ever.
void SayWaits() {
  std::puts("waits");
  std::fflush(stdout);
}

// Two who serve each other, and a client of both. If the client comes first, it
// takes the room that they need before they look at what is there.
enum class Client { kComesFirst, kComesLater };

template <Client client, size_t room>
void EachOther() {
  queue<int> left(room, "left"), right(room, "right");
  std::latch both_have_put(2), client_has_put(1);
  const auto serve = [&](const char* name, queue<int>& other, queue<int>& own) {
    set_name(name);
    if (client == Client::kComesFirst) client_has_put.wait();
    other.put(1);
    both_have_put.count_down();
    own.get();
    own.get();
  };
  lockcheck::thread x([&] { serve("server of left", right, left); });
  lockcheck::thread y([&] { serve("server of right", left, right); });
  if (client == Client::kComesLater) both_have_put.wait();
  left.put(2);
  right.put(2);
  client_has_put.count_down();
  SayWaits();
  x.join();
  y.join();
}

// Safe: each makes room before it puts.
void EachOtherGetsFirst() {
  queue<int> left(1, "left"), right(1, "right");
  const auto serve = [](queue<int>& other, queue<int>& own) {
    own.get();
    other.put(1);
    own.get();
  };
  left.put(2);
  right.put(2);
  lockcheck::thread x([&] { serve(right, left); });
  lockcheck::thread y([&] { serve(left, right); });
  x.join();
  y.join();
}

enum class Consumer { kKeepsUp, kLagsBehind };
enum class Needs { kBeforeGet, kAfterGet };

void TakeMutex() { const std::lock_guard hold(g_mutex); }

// Two items, one after the other, put under the mutex; the consumer takes the
// mutex before it gets one, and comes after each put or when the second one is
// about to be made.
template <Consumer consumer, size_t room, Needs needs = Needs::kBeforeGet>
void PutHolding() {
  queue<int> jobs(room, "jobs");
  std::latch has_put(1), has_got(1), puts_again(1);
  lockcheck::thread producer([&] {
    set_name("producer");
    {
      const std::lock_guard hold(g_mutex);
      jobs.put(1);
    }
    has_put.count_down();
    if (consumer == Consumer::kKeepsUp) has_got.wait();
    const std::lock_guard hold(g_mutex);
    puts_again.count_down();
    jobs.put(2);
  });
  lockcheck::thread eater([&] {
    set_name("consumer");
    (consumer == Consumer::kKeepsUp ? has_put : puts_again).wait();
    for (int i = 0; i < 2; ++i) {
      if (needs == Needs::kBeforeGet) TakeMutex();
      jobs.get();
      if (needs == Needs::kAfterGet) TakeMutex();
      if (i == 0) has_got.count_down();
    }
  });
  producer.join();
  eater.join();
}

void EmptyGet() {
  static queue<int> jobs("jobs");
  SayWaits();
  jobs.get();
}

void Unfinished() {
  static queue<int> jobs("jobs");
  jobs.put(1);
  jobs.get();
  SayWaits();
  jobs.join();
}

// Gets the only item, and does what is to be done with it.
enum class Says { kNothing, kDone };
template <Says says>
void GetOne(queue<int>& jobs) {
  lockcheck::thread([&] {
    jobs.get();
    if (says == Says::kDone) jobs.task_done();
  }).join();
}

// Who waits for the end of all tasks; the program does not wait for that.
void NeverDoneAtExit() {
  static auto& jobs = *new queue<int>("jobs");  // never destroyed
  jobs.put(1);
  GetOne<Says::kNothing>(jobs);
  LeaveWaiting([] { jobs.join(); });
}

// Safe: there is nothing to do for it when the program ends.
void IdleAtExit() {
  static auto& jobs = *new queue<int>("jobs");
  LeaveWaiting([] { jobs.get(); });
}

template <Says says>
void JoinAfterOne() {
  queue<int> jobs("jobs");
  jobs.put(1);
  GetOne<says>(jobs);
  jobs.join();
}

// Safe: a pipeline that is closed from the front to the back, whose stages use
// one mutex, also around a put and a get that do not block.
void Pipeline() {
  queue<int> raw(2, "raw"), cooked(2, "cooked");
  lockcheck::thread cook([&] {
    try {
      while (true) {
        const int item = raw.get();
        { const std::lock_guard lock(g_mutex); }
        cooked.put(item * 2);
        raw.task_done();
      }
    } catch (const lockcheck::queue_closed&) {
      cooked.close();
    }
  });
  lockcheck::thread eat([&] {
    try {
      while (true) {
        cooked.get();
        const std::lock_guard lock(g_mutex);
        (void)cooked.get_nowait();
      }
    } catch (const lockcheck::queue_closed&) {
    }
  });
  for (int i = 0; i < 100; ++i) {
    raw.put(i);
    const std::lock_guard lock(g_mutex);
    (void)raw.put_nowait(i);
  }
  raw.close();
  cook.join();
  eat.join();
}

// Two workers put a result each when they are done with two locks, which are
// then taken in the other order. Safe if both results are got before; if one
// is, the other worker might not be done, and is so by luck.
template <int results_got>
void AfterResults() {
  queue<int> results("results");
  std::latch both_are_done(2);
  const auto work = [&] {
    MutexThenOther();
    results.put(1);
    both_are_done.count_down();
  };
  lockcheck::thread one(work), other(work);
  for (int i = 0; i < results_got; ++i) results.get();
  both_are_done.wait();
  OtherThenMutex();
  one.join();
  other.join();
}

// The same with a join of the queue. Safe if the items are done when the locks
// have been.
enum class Done { kAfterLocks, kBeforeLocks };

template <Done done>
void AfterJoin() {
  queue<int> jobs("jobs");
  for (int i = 0; i < 2; ++i) jobs.put(i);
  std::latch both_are_done(2);
  const auto work = [&] {
    jobs.get();
    if (done == Done::kBeforeLocks) jobs.task_done();
    MutexThenOther();
    if (done == Done::kAfterLocks) jobs.task_done();
    both_are_done.count_down();
  };
  lockcheck::thread one(work), other(work);
  jobs.join();
  both_are_done.wait();
  OtherThenMutex();
  one.join();
  other.join();
}

// Safe: the lock over a queue's items is nobody's: it orders no other lock.
void InsideLocks() {
  queue<int> q("q");
  lockcheck::mutex other("other");
  const auto use = [&](lockcheck::mutex& first) {
    const std::lock_guard lock(first);
    q.put(1);
    q.get();
  };
  lockcheck::thread([&] { use(g_mutex); }).join();
  lockcheck::thread([&] { use(other); }).join();
}

void Misuses() {
  queue<int> q("bounded");
  try {
    q.task_done();
  } catch (const std::logic_error&) {
    std::puts("refused task_done");
  }
  q.close();
  try {
    q.put(1);
  } catch (const lockcheck::queue_closed&) {
    std::puts("refused put");
  }
}

// Nobody reads what is said there, and it is full.
void StopReadingStandardError() {
  int ends[2];
  if (pipe(ends) != 0) _exit(3);
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  while (write(ends[1], "", 1) > 0) {
  }
  fcntl(ends[1], F_SETFL, 0);
  dup2(ends[1], STDERR_FILENO);
}

// Whoever reports misuse has let go: others go on, however long that takes.
void ReportsNobodyReads() {
  static queue<int> full(1, "full");
  static lockcheck::thread_pool pool(1, "crew");
  full.close();
  pool.close();
  StopReadingStandardError();
  const lockcheck::testing::Sleeper puts([] { full.put(1); });
  puts.UntilAsleep();
  std::printf("closed %d\n", full.closed());
  const lockcheck::testing::Sleeper submits([] { pool.submit([] {}); });
  submits.UntilAsleep();
  pool.close();
  std::puts("closed");
  std::fflush(stdout);
  _exit(0);
}

constexpr Story kStories[] = {
    {"queues-latent", EachOther<Client::kComesLater, 1>},
    {"queues-hangs", EachOther<Client::kComesFirst, 1>},
    {"queues-safe", EachOther<Client::kComesFirst, 2>},
    {"queues-safe-later", EachOther<Client::kComesLater, 2>},
    {"queues-safe-gets", EachOtherGetsFirst},
    {"put-under-mutex-latent", PutHolding<Consumer::kKeepsUp, 1>},
    {"put-under-mutex-hangs", PutHolding<Consumer::kLagsBehind, 1>},
    {"put-under-mutex-safe", PutHolding<Consumer::kLagsBehind, 2>},
    {"put-under-mutex-safe-keeps-up", PutHolding<Consumer::kKeepsUp, 2>},
    {"put-under-mutex-safe-after",
     PutHolding<Consumer::kLagsBehind, 1, Needs::kAfterGet>},
    {"put-under-mutex-safe-after-keeps-up",
     PutHolding<Consumer::kKeepsUp, 1, Needs::kAfterGet>},
    {"never-done-latent", NeverDoneAtExit},
    {"never-done-hangs", JoinAfterOne<Says::kNothing>},
    {"never-done-safe", JoinAfterOne<Says::kDone>},
    {"never-done-safe-idle", IdleAtExit},
    {"all-results", AfterResults<2>},
    {"one-result", AfterResults<1>},
    {"done-after-locks", AfterJoin<Done::kAfterLocks>},
    {"done-before-locks", AfterJoin<Done::kBeforeLocks>},
    {"empty-get", EmptyGet},
    {"unfinished", Unfinished},
    {"pipeline", Pipeline},
    {"inside-locks", InsideLocks},
    {"misuses", Misuses},
    {"reports-nobody-reads", ReportsNobodyReads},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
