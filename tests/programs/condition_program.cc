// Conditions whose notifier is kept away by the waiter, or comes before it.
#include <lockcheck/lockcheck.h>

#include <latch>
#include <mutex>

#include "tests/programs/stories.h"

namespace {

using lockcheck::this_thread::set_name;

lockcheck::mutex g_outer("outer"), g_inner("inner");
lockcheck::condition_variable g_changed("changed");

enum class Notifier { kTakesOuterBefore, kTakesOuterThen, kNeedsNoOuter };
enum class Waiter { kHoldsOuter, kHoldsOuterBefore };

// The waiter waits for `changed`; the notifier comes to it through `outer`:
// before the waiter has that, when the waiter waits, or not at all.
template <Notifier notifier_does, Waiter waiter_does = Waiter::kHoldsOuter>
void UnderOuter() {
  bool is_changed = false;
  std::latch has_passed(1), waits(1);
  const auto pass = [] { const std::lock_guard needs(g_outer); };
  lockcheck::thread notifier([&] {
    set_name("notifier");
    if (notifier_does == Notifier::kTakesOuterBefore) pass();
    has_passed.count_down();
    waits.wait();
    if (notifier_does == Notifier::kTakesOuterThen) pass();
    const std::lock_guard guard(g_inner);
    is_changed = true;
    g_changed.notify_one();
  });
  lockcheck::thread waiter([&] {
    set_name("waiter");
    has_passed.wait();
    std::unique_lock outer(g_outer);
    if (waiter_does == Waiter::kHoldsOuterBefore) outer.unlock();
    std::unique_lock guard(g_inner);
    waits.count_down();
    g_changed.wait(guard, [&] { return is_changed; });
  });
  notifier.join();
  waiter.join();
}

enum class Comes { kAfterTheWait, kBeforeTheWait };

enum class Waits { kForWhatChanged, kForANotification };

// A waiter that does not ask whether there still is something to wait for
// misses what came before it. Safe: one that asks.
template <Comes notification, Waits waits_for>
void Notified() {
  bool is_changed = false;
  std::latch waits(1), is_notified(1);
  lockcheck::thread notifier([&] {
    set_name("notifier");
    if (notification == Comes::kAfterTheWait) waits.wait();
    {
      const std::lock_guard guard(g_inner);
      is_changed = true;
      g_changed.notify_one();
    }
    is_notified.count_down();
  });
  lockcheck::thread waiter([&] {
    set_name("waiter");
    if (notification == Comes::kBeforeTheWait) is_notified.wait();
    std::unique_lock guard(g_inner);
    waits.count_down();
    if (waits_for == Waits::kForWhatChanged) {
      g_changed.wait(guard, [&] { return is_changed; });
    } else {
      g_changed.wait(guard);
    }
  });
  notifier.join();
  waiter.join();
}

constexpr Story kStories[] = {
    {"condition-under-mutex-latent", UnderOuter<Notifier::kTakesOuterBefore>},
    {"condition-under-mutex-hangs", UnderOuter<Notifier::kTakesOuterThen>},
    {"condition-under-mutex-safe", UnderOuter<Notifier::kNeedsNoOuter>},
    {"condition-under-mutex-safe-before",
     UnderOuter<Notifier::kTakesOuterThen, Waiter::kHoldsOuterBefore>},
    {"lost-wakeup-latent",
     Notified<Comes::kAfterTheWait, Waits::kForANotification>},
    {"lost-wakeup-hangs",
     Notified<Comes::kBeforeTheWait, Waits::kForANotification>},
    {"lost-wakeup-safe",
     Notified<Comes::kAfterTheWait, Waits::kForWhatChanged>},
    {"lost-wakeup-safe-before",
     Notified<Comes::kBeforeTheWait, Waits::kForWhatChanged>},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
