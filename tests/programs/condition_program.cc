// Conditions whose notifier is kept away by the waiter, or comes before it.
#include <lockcheck/lockcheck.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <stop_token>

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

enum class Changes { kUnderTheLock, kAndNotifiesUnderTheLock, kWithoutTheLock };

// The lock of a wait; says when it is let go of, for then a notification is not
// too early any more.
class Told {
 public:
  Told(lockcheck::mutex& m, std::atomic<bool>& is_free)
      : m_(m), is_free_(is_free) {}
  void lock() { m_.lock(); }
  void unlock() {
    m_.unlock();
    is_free_ = true;
    is_free_.notify_all();
  }

 private:
  lockcheck::mutex& m_;
  std::atomic<bool>& is_free_;
};

// What changes without the lock may do so between the waiter's look and its
// wait, and then the notification is lost. Safe: what changes under it.
template <Comes notification, Changes changes>
void Notified() {
  static lockcheck::condition_variable_any changed("changed");
  constexpr bool kComesBetween = notification == Comes::kBeforeTheWait &&
                                 changes == Changes::kWithoutTheLock;
  std::atomic<bool> is_changed = false, is_free = false;
  std::latch has_looked(1), is_notified(1);
  lockcheck::thread notifier([&] {
    set_name("notifier");
    if (notification == Comes::kAfterTheWait) is_free.wait(false);
    if (kComesBetween) has_looked.wait();
    if (changes == Changes::kWithoutTheLock) {
      is_changed = true;
      changed.notify_one();
    } else {
      std::unique_lock guard(g_inner);
      is_changed = true;
      if (changes == Changes::kUnderTheLock) guard.unlock();
      changed.notify_one();
    }
    is_notified.count_down();
  });
  lockcheck::thread waiter([&] {
    set_name("waiter");
    if (notification == Comes::kBeforeTheWait && !kComesBetween) {
      is_notified.wait();
    }
    Told lock(g_inner, is_free);
    lock.lock();
    while (!is_changed) {
      has_looked.count_down();
      if (kComesBetween) is_notified.wait();
      changed.wait(lock);
    }
    lock.unlock();
  });
  notifier.join();
  waiter.join();
}

// Nobody needs the lock to request a stop: who waits looks for that, too.
void Stopped() {
  static lockcheck::condition_variable_any changed("changed");
  std::atomic<bool> is_free = false;
  lockcheck::jthread waiter([&](std::stop_token token) {
    set_name("waiter");
    Told lock(g_inner, is_free);
    lock.lock();
    changed.wait(lock, token, [] { return false; });
    lock.unlock();
  });
  is_free.wait(false);
  waiter.request_stop();
}

constexpr Story kStories[] = {
    {"condition-under-mutex-latent", UnderOuter<Notifier::kTakesOuterBefore>},
    {"condition-under-mutex-hangs", UnderOuter<Notifier::kTakesOuterThen>},
    {"condition-under-mutex-safe", UnderOuter<Notifier::kNeedsNoOuter>},
    {"condition-under-mutex-safe-before",
     UnderOuter<Notifier::kTakesOuterThen, Waiter::kHoldsOuterBefore>},
    {"lost-wakeup-latent",
     Notified<Comes::kAfterTheWait, Changes::kWithoutTheLock>},
    {"lost-wakeup-hangs",
     Notified<Comes::kBeforeTheWait, Changes::kWithoutTheLock>},
    {"lost-wakeup-safe",
     Notified<Comes::kAfterTheWait, Changes::kUnderTheLock>},
    {"lost-wakeup-safe-before",
     Notified<Comes::kBeforeTheWait, Changes::kUnderTheLock>},
    {"lost-wakeup-safe-notified-under-it",
     Notified<Comes::kAfterTheWait, Changes::kAndNotifiesUnderTheLock>},
    {"lost-wakeup-safe-stop", Stopped},
};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
