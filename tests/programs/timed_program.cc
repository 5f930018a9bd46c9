// Cycles of requests some of which give up.
#include <lockcheck/lockcheck.h>

#include <chrono>
#include <mutex>
#include <type_traits>

#include "tests/programs/in_turn.h"
#include "tests/programs/stories.h"

namespace {

using lockcheck::testing::AtOnce;
using lockcheck::testing::AwaitSleeper;
using lockcheck::testing::OneAfterTheOther;
using lockcheck::this_thread::set_name;
using std::chrono::milliseconds;

lockcheck::timed_mutex g_a("a"), g_b("b");

template <typename Meet>
void TakeInTime(lockcheck::timed_mutex& first, lockcheck::timed_mutex& then,
                Meet meet) {
  set_name("hasty");
  const std::lock_guard hold(first);
  meet();
  if (then.try_lock_for(milliseconds(1))) then.unlock();
}

// One of them goes on when its time is over.
template <typename Order>
void BothOrders() {
  Order::Tell(
      [](auto meet) {
        set_name("patient");
        const std::lock_guard hold(g_b);
        meet();
        const std::lock_guard waits(g_a);
      },
      [](auto meet) {
        TakeInTime(g_a, g_b, [&] {
          meet();
          if (std::is_same_v<Order, AtOnce>) AwaitSleeper(g_a);
        });
      });
}

// Safe: a wait in time that nobody closes a cycle with.
void OneOrder() {
  const auto take = [](auto meet) { TakeInTime(g_a, g_b, meet); };
  OneAfterTheOther::Tell(take, take);
}

// Safe: it gives up, but who has the lock waits for nobody.
void GivesUp() {
  lockcheck::event is_over("is over");
  AtOnce::Tell(
      [&](auto meet) {
        const std::lock_guard hold(g_b);
        meet();
        is_over.wait();
      },
      [&](auto meet) {
        TakeInTime(g_a, g_b, meet);
        is_over.set();
      });
}

constexpr Story kStories[] = {
    {"timed-latent", BothOrders<OneAfterTheOther>},
    {"timed-hangs", BothOrders<AtOnce>},
    {"timed-safe", OneOrder},
    {"timed-safe-gives-up", GivesUp},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
