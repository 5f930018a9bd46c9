// The gil and a mutex, in the orders that a C extension and an interpreter take
// them.
//   gil_program STORY
// Prints "done" if it gets to its end.

#include <barrier>
#include <cstdio>
#include <mutex>
#include <span>
#include <system_error>
#include <thread>

#include "lockcheck/lockcheck.h"
#include "tests/programs/in_turn.h"
#include "tests/programs/stories.h"

namespace {

using lockcheck::testing::AtOnce;
using lockcheck::testing::InTurn;
using lockcheck::testing::OneAfterTheOther;
using lockcheck::this_thread::set_name;

lockcheck::gil g_gil("gil");
lockcheck::mutex g_m("m");

template <typename Meet>
void MutexUnderGil(Meet meet) {
  set_name("gil first");
  const std::lock_guard gil(g_gil);
  meet();
  const std::lock_guard lock(g_m);
}

template <typename Meet>
void GilUnderMutex(Meet meet) {
  set_name("mutex first");
  const std::lock_guard lock(g_m);
  meet();
  const std::lock_guard gil(g_gil);
}

// At a tick the gil is let go and asked for again, with what else is held.
enum class Takes { kPlainly, kWithoutTheGil };
enum class Ticks { kAlone, kBesideAWaiter };

template <Takes takes, Ticks ticks>
void MutexAtATick() {
  set_name("ticker");
  g_gil.set_check_interval(1);
  // Who waits wins.
  g_gil.set_arbiter(
      [](std::span<const std::thread::id>) -> size_t { return 0; });
  const std::lock_guard gil(g_gil);
  takes == Takes::kPlainly ? g_m.lock() : g_gil.lock(g_m);
  while (ticks == Ticks::kBesideAWaiter && !g_gil.is_waited_for()) {
    std::this_thread::yield();
  }
  g_gil.tick();
  g_m.unlock();
}

template <Takes takes>
void MutexTaken() {
  set_name("gil first");
  const std::lock_guard gil(g_gil);
  takes == Takes::kPlainly ? g_m.lock() : g_gil.lock(g_m);
  g_m.unlock();
}

template <Takes takes>
void TickThenOther() {
  InTurn(MutexAtATick<takes, Ticks::kAlone>, MutexTaken<takes>);
}

template <Takes takes>
void TickBesideOther() {
  lockcheck::thread ticker(MutexAtATick<takes, Ticks::kBesideAWaiter>);
  while (g_gil.try_lock()) {
    g_gil.unlock();
    std::this_thread::yield();
  }
  lockcheck::thread other(MutexTaken<takes>);
  ticker.join();
  other.join();
}

void AsAnInterpreterDoes() {
  const std::lock_guard gil(g_gil);
  g_gil.lock(g_m);
  g_m.unlock();
}

template <typename Order>
void BothOrders() {
  Order::Tell([](auto meet) { MutexUnderGil(meet); },
              [](auto meet) { GilUnderMutex(meet); });
}

void Interpreter() {
  InTurn(AsAnInterpreterDoes, [] { GilUnderMutex([] {}); });
}

// Waits for the mutex, so that it asks for the gil with the mutex held.
void InterpreterWaits() {
  std::barrier held(2);
  lockcheck::thread owner([&] {
    const std::lock_guard gil(g_gil);
    g_gil.lock(g_m);
    held.arrive_and_wait();
    {
      // Until the other is past its try, for it needs the gil for that.
      const lockcheck::gil::release_scope io(g_gil);
      held.arrive_and_wait();
    }
    g_m.unlock();
  });
  lockcheck::thread waiter([&] {
    held.arrive_and_wait();
    const std::lock_guard gil(g_gil);
    held.arrive_and_wait();
    g_gil.lock(g_m);
    g_m.unlock();
  });
  owner.join();
  waiter.join();
}

void ReleasedByOther() {
  g_gil.lock();
  lockcheck::thread([] {
    try {
      g_gil.unlock();
    } catch (const std::system_error&) {
      std::puts("refused");
    }
  }).join();
  g_gil.unlock();
}

constexpr Story kStories[] = {
    {"gil-latent", BothOrders<OneAfterTheOther>},
    {"gil-safe", Interpreter},
    {"gil-safe-waits", InterpreterWaits},
    {"gil-hangs", BothOrders<AtOnce>},
    {"gil-tick-latent", TickThenOther<Takes::kPlainly>},
    {"gil-tick-safe", TickThenOther<Takes::kWithoutTheGil>},
    {"gil-tick-safe-beside", TickBesideOther<Takes::kWithoutTheGil>},
    {"gil-tick-hangs", TickBesideOther<Takes::kPlainly>},
    {"released-by-other", ReleasedByOther},
};

}  // namespace

int main(int argc, char** argv) {
  const int status = TellOneOf(kStories, argc, argv);
  if (status == 0) std::puts("done");
  return status;
}
