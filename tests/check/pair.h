// What the programs of watched tests are made of: two locks, taken in the one
// order or the other, and threads that do it.
#ifndef LOCKCHECK_TESTS_CHECK_PAIR_H_
#define LOCKCHECK_TESTS_CHECK_PAIR_H_

#include <barrier>
#include <functional>
#include <utility>

#include "lockcheck/lockcheck.h"

namespace watched {

struct Pair {
  lockcheck::mutex a{"a"}, b{"b"};
  void AThenB() {
    lockcheck::lock_guard first(a);
    lockcheck::lock_guard second(b);
  }
  void BThenA() {
    lockcheck::lock_guard first(b);
    lockcheck::lock_guard second(a);
  }
};

inline void InTwoThreads(auto one, auto two) {
  std::barrier both(2);
  // Both threads live at one time, or their joins would put them in order.
  lockcheck::thread t([&] {
    one();
    both.arrive_and_wait();
    both.arrive_and_wait();
  });
  lockcheck::thread u([&] {
    both.arrive_and_wait();
    two();
    both.arrive_and_wait();
  });
  t.join();
  u.join();
}

inline void LockUp(Pair& p) {
  std::barrier both(2);
  lockcheck::thread t([&] {
    lockcheck::lock_guard first(p.a);
    both.arrive_and_wait();
    lockcheck::lock_guard second(p.b);
  });
  lockcheck::thread u([&] {
    lockcheck::lock_guard first(p.b);
    both.arrive_and_wait();
    lockcheck::lock_guard second(p.a);
  });
  t.join();
  u.join();
}

// A thread that outlives the tests, as a pool's would; it does what it is told.
class Worker {
 public:
  Worker() : thread_([this] { Run(); }) { thread_.detach(); }
  void Do(std::function<void()> act) {
    lockcheck::unique_lock guard(mutex_);
    act_ = std::move(act);
    changed_.notify_all();
    while (act_) changed_.wait(guard);
  }

 private:
  void Run() {
    lockcheck::unique_lock guard(mutex_);
    while (true) {
      while (!act_) changed_.wait(guard);
      guard.unlock();
      act_();
      guard.lock();
      act_ = nullptr;
      changed_.notify_all();
    }
  }
  lockcheck::mutex mutex_{"worker"};
  lockcheck::condition_variable changed_;
  std::function<void()> act_;
  lockcheck::thread thread_;
};

inline Worker& TheWorker() {
  static auto* const worker = new Worker;
  return *worker;
}
inline Pair& ThePair() {
  static auto* const pair = new Pair;
  return *pair;
}

}  // namespace watched

#endif  // LOCKCHECK_TESTS_CHECK_PAIR_H_
