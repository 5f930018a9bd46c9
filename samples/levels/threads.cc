#include <unistd.h>

#include <vector>

#include "lockcheck/lockcheck.h"
#include "samples/levels/memory.h"
#include "samples/levels/numbers.h"
#include "samples/levels/work.h"

namespace levels {
namespace {

using lockcheck::event;
using lockcheck::jthread;

double Start() {
  constexpr int kCount = 200;
  return MicrosecondsEach(kCount, [] {
    for (int i = 0; i < kCount; ++i) jthread([] {}).join();
  });
}

double Switch() {
  constexpr int kCount = 2000;
  event ping("ping"), pong("pong");
  const jthread other([&] {
    for (int i = 0; i < kCount; ++i) {
      ping.wait();
      ping.clear();
      pong.set();
    }
  });
  return MicrosecondsEach(2 * kCount, [&] {
    for (int i = 0; i < kCount; ++i) {
      ping.set();
      pong.wait();
      pong.clear();
    }
  });
}

double Message() {
  constexpr int kCount = 20'000;
  lockcheck::queue<int> messages(64, "messages");
  const jthread sender([&] {
    for (int i = 0; i < kCount; ++i) messages.put(i);
  });
  return MicrosecondsEach(kCount, [&] {
    for (int i = 0; i < kCount; ++i) messages.get();
  });
}

double Memory() {
  constexpr int kCount = 100;
  event go("go");
  lockcheck::counting_semaphore<> begun(0, "begun");
  std::vector<jthread> waiting;
  waiting.reserve(kCount);
  const double before = OwnMemoryKb(getpid());
  for (int i = 0; i < kCount; ++i) {
    waiting.emplace_back([&] {
      begun.release();
      go.wait();
    });
  }
  for (int i = 0; i < kCount; ++i) begun.acquire();
  const double after = OwnMemoryKb(getpid());
  go.set();
  return (after - before) / kCount;
}

// How long all workers take.
template <typename Works>
double All(const Works& works) {
  return LeastMicroseconds([&] {
    std::vector<jthread> workers;
    for (int i = 0; i < kWorkers; ++i) workers.emplace_back(works, i);
  });
}

}  // namespace

Numbers MeasureThreads(Work& work, const OneByOne& base) {
  const double cpu = All([&](int) { work.Compute(); });
  const double network = All([&](int) {
    const int connection = work.Connect();
    for (int i = 0; i < kRounds; ++i) {
      Work::Ask(connection);
      Work::AwaitAnswer(connection);
    }
    close(connection);
  });
  const double disk = All([&](int worker) {
    for (int i = 0; i < kRounds; ++i) work.WriteDurably(worker * kRounds + i);
  });
  return {"thread",
          Start(),
          Switch(),
          Message(),
          Memory(),
          base.cpu_us / cpu,
          base.network_us / network,
          base.disk_us / disk};
}

}  // namespace levels
