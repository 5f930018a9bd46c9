// With LOCKCHECK_DISABLED every type is its plain twin: compiled, never run.
#include <atomic>
#include <barrier>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <type_traits>

#include "lockcheck/lockcheck.h"

static_assert(sizeof(lockcheck::mutex) == sizeof(std::mutex));
static_assert(sizeof(lockcheck::timed_mutex) == sizeof(std::timed_mutex));
static_assert(sizeof(lockcheck::recursive_mutex) ==
              sizeof(std::recursive_mutex));
static_assert(sizeof(lockcheck::recursive_timed_mutex) ==
              sizeof(std::recursive_timed_mutex));
static_assert(sizeof(lockcheck::shared_mutex) == sizeof(std::shared_mutex));
static_assert(sizeof(lockcheck::shared_timed_mutex) ==
              sizeof(std::shared_timed_mutex));
static_assert(sizeof(lockcheck::condition_variable) ==
              sizeof(std::condition_variable));
static_assert(sizeof(lockcheck::condition_variable_any) ==
              sizeof(std::condition_variable_any));
static_assert(std::is_same_v<lockcheck::thread, std::thread>);
static_assert(std::is_same_v<lockcheck::jthread, std::jthread>);

static_assert(sizeof(lockcheck::latch) <= sizeof(std::latch));
static_assert(sizeof(lockcheck::barrier<>) <= sizeof(std::barrier<>));
static_assert(sizeof(lockcheck::once_flag) == sizeof(std::once_flag));
static_assert(sizeof(lockcheck::atomic<int>) == sizeof(std::atomic<int>));
static_assert(sizeof(lockcheck::shared<int>) == sizeof(int));
static_assert(sizeof(lockcheck::promise<int>) == sizeof(std::promise<int>));
static_assert(sizeof(lockcheck::packaged_task<void()>) ==
              sizeof(std::packaged_task<void()>));
static_assert(std::is_same_v<lockcheck::future<int>, std::future<int>>);
static_assert(
    std::is_same_v<lockcheck::shared_future<int>, std::shared_future<int>>);

constinit lockcheck::mutex constant;
constinit lockcheck::event constant_event("name");
constinit lockcheck::latch constant_latch(1, "name");
constinit lockcheck::once_flag constant_flag("name");
constinit lockcheck::mutex constant_with_name("name");

template <typename Lock>
void UseAll() {
  Lock unnamed, named("name"), other("other");
  named.lock();
  named.unlock();
  if (named.try_lock()) named.unlock();
  { const lockcheck::lock_guard guard(named); }
  {
    lockcheck::unique_lock guard(named);
    guard.unlock();
  }
  { const lockcheck::scoped_lock guard(unnamed, named, other); }
  lockcheck::lock(unnamed, named);
  unnamed.unlock();
  named.unlock();
  if (lockcheck::try_lock(unnamed, named) < 0) {
    unnamed.unlock();
    named.unlock();
  }
  const std::scoped_lock guard(unnamed, named);
}

template <typename Lock>
void UseTimed() {
  Lock lock;
  if (lock.try_lock_for(std::chrono::milliseconds(1))) lock.unlock();
  if (lock.try_lock_until(std::chrono::steady_clock::now())) lock.unlock();
}

template <typename Lock>
void UseShared() {
  Lock lock("name");
  lock.lock_shared();
  lock.unlock_shared();
  if (lock.try_lock_shared()) lock.unlock_shared();
  lockcheck::shared_lock guard(lock);
  guard.unlock();
  const std::shared_lock std_guard(lock);
}

template <typename Condition, typename Guard>
void UseCondition() {
  lockcheck::mutex mutex;
  Condition condition("name");
  Guard guard(mutex);
  condition.notify_one();
  condition.wait(guard, [] { return true; });
  condition.wait_for(guard, std::chrono::milliseconds(1));
  condition.wait_until(guard, std::chrono::steady_clock::now(),
                       [] { return true; });
  condition.notify_all();
}

template <typename Guard>
void UseAtThreadExit() {
  lockcheck::mutex mutex;
  lockcheck::condition_variable condition;
  Guard guard(mutex);
  lockcheck::notify_all_at_thread_exit(condition, std::move(guard));
}

void UseWaitables() {
  lockcheck::event event("name");
  event.set();
  event.wait();
  lockcheck::latch latch(1, "name");
  latch.arrive_and_wait();
  lockcheck::barrier barrier(1);
  lockcheck::barrier named(1, "name");
  lockcheck::barrier completing(1, []() noexcept {});
  lockcheck::barrier all(
      1, []() noexcept {}, "name");
  barrier.arrive_and_wait();
  named.arrive_and_drop();
  completing.wait(completing.arrive());
  all.arrive_and_wait();
  lockcheck::once_flag flag("name");
  lockcheck::call_once(
      flag, [](int) {}, 1);
}

void UseFutures() {
  lockcheck::promise<int> promise("name");
  lockcheck::future<int> future = promise.get_future();
  promise.set_value(1);
  lockcheck::shared_future<int> shared = future.share();
  shared.get();
  lockcheck::packaged_task task([](int n) { return n; });
  lockcheck::packaged_task<int(int)> named([](int n) { return n; }, "name");
  swap(task, named);
  task(1);
  (void)lockcheck::async(lockcheck::launch::deferred, [] {});
}

void Use() {
  UseWaitables();
  UseFutures();
  UseAtThreadExit<std::unique_lock<lockcheck::mutex>>();
  UseAtThreadExit<lockcheck::unique_lock<lockcheck::mutex>>();
  UseShared<lockcheck::shared_mutex>();
  UseShared<lockcheck::shared_timed_mutex>();
  UseCondition<lockcheck::condition_variable,
               std::unique_lock<lockcheck::mutex>>();
  UseCondition<lockcheck::condition_variable,
               lockcheck::unique_lock<lockcheck::mutex>>();
  UseCondition<lockcheck::condition_variable_any,
               std::unique_lock<lockcheck::mutex>>();
  UseAll<lockcheck::mutex>();
  UseAll<lockcheck::timed_mutex>();
  UseAll<lockcheck::recursive_mutex>();
  UseAll<lockcheck::recursive_timed_mutex>();
  UseTimed<lockcheck::timed_mutex>();
  UseTimed<lockcheck::recursive_timed_mutex>();
  lockcheck::this_thread::set_name("name");
  lockcheck::mutex first;
  lockcheck::order_key(first, 1);
  lockcheck::recursive_mutex second;
  lockcheck::shared_mutex third;
  lockcheck::acquired_before(first, second, third);
  lockcheck::acquired_after(third, second);
}
