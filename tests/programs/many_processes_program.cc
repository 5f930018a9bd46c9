// One log of 64 processes, which share a lock, an inversion between two of them
// that did not happen, and threads and coroutines of their own.
#include <lockcheck/coroutine/context.h>
#include <lockcheck/coroutine/mutex.h>
#include <lockcheck/lockcheck.h>
#include <lockcheck/process.h>
#include <sched.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

namespace {

using lockcheck::process::child;
namespace coroutine = lockcheck::coroutine;

constexpr int kChildren = 63;
constexpr int kRounds = 20;

struct Shared {
  lockcheck::process::mutex all{"all"}, a{"a"}, b{"b"};
  int sum = 0;
  std::atomic<int> turn{0};
};

// Every process has its own of these.
lockcheck::mutex g_own("own");
coroutine::mutex g_awaited("awaited");

coroutine::task<> Count(int& count) {
  const auto guard = co_await g_awaited.scoped_lock();
  co_await coroutine::yield();
  ++count;
}

// True if all of its own came about.
bool UseOwn() {
  int count = 0;
  lockcheck::thread thread([&] {
    const std::lock_guard guard(g_own);
    ++count;
  });
  thread.join();
  coroutine::context context;
  context.spawn(Count(count));
  context.spawn(Count(count));
  context.run();
  return count == 3;
}

// The first two take a and b, one after the other and each in its own order.
void Invert(Shared& shared, int number) {
  while (shared.turn != number) sched_yield();
  {
    const std::lock_guard first(number == 0 ? shared.a : shared.b);
    const std::lock_guard second(number == 0 ? shared.b : shared.a);
  }
  ++shared.turn;
}

int Work(Shared& shared, int number) {
  const std::string name = "child " + std::to_string(number);
  lockcheck::this_thread::set_name(name.c_str());
  if (number < 2) Invert(shared, number);
  for (int i = 0; i < kRounds; ++i) {
    const std::lock_guard guard(shared.all);
    ++shared.sum;
  }
  return UseOwn() ? 0 : 1;
}

}  // namespace

int main() {
  lockcheck::process::shared<Shared> shared;
  std::vector<child> children;
  for (int i = 0; i < kChildren; ++i) {
    children.emplace_back([&, i] { return Work(*shared, i); });
  }
  for (child& one : children) {
    one.join();
    if (one.exit_status() != 0) std::puts("wrong");
  }
  if (shared->sum != kChildren * kRounds) std::puts("lost");
}
