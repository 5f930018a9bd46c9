// Something of every kind of primitive, each object named as its kind is in
// lib/model: what the hotspots of each are made of.
#include <lockcheck/coroutine.h>
#include <lockcheck/lockcheck.h>
#include <lockcheck/process.h>

#include <mutex>
#include <thread>

namespace {

using lockcheck::thread;

template <typename Lock>
void Use(const char* name) {
  Lock lock(name);
  for (int i = 0; i < 3; ++i) std::lock_guard guard(lock);
  thread([&] { std::lock_guard guard(lock); }).join();
}

template <typename Lock>
void Read(const char* name) {
  Lock lock(name);
  { std::lock_guard guard(lock); }
  thread([&] {
    lock.lock_shared();
    lock.unlock_shared();
  }).join();
}

// A notification for nobody, and one for who waits.
void Notify() {
  lockcheck::mutex mutex("news are read");
  lockcheck::condition_variable news("condition_variable");
  news.notify_one();
  bool ready = false;
  thread waiter([&] {
    std::unique_lock lock(mutex);
    news.wait(lock, [&] { return ready; });
  });
  {
    const std::lock_guard lock(mutex);
    ready = true;
  }
  news.notify_one();
  waiter.join();
}

void Signal() {
  lockcheck::counting_semaphore<> permits(2, "semaphore");
  for (int i = 0; i < 3; ++i) {
    permits.acquire();
    permits.release();
  }
  lockcheck::event event("event");
  event.set();
  event.wait();
  event.clear();
  lockcheck::latch latch(2, "latch");
  lockcheck::barrier barrier(2, "barrier");
  thread other([&] {
    latch.arrive_and_wait();
    barrier.arrive_and_wait();
  });
  latch.arrive_and_wait();
  barrier.arrive_and_wait();
  other.join();
  lockcheck::promise<int> promise("future");
  lockcheck::future<int> future = promise.get_future();
  promise.set_value(1);
  future.get();
  lockcheck::once_flag once("once_flag");
  for (int i = 0; i < 2; ++i) lockcheck::call_once(once, [] {});
}

// Three items into room for two.
void Queue() {
  lockcheck::queue<int> queue(2, "queue");
  thread worker([&] {
    for (int i = 0; i < 3; ++i) {
      queue.get();
      queue.task_done();
    }
  });
  for (int i = 0; i < 3; ++i) queue.put(i);
  queue.join();
  worker.join();
}

// Who gets from it finds it closed.
void Close() {
  lockcheck::queue<int> queue("closed");
  queue.close();
  try {
    queue.get();
  } catch (const lockcheck::queue_closed&) {
  }
}

namespace coroutine = lockcheck::coroutine;

coroutine::task<> UseIn(coroutine::mutex& mutex, int times) {
  for (int i = 0; i < times; ++i) co_await mutex.scoped_lock();
}

void Coroutines() {
  coroutine::mutex mutex("coroutine_mutex");
  coroutine::context context;
  context.spawn(UseIn(mutex, 3));
  context.spawn(UseIn(mutex, 1));
  context.run();
}

void ReadInCoroutines() {
  coroutine::shared_mutex mutex("coroutine_shared_mutex");
  const auto write = [&]() -> coroutine::task<> {
    co_await mutex.scoped_lock();
  };
  const auto read = [&]() -> coroutine::task<> {
    co_await mutex.scoped_lock_shared();
  };
  coroutine::context context;
  context.spawn(write());
  context.spawn(read());
  context.run();
}

void ProcessQueue() {
  lockcheck::process::queue<int> queue(2, "process_queue");
  lockcheck::process::child getter([&] {
    for (int i = 0; i < 3; ++i) {
      queue.get();
      queue.task_done();
    }
  });
  for (int i = 0; i < 3; ++i) queue.put(i);
  queue.join();
  getter.join();
  queue.close();
  try {
    queue.get();
  } catch (const lockcheck::queue_closed&) {
  }
}

void ProcessSignals() {
  namespace process = lockcheck::process;
  const process::shared<process::semaphore> permits(2, "process_semaphore");
  for (int i = 0; i < 3; ++i) {
    permits->acquire();
    permits->release();
  }
  const process::shared<process::event> event("process_event");
  process::child([&] { event->set(); }).join();
  event->wait();
  event->clear();
  const process::shared<process::barrier> barrier(2, "process_barrier");
  process::child other([&] { barrier->arrive_and_wait(); });
  barrier->arrive_and_wait();
  other.join();
}

// A notification for nobody, and one for who waits.
void ProcessNews() {
  namespace process = lockcheck::process;
  struct Shared {
    process::mutex mutex{"process news are read"};
    process::condition_variable news{"process_condition_variable"};
    bool waits = false, ready = false;
  };
  const process::shared<Shared> s;
  s->news.notify_one();
  process::child waiter([&] {
    std::unique_lock lock(s->mutex);
    s->waits = true;
    s->news.wait(lock, [&] { return s->ready; });
  });
  const auto waits = [&] {
    const std::lock_guard lock(s->mutex);
    return s->waits;
  };
  while (!waits()) std::this_thread::yield();
  {
    const std::lock_guard lock(s->mutex);
    s->ready = true;
  }
  s->news.notify_one();
  waiter.join();
}

template <typename Lock>
void Process(const char* name) {
  const lockcheck::process::shared<Lock> lock(name);
  for (int i = 0; i < 3; ++i) std::lock_guard guard(*lock);
  lockcheck::process::child([&] { std::lock_guard guard(*lock); }).join();
}

void Processes() {
  Process<lockcheck::process::mutex>("process_mutex");
  Process<lockcheck::process::recursive_mutex>("process_recursive_mutex");
  Process<lockcheck::process::shared_mutex>("process_shared_mutex");
}

// The second task waits for the first, whose worker is the only one.
void ProcessPool() {
  lockcheck::process::pool pool(1, "process_pool");
  auto first = pool.submit([] {});
  auto second = pool.submit([] {});
  first.get();
  second.get();
}

// The second task begins when the first has ended: its worker is the only one.
void Pool() {
  lockcheck::thread_pool pool(1, "thread_pool");
  lockcheck::latch both_are_there(1);
  auto first = pool.submit([&] { both_are_there.wait(); });
  auto second = pool.submit([] {});
  both_are_there.count_down();
  first.get();
  second.get();
  pool.close();
  pool.join();
}

// The main thread lets go only if somebody waits.
void Gil() {
  lockcheck::gil gil("gil");
  gil.lock();
  thread other([&] {
    gil.lock();
    gil.unlock();
  });
  while (!gil.is_waited_for()) std::this_thread::yield();
  gil.unlock();
  other.join();
}

void Outside() {
  { const lockcheck::blocking_region region("blocking_region"); }
  lockcheck::async_operation operation("async_operation");
  operation.start();
  thread([&] { operation.complete(); }).join();
  operation.wait();
}

}  // namespace

int main() {
  Use<lockcheck::mutex>("mutex");
  Use<lockcheck::timed_mutex>("timed_mutex");
  Use<lockcheck::recursive_mutex>("recursive_mutex");
  Use<lockcheck::recursive_timed_mutex>("recursive_timed_mutex");
  Read<lockcheck::shared_mutex>("shared_mutex");
  Read<lockcheck::shared_timed_mutex>("shared_timed_mutex");
  Notify();
  Signal();
  Queue();
  Pool();
  Gil();
  Outside();
  Close();
  Coroutines();
  ReadInCoroutines();
  Processes();
  ProcessQueue();
  ProcessSignals();
  ProcessNews();
  ProcessPool();
}
