// With LOCKCHECK_DISABLED every type is its plain twin: compiled, never run.
#include <condition_variable>
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

constinit lockcheck::mutex constant;
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

void Use() {
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
}
