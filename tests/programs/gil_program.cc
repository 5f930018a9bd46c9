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

using lockcheck::testing::InTurn;

lockcheck::gil g_gil("gil");
lockcheck::mutex g_m("m");

void MutexUnderGil() {
  const std::lock_guard gil(g_gil);
  const std::lock_guard lock(g_m);
}

void GilUnderMutex() {
  const std::lock_guard lock(g_m);
  const std::lock_guard gil(g_gil);
}

void AsAnInterpreterDoes() {
  const std::lock_guard gil(g_gil);
  g_gil.lock(g_m);
  g_m.unlock();
}

void BothOrders() { InTurn(MutexUnderGil, GilUnderMutex); }

void Interpreter() { InTurn(AsAnInterpreterDoes, GilUnderMutex); }

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

// Each holds what the other wants.
void Hang() {
  std::barrier both(2);
  lockcheck::thread one([&] {
    const std::lock_guard gil(g_gil);
    both.arrive_and_wait();
    const std::lock_guard lock(g_m);
  });
  lockcheck::thread two([&] {
    const std::lock_guard lock(g_m);
    both.arrive_and_wait();
    const std::lock_guard gil(g_gil);
  });
  one.join();
  two.join();
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
    {"both-orders", BothOrders},
    {"interpreter", Interpreter},
    {"interpreter-waits", InterpreterWaits},
    {"hang", Hang},
    {"released-by-other", ReleasedByOther},
};

}  // namespace

int main(int argc, char** argv) {
  const int status = TellOneOf(kStories, argc, argv);
  if (status == 0) std::puts("done");
  return status;
}
