// What a pool of threads is used for.
#include <lockcheck/lockcheck.h>

#include <cstdio>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "tests/programs/stories.h"

namespace {

using lockcheck::thread_pool;

lockcheck::mutex g_a("a"), g_b("b");

void SayWaits() {
  std::puts("waits");
  std::fflush(stdout);
}

void Nested(lockcheck::mutex& outer, lockcheck::mutex& inner) {
  const std::lock_guard first(outer);
  const std::lock_guard second(inner);
}

// Size 4, five tasks at gates: the first gate opens when four have begun, the
// others when the fifth has.
void Gate() {
  thread_pool pool(4, "crew");
  std::latch four_begun(4), first(1), rest(1);
  std::vector<thread_pool::future<void>> ended;
  const auto hold = [&](std::latch& gate) {
    return pool.submit([&] {
      four_begun.count_down();
      gate.wait();
    });
  };
  ended.push_back(hold(first));
  for (int i = 0; i < 3; ++i) ended.push_back(hold(rest));
  ended.push_back(pool.submit([&] { rest.count_down(); }));
  four_begun.wait();
  first.count_down();
  for (auto& end : ended) end.get();
}

// Two tasks that may run at once, though they do not.
void Order() {
  thread_pool pool(2, "crew");
  std::latch first_ended(1);
  auto first = pool.submit([&] {
    Nested(g_a, g_b);
    first_ended.count_down();
  });
  auto second = pool.submit([&] {
    first_ended.wait();
    Nested(g_b, g_a);
  });
  first.get();
  second.get();
}

// Safe: a pool of one has its tasks follow each other.
void OneWorker() {
  thread_pool pool(1, "crew");
  auto first = pool.submit([] { Nested(g_a, g_b); });
  auto second = pool.submit([] { Nested(g_b, g_a); });
  first.get();
  second.get();
}

// Safe: the second is submitted when the first one's answer is there.
void OneAfterTheOther() {
  thread_pool pool(4, "crew");
  pool.submit([] { Nested(g_a, g_b); }).get();
  pool.submit([] { Nested(g_b, g_a); }).get();
  Nested(g_a, g_b);
}

// Safe: tasks that share a lock, also with who submits them.
void Work() {
  thread_pool pool(3, "crew");
  int sum = 0;
  const auto add = [&](int n) {
    const std::lock_guard lock(g_a);
    return sum += n;
  };
  const std::vector<int> items = {1, 2, 3, 4, 5, 6, 7, 8};
  pool.map(add, items);
  pool.map_unordered(add, items);
  const std::lock_guard lock(g_b);
  (void)pool.submit(add, 1);
}

// A task that waits for one behind it, in a pool of one.
void Starved() {
  thread_pool pool(1, "crew");
  auto outer = pool.submit([&] {
    auto inner = pool.submit([] { return 1; });
    SayWaits();
    return inner.get();
  });
  outer.get();
}

// Whoever joins holds what the task needs.
void JoinHolding() {
  thread_pool pool(1, "crew");
  std::latch locked(1);
  auto task = pool.submit([&] {
    locked.wait();
    const std::lock_guard lock(g_a);
  });
  const std::lock_guard lock(g_a);
  locked.count_down();
  pool.close();
  pool.join();
}

void LeavesLocked() {
  thread_pool pool(1, "crew");
  pool.submit([] { g_a.lock(); }).get();
}

void Misuses() {
  thread_pool pool(1, "crew");
  const auto refused = [](const char* what, auto act) {
    try {
      act();
    } catch (const std::logic_error&) {
      std::printf("refused %s\n", what);
    }
  };
  refused("join", [&] { pool.join(); });
  pool.submit([&] { refused("own join", [&] { pool.join(); }); }).get();
  pool.close();
  refused("submit", [&] { pool.submit([] {}); });
}

constexpr Story kStories[] = {
    {"gate", Gate},
    {"order", Order},
    {"one-worker", OneWorker},
    {"one-after-the-other", OneAfterTheOther},
    {"work", Work},
    {"starved", Starved},
    {"join-holding", JoinHolding},
    {"leaves-locked", LeavesLocked},
    {"misuses", Misuses},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
