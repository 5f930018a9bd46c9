#include <unistd.h>

#include <vector>

#include "lockcheck/process.h"
#include "samples/levels/memory.h"
#include "samples/levels/numbers.h"
#include "samples/levels/work.h"

namespace levels {
namespace {

using lockcheck::process::child;
using lockcheck::process::shared;

double Start() {
  constexpr int kCount = 50;
  return MicrosecondsEach(kCount, [] {
    for (int i = 0; i < kCount; ++i) child([] {}).join();
  });
}

struct PingPong {
  lockcheck::process::event ping{"ping"}, pong{"pong"};
};

double Switch() {
  constexpr int kCount = 2000;
  const shared<PingPong> events;
  child other([&] {
    for (int i = 0; i < kCount; ++i) {
      events->ping.wait();
      events->ping.clear();
      events->pong.set();
    }
  });
  const double each = MicrosecondsEach(2 * kCount, [&] {
    for (int i = 0; i < kCount; ++i) {
      events->ping.set();
      events->pong.wait();
      events->pong.clear();
    }
  });
  other.join();
  return each;
}

double Message() {
  constexpr int kCount = 20'000;
  const shared<lockcheck::process::queue<int>> messages(64, "messages");
  child sender([&] {
    for (int i = 0; i < kCount; ++i) messages->put(i);
  });
  const double each = MicrosecondsEach(kCount, [&] {
    for (int i = 0; i < kCount; ++i) messages->get();
  });
  sender.join();
  return each;
}

struct Waiting {
  lockcheck::process::event go{"go"};
  lockcheck::process::semaphore begun{0, "begun"};
};

double Memory() {
  constexpr int kCount = 10;
  const shared<Waiting> signals;
  std::vector<child> waiting;
  for (int i = 0; i < kCount; ++i) {
    waiting.emplace_back([&] {
      signals->begun.release();
      signals->go.wait();
    });
  }
  for (int i = 0; i < kCount; ++i) signals->begun.acquire();
  double all = 0;
  for (const child& one : waiting) all += OwnMemoryKb(one.pid());
  signals->go.set();
  for (child& one : waiting) one.join();
  return all / kCount;
}

// How long all workers take.
template <typename Works>
double All(const Works& works) {
  return LeastMicroseconds([&] {
    std::vector<child> workers;
    for (int i = 0; i < kWorkers; ++i) workers.emplace_back(works, i);
    for (child& worker : workers) worker.join();
  });
}

}  // namespace

Numbers MeasureProcesses(Work& work, const OneByOne& base) {
  const double cpu = All([&](int) { work.Compute(); });
  const double network = All([&](int) {
    const int connection = work.Connect();
    for (int i = 0; i < kRounds; ++i) {
      Work::Ask(connection);
      Work::AwaitAnswer(connection);
    }
  });
  const double disk = All([&](int worker) {
    for (int i = 0; i < kRounds; ++i) work.WriteDurably(worker * kRounds + i);
  });
  return {"process",
          Start(),
          Switch(),
          Message(),
          Memory(),
          base.cpu_us / cpu,
          base.network_us / network,
          base.disk_us / disk};
}

}  // namespace levels
