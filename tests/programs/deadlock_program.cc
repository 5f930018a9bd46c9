// Deadlocks that happen, each in the same way every time: threads meet at
// barriers that lockcheck does not see.
//   deadlock_program SCENARIO [N]
// Prints "caught" for each request that fails with
// resource_deadlock_would_occur, and "done" if the program gets to its end.

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "lockcheck/lockcheck.h"
#include "tests/instrument/sleeper.h"
#include "tests/programs/in_turn.h"

namespace {

using lockcheck::testing::AwaitSleeper;

// Says so if the request is refused; the guards then let everybody go on.
template <typename F>
void Caught(F act) {
  try {
    act();
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::resource_deadlock_would_occur) throw;
    std::puts("caught");
  }
}

void Ring(size_t n, bool all_at_once) {
  static std::deque<lockcheck::mutex> locks;
  for (size_t i = 0; i < n; ++i) locks.emplace_back("ring");
  std::barrier all(static_cast<std::ptrdiff_t>(n));
  std::vector<lockcheck::thread> threads;
  for (size_t i = 0; i < n; ++i) {
    threads.emplace_back([&, i] {
      lockcheck::this_thread::set_name("ring");
      Caught([&] {
        lockcheck::lock_guard first(locks[i]);
        all.arrive_and_wait();
        if (!all_at_once && i + 1 == n) {
          for (size_t k = 1; k < n; ++k) AwaitSleeper(locks[k]);
        }
        lockcheck::lock_guard second(locks[(i + 1) % n]);
      });
    });
  }
  for (auto& thread : threads) thread.join();
}

// One thread waits for all of its rounds, all of whose rings deadlock: only
// with on_deadlock=throw.
void ManyRings(size_t rounds) {
  const uint32_t seed = std::random_device()();
  std::mt19937 random(seed);
  std::fprintf(stderr, "seed %u\n", seed);
  for (size_t r = 0; r < rounds; ++r) {
    const size_t n = 2 + random() % 4;
    std::vector<lockcheck::mutex> locks(n);
    std::barrier all(static_cast<std::ptrdiff_t>(n));
    std::vector<lockcheck::thread> threads;
    for (size_t i = 0; i < n; ++i) {
      threads.emplace_back([&, i] {
        Caught([&] {
          lockcheck::lock_guard first(locks[i]);
          all.arrive_and_wait();
          lockcheck::lock_guard second(locks[(i + 1) % n]);
        });
      });
    }
    for (auto& thread : threads) thread.join();
  }
}

// Readers of a lock ask for what its writer has, all at once; they stay.
void ReadersAndWriter(size_t rounds) {
  constexpr size_t kReaders = 5;
  for (size_t r = 0; r < rounds; ++r) {
    auto& read = *new lockcheck::shared_mutex("read");
    auto& held = *new lockcheck::mutex("held");
    std::barrier all(kReaders + 1);
    std::array<std::atomic<pid_t>, kReaders + 1> asking = {};
    const auto meet = [&](size_t i) {
      all.arrive_and_wait();
      asking[i] = gettid();
    };
    for (size_t i = 0; i < kReaders; ++i) {
      lockcheck::thread([&, i] {
        lockcheck::shared_lock first(read);
        meet(i);
        held.lock();
      }).detach();
    }
    lockcheck::thread([&] {
      lockcheck::lock_guard first(held);
      meet(kReaders);
      read.lock();
    }).detach();
    for (const std::atomic<pid_t>& tid : asking) {
      while (tid == 0 || !lockcheck::testing::IsAsleep(tid)) sched_yield();
    }
  }
  std::fputs("all ask\n", stderr);
  pause();
}

void Self() {
  static lockcheck::mutex m("self");
  Caught([] {
    lockcheck::lock_guard first(m);
    lockcheck::lock_guard second(m);
  });
}

void WriterWaitsForItsOwnRead() {
  static lockcheck::shared_mutex m("self");
  Caught([] {
    lockcheck::shared_lock first(m);
    lockcheck::lock_guard second(m);
  });
}

// Two readers of one lock that both want to write. One of them may wait for
// itself before the other one begins to wait.
void ReadersOfOneWrite() {
  static lockcheck::shared_mutex m("cache");
  std::barrier both(2);
  const auto run = [&] {
    Caught([&] {
      lockcheck::shared_lock first(m);
      both.arrive_and_wait();
      lockcheck::lock_guard second(m);
    });
  };
  lockcheck::thread other(run);
  run();
  other.join();
}

