// What queues are used for, each story made by threads one after the other.
#include <fcntl.h>
#include <lockcheck/lockcheck.h>
#include <unistd.h>

#include <cstdio>
#include <latch>
#include <mutex>
#include <stdexcept>

#include "tests/instrument/sleeper.h"
#include "tests/programs/stories.h"

namespace {

using lockcheck::queue;

lockcheck::mutex g_mutex("mutex");

// Says that main is about to block for ever.
void SayWaits() {
  std::puts("waits");
  std::fflush(stdout);
}

// Each fills the other's queue before it empties its own.
void EachOther() {
  static queue<int> left(1, "left"), right(1, "right");
  std::latch both_full(2);
  const auto run = [&](queue<int>& other, queue<int>& own) {
    other.put(1);
    both_full.arrive_and_wait();
    other.put(2);
    own.get();
  };
  lockcheck::thread x([&] { run(left, right); });
  lockcheck::thread y([&] { run(right, left); });
  SayWaits();
  x.join();
  y.join();
}

// Safe: the same with room for both.
void EachOtherWithRoom() {
  queue<int> left(2, "left"), right(2, "right");
  const auto run = [&](queue<int>& other, queue<int>& own) {
    other.put(1);
    other.put(2);
    own.get();
    own.get();
  };
  lockcheck::thread x([&] { run(left, right); });
  lockcheck::thread y([&] { run(right, left); });
  x.join();
  y.join();
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
    {"each-other", EachOther}, {"each-other-with-room", EachOtherWithRoom},
    {"empty-get", EmptyGet},   {"unfinished", Unfinished},
    {"pipeline", Pipeline},    {"inside-locks", InsideLocks},
    {"misuses", Misuses},      {"reports-nobody-reads", ReportsNobodyReads},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
