// Asks, in every way, for what is there and for what comes while it waits. The
// name of each object says in which way it is asked for.
#include <lockcheck/lockcheck.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "tests/instrument/sleeper.h"

namespace {

using lockcheck::testing::Sleeper;
using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::steady_clock;
using Semaphore = lockcheck::counting_semaphore<>;
using Queue = lockcheck::queue<int>;

steady_clock::time_point InAnHour() { return steady_clock::now() + hours(1); }

struct Future {
  explicit Future(const char* name) : promise(name) {}
  lockcheck::promise<void> promise;
  lockcheck::shared_future<void> future = promise.get_future().share();
};

template <typename Object, typename Give, typename Ask>
void AtOnce(const char* name, Give give, Ask ask) {
  Object there(name);
  give(there);
  ask(there);
}
template <typename Object, typename Give, typename Ask>
void Later(const char* name, Give give, Ask ask) {
  Object later(name);
  Sleeper asker([&] { ask(later); });
  asker.UntilAsleep();
  give(later);
}
template <typename Object, typename Give, typename Ask>
void AtOnceAndLater(const char* name, Give give, Ask ask) {
  AtOnce<Object>(name, give, ask);
  Later<Object>(name, give, ask);
}

void Events() {
  using lockcheck::event;
  const auto set = [](event& e) { e.set(); };
  AtOnceAndLater<event>("event blocking", set, [](event& e) { e.wait(); });
  AtOnceAndLater<event>("event timed", set,
                        [](event& e) { e.wait_for(hours(1)); });
  AtOnceAndLater<event>("event timed", set,
                        [](event& e) { e.wait_until(InAnHour()); });
  AtOnce<event>("event try", set, [](event& e) { e.wait_for(seconds(0)); });
  // What has been found by less is asked for by more, and then by less again.
  AtOnce<event>("again", set, [](event& e) {
    for (int i = 0; i < 2; ++i) {
      e.wait_for(seconds(0));
      e.wait_for(hours(1));
      e.wait_until(InAnHour());
      e.wait();
    }
  });
}

void Futures() {
  const auto fulfil = [](Future& f) { f.promise.set_value(); };
  AtOnceAndLater<Future>("future blocking", fulfil,
                         [](Future& f) { f.future.wait(); });
  AtOnceAndLater<Future>("future blocking", fulfil,
                         [](Future& f) { f.future.get(); });
  AtOnceAndLater<Future>("future timed", fulfil,
                         [](Future& f) { f.future.wait_for(hours(1)); });
  AtOnceAndLater<Future>("future timed", fulfil,
                         [](Future& f) { f.future.wait_until(InAnHour()); });
  AtOnce<Future>("future try", fulfil,
                 [](Future& f) { f.future.wait_for(seconds(0)); });
}

void LatchesAndBarriers() {
  struct Latch : lockcheck::latch {
    explicit Latch(const char* name) : latch(1, name) {}
  };
  struct Barrier : lockcheck::barrier<> {
    explicit Barrier(const char* name) : barrier(2, name) {}
  };
  AtOnceAndLater<Latch>(
      "latch blocking", [](Latch& l) { l.count_down(); },
      [](Latch& l) { l.wait(); });
  AtOnceAndLater<Barrier>(
      "barrier blocking", [](Barrier& b) { (void)b.arrive(); },
      [](Barrier& b) { b.arrive_and_wait(); });
}

void Semaphores() {
  struct Signal : Semaphore {
    explicit Signal(const char* name) : counting_semaphore(0, name) {}
  };
  const auto release = [](Signal& s) { s.release(); };
  AtOnceAndLater<Signal>("semaphore blocking", release,
                         [](Signal& s) { s.acquire(); });
  AtOnceAndLater<Signal>("semaphore timed", release,
                         [](Signal& s) { (void)s.try_acquire_for(hours(1)); });
  AtOnceAndLater<Signal>("semaphore timed", release, [](Signal& s) {
    (void)s.try_acquire_until(InAnHour());
  });
  AtOnce<Signal>("semaphore try", release,
                 [](Signal& s) { (void)s.try_acquire(); });
}

// The compiler cannot know: it might make two places of a loop.
volatile int g_twice = 2;

// Of one, so that putting is asking, too. Twice: the first time here is not
// recorded in the short form.
template <typename Put, typename Get>
void AskQueue(const char* name, bool may_wait, Put put, Get get) {
  struct OfOne : Queue {
    explicit OfOne(const char* called) : Queue(1, called) {}
  };
  const auto put_one = [&](OfOne& q) { put(q); };
  const auto get_one = [&](OfOne& q) { get(q); };
  for (int i = 0; i < g_twice; ++i) AtOnce<OfOne>(name, put_one, get_one);
  if (!may_wait) return;
  Later<OfOne>(name, put_one, get_one);
  Later<OfOne>(name, get_one, [&](OfOne& q) {
    put(q);
    put(q);
  });
}

void Queues() {
  AskQueue(
      "queue blocking", true,
      [](Queue& q) {
        q.put(1);
        q.task_done();
        q.join();
      },
      [](Queue& q) { q.get(); });
  AskQueue(
      "queue timed", true, [](Queue& q) { q.put_for(1, hours(1)); },
      [](Queue& q) { q.get_for(hours(1)); });
  AskQueue(
      "queue timed", true, [](Queue& q) { q.put_until(1, InAnHour()); },
      [](Queue& q) { q.get_until(InAnHour()); });
  AskQueue(
      "queue try", false, [](Queue& q) { q.put_nowait(1); },
      [](Queue& q) { q.get_nowait(); });
}

template <typename Get>
void FindClosed(const char* name, Get get) {
  Queue queue(0, name);
  queue.close();
  try {
    get(queue);
    std::abort();
  } catch (const lockcheck::queue_closed&) {
  }
}

void ClosedQueues() {
  FindClosed("queue blocking", [](Queue& q) { q.get(); });
  FindClosed("queue timed", [](Queue& q) { q.get_for(hours(1)); });
  FindClosed("queue try", [](Queue& q) { q.get_nowait(); });
}

void Operations() {
  struct Started : lockcheck::async_operation {
    explicit Started(const char* name) : async_operation(name) { start(); }
  };
  const auto complete = [](Started& o) { o.complete(); };
  AtOnceAndLater<Started>("operation blocking", complete,
                          [](Started& o) { o.wait(); });
  AtOnceAndLater<Started>("operation timed", complete,
                          [](Started& o) { o.wait_for(hours(1)); });
  AtOnceAndLater<Started>("operation timed", complete,
                          [](Started& o) { o.wait_until(InAnHour()); });
  AtOnce<Started>("operation try", complete,
                  [](Started& o) { o.wait_for(seconds(0)); });
  // Nothing is waited for, nor recorded.
  lockcheck::async_operation("operation that is not started").wait();
}

void Pools() {
  lockcheck::thread_pool pool(1, "pool blocking");
  for (int i = 0; i < 3; ++i) pool.submit([] {}).get();
}

}  // namespace

int main() {
  Events();
  Futures();
  LatchesAndBarriers();
  Semaphores();
  Queues();
  ClosedQueues();
  Operations();
  Pools();
}