// Two readers, each of which wants the other's lock for writing.
void ReadersWrite() {
  static lockcheck::shared_mutex a("a"), b("b");
  std::barrier all(3);
  const auto run = [&](lockcheck::shared_mutex& read,
                       lockcheck::shared_mutex& write) {
    Caught([&] {
      lockcheck::shared_lock first(read);
      all.arrive_and_wait();
      lockcheck::lock_guard second(write);
    });
  };
  // A third reads both and goes on.
  lockcheck::thread third([&] {
    {
      lockcheck::shared_lock first(a);
      lockcheck::shared_lock second(b);
    }
    all.arrive_and_wait();
  });
  lockcheck::thread one([&] { run(a, b); });
  lockcheck::thread two([&] { run(b, a); });
  third.join();
  one.join();
  two.join();
}

void JoinWhileHolding() {
  static lockcheck::mutex m("m");
  std::barrier both(2);
  lockcheck::thread worker([&] {
    lockcheck::this_thread::set_name("worker");
    both.arrive_and_wait();
    Caught([] { lockcheck::lock_guard hold(m); });
  });
  {
    lockcheck::lock_guard hold(m);
    both.arrive_and_wait();
    worker.join();
  }
}

// Who waits to be notified is asked for the lock that it holds, and then wants
// its own again: the request that closes the cycle is the condition's.
void Reacquire() {
  static lockcheck::mutex a("a"), b("b");
  static lockcheck::condition_variable c;
  static bool ready = false;
  std::barrier both(2);
  lockcheck::thread waiter([&] {
    lockcheck::lock_guard outer(b);
    lockcheck::unique_lock inner(a);
    both.arrive_and_wait();
    Caught([&] { c.wait(inner, [] { return ready; }); });
  });
  both.arrive_and_wait();
  Caught([&] {
    // Without sleeping in it, which the lock's word would go on saying.
    while (!a.try_lock()) std::this_thread::yield();
    lockcheck::lock_guard hold(a, std::adopt_lock);
    ready = true;
    std::thread([&] {
      AwaitSleeper(b);
      c.notify_one();
      AwaitSleeper(a);
      std::fputs("stays\n", stderr);
    }).detach();
    lockcheck::lock_guard other(b);
  });
  waiter.join();
}

// ---- Owners that are gone ---------------------------------------------------

// Takes the lock and ends.
void EndWith(auto& m) {
  lockcheck::thread([&] {
    lockcheck::this_thread::set_name("ended");
    m.lock();
  }).join();
}

void GoneOwner(size_t waiters) {
  static lockcheck::mutex m("m");
  EndWith(m);
  std::vector<lockcheck::thread> threads;
  for (size_t i = 0; i < waiters; ++i) {
    threads.emplace_back([] { Caught([] { lockcheck::lock_guard hold(m); }); });
  }
  for (auto& thread : threads) thread.join();
}

// The owner ends when somebody has waited for long.
void GoneOwnerLater() {
  static lockcheck::mutex m("m");
  std::barrier both(2);
  lockcheck::thread owner([&] {
    m.lock();
    both.arrive_and_wait();
    AwaitSleeper(m);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  });
  both.arrive_and_wait();
  Caught([] { lockcheck::lock_guard hold(m); });
  owner.join();
}

void GoneReader() {
  static lockcheck::shared_mutex m("m");
  lockcheck::thread([] { m.lock_shared(); }).join();
  { lockcheck::shared_lock also(m); }
  Caught([] { lockcheck::lock_guard hold(m); });
}

