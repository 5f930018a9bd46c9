#include <unistd.h>

#include <functional>
#include <vector>

#include "lockcheck/coroutine.h"
#include "lockcheck/lockcheck.h"
#include "samples/levels/memory.h"
#include "samples/levels/numbers.h"
#include "samples/levels/readable.h"
#include "samples/levels/work.h"

namespace levels {
namespace {

using namespace lockcheck::coroutine;  // NOLINT: a sample about these

task<> Nothing() { co_return; }

double Start() {
  constexpr int kCount = 10'000;
  context c;
  return MicrosecondsEach(kCount, [&] {
    for (int i = 0; i < kCount; ++i) {
      c.spawn(Nothing());
      c.run();
    }
  });
}

struct PingPong {
  event ping{"ping"}, pong{"pong"};
};

task<> Ping(PingPong& events, int count) {
  for (int i = 0; i < count; ++i) {
    events.ping.set();
    co_await events.pong.wait();
    events.pong.clear();
  }
}
task<> Pong(PingPong& events, int count) {
  for (int i = 0; i < count; ++i) {
    co_await events.ping.wait();
    events.ping.clear();
    events.pong.set();
  }
}

double Switch() {
  constexpr int kCount = 20'000;
  PingPong events;
  context c;
  c.spawn(Pong(events, kCount));
  c.spawn(Ping(events, kCount));
  return MicrosecondsEach(2 * kCount, [&] { c.run(); });
}

task<> Send(queue<int>& messages, int count) {
  for (int i = 0; i < count; ++i) co_await messages.put(i);
}
task<> Receive(queue<int>& messages, int count) {
  for (int i = 0; i < count; ++i) co_await messages.get();
}

double Message() {
  constexpr int kCount = 20'000;
  queue<int> messages(64, "messages");
  context c;
  c.spawn(Send(messages, kCount));
  c.spawn(Receive(messages, kCount));
  return MicrosecondsEach(kCount, [&] { c.run(); });
}

task<> Await(event& go) { co_await go.wait(); }

double Memory() {
  constexpr int kCount = 10'000;
  event go("go");
  context c;
  const double before = OwnMemoryKb(getpid());
  for (int i = 0; i < kCount; ++i) c.spawn_background(Await(go));
  c.run();
  const double after = OwnMemoryKb(getpid());
  go.set();
  c.run();
  return (after - before) / kCount;
}

task<> Compute(const Work& work) {
  work.Compute();
  co_return;
}
task<> AskAll(const Work& work, Readable& readable) {
  const int connection = work.Connect();
  for (int i = 0; i < kRounds; ++i) {
    Work::Ask(connection);
    co_await readable.Await(connection);
    Work::AwaitAnswer(connection);
  }
  close(connection);
}
task<> WriteAll(const Work& work, int worker) {
  for (int i = 0; i < kRounds; ++i) {
    work.WriteDurably(worker * kRounds + i);
    co_await yield();
  }
}

// What would block the thread is done by one of the pool's.
task<> InPool(context& c, lockcheck::thread_pool& pool,
              std::function<void()> act) {
  const context::work work(c);
  event done("done");
  pool.submit([&] {
    act();
    done.set();
  });
  co_await done.wait();
}

// How long all workers take, of which `make` makes one.
template <typename Make>
double All(context& c, const Make& make) {
  return LeastMicroseconds([&] {
    for (int i = 0; i < kWorkers; ++i) c.spawn(make(i));
    c.run();
  });
}

double Network(const Work& work) {
  context c;
  Readable readable(c);
  return All(c, [&](int) { return AskAll(work, readable); });
}

}  // namespace

Numbers MeasureCoroutines(Work& work, const OneByOne& base) {
  context c;
  const double cpu = All(c, [&](int) { return Compute(work); });
  const double disk =
      All(c, [&](int worker) { return WriteAll(work, worker); });
  return {"coroutine",
          Start(),
          Switch(),
          Message(),
          Memory(),
          base.cpu_us / cpu,
          base.network_us / Network(work),
          base.disk_us / disk};
}

Numbers MeasureCoroutinesWithPool(Work& work, const OneByOne& base) {
  context c;
  lockcheck::thread_pool pool;
  const double cpu =
      All(c, [&](int) { return InPool(c, pool, [&] { work.Compute(); }); });
  const double disk = All(c, [&](int worker) {
    return InPool(c, pool, [&, worker] {
      for (int i = 0; i < kRounds; ++i) work.WriteDurably(worker * kRounds + i);
    });
  });
  pool.close();
  pool.join();
  return {.level = "coroutine and thread_pool",
          .cpu = base.cpu_us / cpu,
          .network = base.network_us / Network(work),
          .disk = base.disk_us / disk};
}

}  // namespace levels
