// What the headers make of themselves in a program without exceptions:
// compiled, never run.
#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include "lockcheck/lockcheck.h"

template <typename Lock>
void UseAll() {
  Lock one, two, three;
  { const lockcheck::lock_guard guard(one); }
  { const lockcheck::scoped_lock guard(one, two, three); }
  { const std::scoped_lock guard(one, two); }
  lockcheck::lock(one, two);
  one.unlock();
  two.unlock();
  lockcheck::unique_lock guard(one);
  guard.unlock();
  guard.lock();
  guard.unlock();
  if (guard.try_lock()) guard.unlock();
  if constexpr (requires { one.try_lock_for(std::chrono::seconds(1)); }) {
    if (guard.try_lock_for(std::chrono::seconds(1))) guard.unlock();
    if (guard.try_lock_until(std::chrono::steady_clock::now())) guard.unlock();
  }
}

template <typename Lock>
void UseShared() {
  Lock lock;
  lockcheck::shared_lock guard(lock);
  guard.unlock();
  guard.lock();
  guard.unlock();
  if (guard.try_lock()) guard.unlock();
}

template <typename Condition>
void UseCondition() {
  lockcheck::mutex lock;
  lockcheck::unique_lock guard(lock);
  Condition condition;
  condition.wait(guard);
  condition.wait(guard, [] { return true; });
  (void)condition.wait_for(guard, std::chrono::seconds(1));
  condition.notify_all();
}

void UseThreads() {
  lockcheck::thread one([] {});
  one.join();
  lockcheck::jthread two([] {});
  two = lockcheck::jthread([](std::stop_token) {});
}

void UseWaitables() {
  lockcheck::event event;
  event.set();
  (void)event.wait_for(std::chrono::seconds(1));
  lockcheck::latch latch(1);
  latch.arrive_and_wait();
  lockcheck::barrier barrier(1);
  barrier.arrive_and_wait();
  lockcheck::once_flag flag;
  lockcheck::call_once(flag, [] {});
}

void UseFutures() {
  lockcheck::promise<int> promise;
  promise.set_value(1);
  (void)promise.get_future().share().get();
  lockcheck::packaged_task<void()> task([] {});
  task();
  lockcheck::async([] {}).get();
  lockcheck::async(lockcheck::launch::deferred, [] {}).get();
}

template void UseAll<lockcheck::mutex>();
template void UseAll<lockcheck::timed_mutex>();
template void UseAll<lockcheck::recursive_mutex>();
template void UseAll<lockcheck::recursive_timed_mutex>();
template void UseAll<lockcheck::shared_mutex>();
template void UseAll<lockcheck::shared_timed_mutex>();
template void UseShared<lockcheck::shared_mutex>();
template void UseShared<lockcheck::shared_timed_mutex>();
template void UseCondition<lockcheck::condition_variable>();
template void UseCondition<lockcheck::condition_variable_any>();

template <typename Queue>
void UseQueue() {
  Queue queue(1, "name");
  queue.put(1);
  if (queue.put_nowait(2) || queue.put_for(2, std::chrono::seconds(1))) return;
  (void)queue.put_until(2, std::chrono::steady_clock::now());
  (void)queue.get();
  (void)queue.get_nowait();
  (void)queue.get_for(std::chrono::seconds(1));
  (void)queue.get_until(std::chrono::steady_clock::now());
  queue.task_done();
  queue.join();
  queue.close();
}
template void UseQueue<lockcheck::queue<int>>();
template void UseQueue<lockcheck::lifo_queue<int>>();
template void UseQueue<lockcheck::priority_queue<int>>();

void UsePool() {
  lockcheck::thread_pool pool(1, "name");
  pool.submit([](int n) { return n; }, 1).get();
  pool.submit([] {}).wait();
  const std::vector<int> items = {1, 2};
  (void)pool.map([](int n) { return n; }, items);
  (void)pool.map_unordered([](int n) { return n; }, items);
  pool.terminate();
  pool.close();
  (void)pool.join_for(std::chrono::seconds(1));
  pool.join();
}