// What the parent's other thread holds nobody unlocks in the child.
void GoneAtFork() {
  static lockcheck::mutex m("m");
  std::barrier both(2);
  lockcheck::thread owner([&] {
    lockcheck::lock_guard hold(m);
    both.arrive_and_wait();
    both.arrive_and_wait();
  });
  both.arrive_and_wait();
  const pid_t child = fork();
  if (child == 0) {
    Caught([] { lockcheck::lock_guard hold(m); });
    std::fflush(stdout);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  both.arrive_and_wait();
  owner.join();
}

// The process goes on without the thread that began it.
[[noreturn]] void GoneMain() {
  static lockcheck::mutex m("m");
  m.lock();
  std::thread([] {
    Caught([] { lockcheck::lock_guard hold(m); });
    std::puts("done");
    std::exit(0);
  }).detach();
  pthread_exit(nullptr);
}

// ---- What must stay silent --------------------------------------------------

// Longer than it takes until a wait for a gone owner is called one.
constexpr std::chrono::milliseconds kLonger(2500);

// Somebody else may unlock what an ended thread holds, if this program is of
// that kind.
void UnlockedByOther() {
  static lockcheck::mutex m("m"), other("other");
  EndWith(other);
  other.unlock();
  EndWith(m);
  lockcheck::thread waiter([] { lockcheck::lock_guard hold(m); });
  std::this_thread::sleep_for(kLonger);
  m.unlock();
  waiter.join();
}

// Unlocks in a destructor that runs when the runtime has seen the thread's end.
void UnlockedAtTheVeryEnd() {
  static lockcheck::mutex m("m");
  static pthread_key_t key;
  static thread_local int rounds = 0;
  pthread_key_create(&key, [](void* value) {
    if (++rounds < PTHREAD_DESTRUCTOR_ITERATIONS - 1) {
      pthread_setspecific(key, value);
      return;
    }
    std::this_thread::sleep_for(kLonger);
    m.unlock();
  });
  std::barrier both(2);
  std::thread ends([&] {
    pthread_setspecific(key, &m);
    m.lock();
    both.arrive_and_wait();
  });
  both.arrive_and_wait();
  { lockcheck::lock_guard hold(m); }
  ends.join();
}

// The thread that forked goes on in the child with what it held.
void HeldAtFork() {
  static lockcheck::mutex m("m");
  lockcheck::unique_lock hold(m);
  const pid_t child = fork();
  if (child == 0) {
    lockcheck::thread waiter([] { lockcheck::lock_guard other(m); });
    std::this_thread::sleep_for(kLonger);
    hold.unlock();
    waiter.join();
    std::fflush(stdout);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
}

// A cycle of requests one of which, the last one, gives up.
void Timed() {
  static lockcheck::timed_mutex a("a"), b("b");
  std::barrier both(2);
  lockcheck::thread one([&] {
    lockcheck::lock_guard first(a);
    both.arrive_and_wait();
    AwaitSleeper(a);
    if (b.try_lock_for(std::chrono::milliseconds(30))) b.unlock();
  });
  lockcheck::thread two([&] {
    lockcheck::lock_guard first(b);
    both.arrive_and_wait();
    lockcheck::lock_guard second(a);
  });
  one.join();
  two.join();
}

void ReadersOnly() {
  static lockcheck::shared_mutex a("a"), b("b");
  std::barrier both(2);
  const auto run = [&](auto& first, auto& second) {
    lockcheck::shared_lock one(first);
    both.arrive_and_wait();
    lockcheck::shared_lock two(second);
  };
  lockcheck::thread one([&] { run(a, b); });
  lockcheck::thread two([&] { run(b, a); });
  one.join();
  two.join();
}

// Locks taken in one order by more threads than there are processors, exclusive
// and shared, so that nearly every request blocks.
void Ordered(size_t rounds) {
  constexpr size_t kThreads = 8, kLocks = 4;
  std::vector<lockcheck::mutex> locks(kLocks);
  std::vector<lockcheck::shared_mutex> shared(kLocks);
  std::vector<lockcheck::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      std::mt19937 random(static_cast<uint32_t>(i));
      for (size_t r = 0; r < rounds; ++r) {
        const size_t low = random() % kLocks, high = random() % kLocks;
        lockcheck::lock_guard one(locks[std::min(low, high)]);
        lockcheck::unique_lock two(locks[std::max(low, high)], std::defer_lock);
        if (low != high) two.lock();
        const size_t last = random() % kLocks;
        if (random() % 4 == 0) {
          lockcheck::lock_guard three(shared[last]);
          if (random() % 8 == 0) std::this_thread::yield();
        } else {
          lockcheck::shared_lock three(shared[last]);
          if (random() % 8 == 0) std::this_thread::yield();
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  // How often a thread was blocked, about.
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  std::printf("slept %ld\n", usage.ru_nvcsw);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const size_t n = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 2;
  const std::map<std::string, std::function<void()>> scenarios = {
      {"ring", [n] { Ring(n, false); }},
      {"ring-at-once", [n] { Ring(n, true); }},
      {"many-rings", [n] { ManyRings(n); }},
      {"self", Self},
      {"own-read", WriterWaitsForItsOwnRead},
      {"readers-of-one-write", ReadersOfOneWrite},
      {"readers-write", ReadersWrite},
      {"join", JoinWhileHolding},
      {"reacquire", Reacquire},
      {"gone-owner", [n] { GoneOwner(n); }},
      {"gone-owner-later", GoneOwnerLater},
      {"gone-reader", GoneReader},
      {"gone-at-fork", GoneAtFork},
      {"gone-main", GoneMain},
      {"unlocked-by-other", UnlockedByOther},
      {"unlocked-at-the-very-end", UnlockedAtTheVeryEnd},
      {"held-at-fork", HeldAtFork},
      {"timed", Timed},
      {"readers-only", ReadersOnly},
      {"readers-and-writer", [n] { ReadersAndWriter(n); }},
      {"ordered", [n] { Ordered(n); }},
  };
  const auto scenario = scenarios.find(argv[1]);
  if (scenario == scenarios.end()) return 2;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  scenario->second();
  std::puts("done");
}
