// What every kind of lock and guard keeps apart, ThreadSanitizer must see as
// ordered. With an argument there is a race, or it hangs. See tsan_check.sh.
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <future>
#include <mutex>
#include <type_traits>
#include <vector>

#include "lockcheck/lockcheck.h"

namespace {

constexpr int kRounds = 2'000;
constexpr auto kLong = std::chrono::hours(1);

template <typename Lock>
struct Guarded {
  Lock lock, other;
  int plain = 0;

  void ByHand() {
    lock.lock();
    ++plain;
    lock.unlock();
  }
  void ByTry() {
    while (!lock.try_lock()) std::this_thread::yield();
    ++plain;
    lock.unlock();
  }
  void ByGuards() {
    {
      const lockcheck::lock_guard guard(lock);
      ++plain;
    }
    {
      lockcheck::unique_lock guard(lock);
      ++plain;
      guard.unlock();
      guard.lock();
      ++plain;
    }
    {
      const lockcheck::scoped_lock guard(other, lock);
      ++plain;
    }
    {
      const std::scoped_lock guard(lock, other);
      ++plain;
    }
    {
      const std::lock_guard guard(lock);
      ++plain;
    }
    lockcheck::lock(lock, other);
    ++plain;
    lock.unlock();
    other.unlock();
  }
  void ByTimedTry() {
    if constexpr (requires { lock.try_lock_for(kLong); }) {
      if (!lock.try_lock_for(kLong)) return;
      ++plain;
      lock.unlock();
      if (!lock.try_lock_until(std::chrono::steady_clock::now() + kLong)) {
        return;
      }
      ++plain;
      lock.unlock();
    }
  }
  void Again() {
    if constexpr (std::is_same_v<Lock, lockcheck::recursive_mutex> ||
                  std::is_same_v<Lock, lockcheck::recursive_timed_mutex>) {
      const lockcheck::lock_guard outer(lock);
      const lockcheck::lock_guard inner(lock);
      ++plain;
    }
  }
  void All() {
    ByHand();
    ByTry();
    ByGuards();
    ByTimedTry();
    Again();
  }
};

template <typename Lock>
void UseFromTwoThreads() {
  Guarded<Lock> guarded;
  const auto use = [&] {
    for (int i = 0; i < kRounds; ++i) guarded.All();
  };
  lockcheck::thread one(use), two(use);
  one.join();
  two.join();
  // After the joins no lock is needed.
  ++guarded.plain;
}

// One writes, two read; the readers change nothing but what is theirs.
template <typename Lock>
void ReadAndWrite() {
  Lock lock;
  int written = 0;
  const auto write = [&] {
    for (int i = 0; i < kRounds; ++i) {
      {
        const lockcheck::lock_guard guard(lock);
        ++written;
      }
      while (!lock.try_lock()) std::this_thread::yield();
      ++written;
      lock.unlock();
      if constexpr (requires { lock.try_lock_for(kLong); }) {
        if (!lock.try_lock_for(kLong)) return;
        ++written;
        lock.unlock();
      }
    }
  };
  const auto read = [&] {
    int sum = 0;
    for (int i = 0; i < kRounds; ++i) {
      {
        const lockcheck::shared_lock guard(lock);
        sum += written;
      }
      lock.lock_shared();
      sum += written;
      lock.unlock_shared();
      while (!lock.try_lock_shared()) std::this_thread::yield();
      sum += written;
      lock.unlock_shared();
      if constexpr (requires { lock.try_lock_shared_for(kLong); }) {
        if (!lock.try_lock_shared_for(kLong)) return;
        sum += written;
        lock.unlock_shared();
        const auto later = std::chrono::steady_clock::now() + kLong;
        if (!lock.try_lock_shared_until(later)) return;
        sum += written;
        lock.unlock_shared();
      }
    }
    if (sum < 0) std::abort();
  };
  lockcheck::thread writer(write), one(read), two(read);
  writer.join();
  one.join();
  two.join();
}

// The runtime gives the state of a thread that has ended to the next one.
void ThreadsComeAndGo() {
  lockcheck::mutex lock;
  int guarded = 0, handed_on = 0;
  for (int i = 0; i < 100; ++i) {
    ++handed_on;
    std::vector<lockcheck::jthread> threads;
    for (int k = 0; k < 3; ++k) {
      threads.emplace_back([&, k] {
        const lockcheck::lock_guard guard(lock);
        ++guarded;
        if (k == 0) ++handed_on;
      });
    }
  }
  ++guarded;
}

template <typename Condition>
void WaitForACondition() {
  lockcheck::mutex lock;
  Condition changed;
  int turn = 0;
  const auto play = [&](int mine) {
    for (int i = 0; i < kRounds; ++i) {
      lockcheck::unique_lock guard(lock);
      changed.wait(guard, [&] { return turn % 2 == mine; });
      ++turn;
      changed.notify_all();
    }
  };
  lockcheck::thread one(play, 0), two(play, 1);
  one.join();
  two.join();
}

// Each is passed, and passed again, with what is plain before and behind it.
void WaitForFlags() {
  lockcheck::event ping, pong;
  int turns = 0;
  lockcheck::thread other([&] {
    for (int i = 0; i < kRounds; ++i) {
      ping.wait();
      ping.clear();
      ++turns;
      pong.set();
    }
  });
  for (int i = 0; i < kRounds; ++i) {
    ++turns;
    ping.set();
    pong.wait();
    pong.wait();
    pong.clear();
  }
  other.join();
}

void ArriveTogether() {
  for (int i = 0; i < kRounds / 10; ++i) {
    lockcheck::latch arrived(2);
    int completed = 0;
    lockcheck::barrier together(2, [&]() noexcept { ++completed; });
    lockcheck::once_flag flag;
    int mine = 0, others = 0, made = 0;
    const auto make_once = [&] {
      lockcheck::call_once(flag, [&] { ++made; });
      if (made != 1) std::abort();
    };
    lockcheck::thread other([&] {
      ++others;
      arrived.count_down();
      arrived.wait();
      mine += others;
      together.arrive_and_wait();
      make_once();
    });
    ++mine;
    arrived.arrive_and_wait();
    together.arrive_and_wait();
    mine += completed;
    make_once();
    other.join();
  }
}

void Fulfil() {
  for (int i = 0; i < kRounds / 10; ++i) {
    lockcheck::promise<int*> promise;
    lockcheck::shared_future<int*> future = promise.get_future().share();
    int plain = 0, at_exit = 0;
    lockcheck::promise<int*> promised_at_exit;
    lockcheck::thread other([&] {
      plain = 1;
      promise.set_value(&plain);
      at_exit = 1;
      promised_at_exit.set_value_at_thread_exit(&at_exit);
    });
    future.wait();
    ++*future.get();
    ++*promised_at_exit.get_future().get();
    auto result = lockcheck::async([&] { return ++plain; });
    plain += result.get();
    other.join();
  }
}

// What an item points to, and who puts it after all is done.
template <typename Queue>
void HandOverItems() {
  Queue queue(2);
  std::vector<int> numbers(kRounds);
  lockcheck::thread getter([&] {
    for (int i = 0; i < kRounds; ++i) {
      ++*(i % 2 == 0 ? queue.get() : *queue.get_for(kLong));
      queue.task_done();
    }
  });
  for (int& number : numbers) {
    ++number;
    if (!queue.put_nowait(&number)) queue.put(&number);
  }
  queue.join();
  for (int& number : numbers) ++number;
  getter.join();
}

void RunTasks() {
  int outside = 0;
  std::vector<int> numbers(100);
  lockcheck::thread_pool pool(2);
  for (int& number : numbers) {
    ++number;
    auto answer = pool.submit([&] { return ++number; });
    if (answer.wait_for(kLong) == std::future_status::ready) ++number;
    outside += answer.get();
  }
  pool.map([](int* number) { ++*number; },
           std::vector<int*>({&numbers[0], &numbers[1]}));
  ++numbers[0];
  (void)pool.submit([&] { ++numbers[2]; });
  pool.close();
  pool.join();
  ++numbers[2];
  if (outside < 0) std::abort();
}

void Race() {
  lockcheck::mutex lock;
  int raced = 0;
  const auto use = [&](bool locked) {
    for (int i = 0; i < kRounds; ++i) {
      if (locked) {
        const lockcheck::lock_guard guard(lock);
        ++raced;
      } else {
        ++raced;
      }
    }
  };
  lockcheck::thread one(use, true), two(use, false);
  one.join();
  two.join();
}

// Readers are not ordered among themselves.
void RaceOfReaders() {
  lockcheck::shared_mutex lock;
  int raced = 0;
  const auto use = [&] {
    for (int i = 0; i < kRounds; ++i) {
      const lockcheck::shared_lock guard(lock);
      ++raced;
    }
  };
  lockcheck::thread one(use), two(use);
  one.join();
  two.join();
}

void Hang() {
  lockcheck::mutex lock;
  lock.lock();
  lock.lock();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    if (strcmp(argv[1], "race") == 0) Race();
    if (strcmp(argv[1], "race_of_readers") == 0) RaceOfReaders();
    if (strcmp(argv[1], "hang") == 0) Hang();
    return 0;
  }
  UseFromTwoThreads<lockcheck::mutex>();
  UseFromTwoThreads<lockcheck::timed_mutex>();
  UseFromTwoThreads<lockcheck::recursive_mutex>();
  UseFromTwoThreads<lockcheck::recursive_timed_mutex>();
  UseFromTwoThreads<lockcheck::shared_mutex>();
  UseFromTwoThreads<lockcheck::shared_timed_mutex>();
  ReadAndWrite<lockcheck::shared_mutex>();
  ReadAndWrite<lockcheck::shared_timed_mutex>();
  ThreadsComeAndGo();
  WaitForACondition<lockcheck::condition_variable>();
  WaitForACondition<lockcheck::condition_variable_any>();
  WaitForACondition<std::condition_variable_any>();
  WaitForFlags();
  ArriveTogether();
  Fulfil();
  HandOverItems<lockcheck::queue<int*>>();
  HandOverItems<lockcheck::priority_queue<int*>>();
  RunTasks();
  return 0;
}
