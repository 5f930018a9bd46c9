// What a pool of threads is used for.
#include <lockcheck/lockcheck.h>

#include <chrono>
#include <cstdio>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "tests/programs/in_turn.h"
#include "tests/programs/stories.h"

namespace {

using lockcheck::thread_pool;
using lockcheck::testing::AwaitSleeper;
using lockcheck::this_thread::set_name;

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

// Safe: what they put is got before anybody waits for them.
void Puts() {
  thread_pool pool(3, "crew");
  lockcheck::queue<int> results(2, "results");
  std::vector<thread_pool::future<void>> ended;
  for (int i = 0; i < 10; ++i) {
    ended.push_back(pool.submit([&] { results.put(1); }));
  }
  for (int i = 0; i < 8; ++i) results.get();
  for (auto& end : ended) end.get();
  for (int i = 0; i < 2; ++i) results.get();
}

// Safe: a pool of one has its tasks follow each other.
void OneWorker() {
  thread_pool pool(1, "crew");
  auto first = pool.submit([] { Nested(g_a, g_b); });
  auto second = pool.submit([] { Nested(g_b, g_a); });
  first.get();
  second.get();
}

// Not safe: the thread that submits the second task may do so first, and the
// task runs while main takes the locks.
void OneWorkerForTwo() {
  thread_pool pool(1, "crew");
  std::latch first_has_run(1);
  lockcheck::thread other([&] {
    first_has_run.wait();
    pool.submit([] { Nested(g_b, g_a); }).get();
  });
  Nested(g_a, g_b);
  pool.submit([] {}).get();
  first_has_run.count_down();
  other.join();
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

// A task that waits for another one, which somebody else submits: before it, or
// behind it.
enum class Inner { kFirst, kBehind };

template <Inner inner_comes, size_t workers>
void OneWaits() {
  thread_pool pool(workers, "crew");
  thread_pool::future<int> inner;
  std::latch inner_is_there(1), outer_is_there(1);
  lockcheck::thread other([&] {
    if (inner_comes == Inner::kBehind) outer_is_there.wait();
    inner = pool.submit([] { return 1; });
    inner_is_there.count_down();
  });
  if (inner_comes == Inner::kFirst) inner_is_there.wait();
  auto outer = pool.submit([&] {
    outer_is_there.count_down();
    inner_is_there.wait();
    SayWaits();
    return inner.get();
  });
  outer.get();
  other.join();
}

// Safe: it is submitted before the one that waits for it, in any case.
void WaitsForOneBefore() {
  thread_pool pool(1, "crew");
  auto inner = pool.submit([] { return 1; });
  pool.submit([&] { return inner.get(); }).get();
}

// Two tasks that wait for tasks of their own: one after the other, or both at
// once.
enum class Outers { kInTurn, kAtOnce };

template <Outers outers, size_t workers>
void BothWait() {
  thread_pool pool(workers, "crew");
  std::latch both_have_begun(2), first_has_waited(1);
  const auto wait = [&](std::latch* begun) {
    if (begun != nullptr) begun->arrive_and_wait();
    return pool.submit([] { return 1; }).get();
  };
  std::latch* const begun =
      outers == Outers::kAtOnce ? &both_have_begun : nullptr;
  auto first = pool.submit([&, begun] {
    wait(begun);
    first_has_waited.count_down();
  });
  if (outers == Outers::kInTurn) first_has_waited.wait();
  auto second = pool.submit([&, begun] { wait(begun); });
  first.get();
  second.get();
}

// Safe: those it waits for have a pool of their own.
void WaitsForAnotherPool() {
  thread_pool pool(1, "crew"), helpers(1, "helpers");
  pool.submit([&] { return helpers.submit([] { return 1; }).get(); }).get();
}

// It is refused, so the program ends.
void JoinsItsOwnPool() {
  thread_pool pool(1, "crew");
  pool.submit([&] {
        pool.close();
        try {
          pool.join();
        } catch (const std::logic_error&) {
        }
      })
      .get();
}

// What nothing refuses: a task that waits for who joins its pool.
void WaitsForWhoJoinsItsPool() {
  thread_pool pool(1, "crew");
  pool.submit([&] {
        lockcheck::thread joiner([&] {
          set_name("joiner");
          pool.close();
          pool.join();
        });
        joiner.join();
      })
      .get();
}

// Safe: it is closed by its task, and joined by another.
void ClosesItsOwnPool() {
  thread_pool pool(1, "crew");
  pool.submit([&] { pool.close(); }).get();
  pool.join();
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

// The same in time: it gives up, and both go on.
void TimedJoinHolding() {
  thread_pool pool(1, "crew");
  std::latch locked(1);
  pool.submit([&] {
    locked.wait();
    const std::lock_guard lock(g_a);
  });
  {
    const std::lock_guard lock(g_a);
    locked.count_down();
    AwaitSleeper(g_a);
    pool.close();
    pool.join_for(std::chrono::milliseconds(1));
  }
  pool.join();
}

// Nobody waits: the task had the lock before.
void TimedJoinLater() {
  thread_pool pool(1, "crew");
  pool.submit([] { const std::lock_guard lock(g_a); }).get();
  const std::lock_guard lock(g_a);
  pool.close();
  pool.join_for(std::chrono::hours(1));
}

// Safe: the task needs a lock, and not the one that is held.
void TimedJoinHoldingOther() {
  thread_pool pool(1, "crew");
  std::latch gate(1);
  pool.submit([&] {
    gate.wait();
    const std::lock_guard lock(g_a);
  });
  pool.close();
  {
    const std::lock_guard lock(g_b);
    pool.join_for(std::chrono::milliseconds(1));
  }
  gate.count_down();
  pool.join_for(std::chrono::hours(1));
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
    {"puts", Puts},
    {"one-worker", OneWorker},
    {"one-worker-for-two", OneWorkerForTwo},
    {"one-after-the-other", OneAfterTheOther},
    {"work", Work},
    {"task-behind-one-latent", OneWaits<Inner::kFirst, 1>},
    {"task-behind-one-hangs", OneWaits<Inner::kBehind, 1>},
    {"task-behind-one-safe", OneWaits<Inner::kBehind, 2>},
    {"task-behind-one-safe-pool", WaitsForAnotherPool},
    {"task-behind-one-safe-before", WaitsForOneBefore},
    {"task-behind-many-latent", BothWait<Outers::kInTurn, 2>},
    {"task-behind-many-hangs", BothWait<Outers::kAtOnce, 2>},
    {"task-behind-many-safe", BothWait<Outers::kAtOnce, 3>},
    {"task-behind-many-safe-in-turn", BothWait<Outers::kInTurn, 3>},
    {"pool-in-itself-latent", JoinsItsOwnPool},
    {"pool-in-itself-hangs", WaitsForWhoJoinsItsPool},
    {"pool-in-itself-safe", ClosesItsOwnPool},
    {"join-holding", JoinHolding},
    {"timed-join-holding", TimedJoinHolding},
    {"timed-join-later", TimedJoinLater},
    {"timed-join-holding-other", TimedJoinHoldingOther},
    {"leaves-locked", LeavesLocked},
    {"misuses", Misuses},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
