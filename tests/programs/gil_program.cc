// The gil and a mutex, in the orders that a C extension and an interpreter take
// them.
//   gil_program STORY
// Prints "done" if it gets to its end.

#include <barrier>
#include <cstdio>
#include <mutex>
#include <system_error>

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
    {"released-by-other", ReleasedByOther},
};

}  // namespace

int main(int argc, char** argv) {
  const int status = TellOneOf(kStories, argc, argv);
  if (status == 0) std::puts("done");
  return status;
}
