// Two threads that take two locks in both orders, one after the other, and what
// makes them come so: a variable whose reads and writes are recorded, or what
// nobody sees. And what is recorded of variables.
#include <atomic>
#include <mutex>
#include <thread>

#include "lockcheck/lockcheck.h"
#include "tests/programs/in_turn.h"
#include "tests/programs/stories.h"

namespace {

using lockcheck::testing::InTurn;

lockcheck::mutex left("left"), right("right");

void TakeBoth(lockcheck::mutex& first, lockcheck::mutex& second) {
  const std::lock_guard outer(first);
  const std::lock_guard inner(second);
}

template <typename Say, typename Hear>
void Ordered(Say say, Hear hear) {
  lockcheck::thread one([&] {
    TakeBoth(left, right);
    say();
  });
  lockcheck::thread other([&] {
    hear();
    TakeBoth(right, left);
  });
  one.join();
  other.join();
}

template <typename Flag>
void ByFlag() {
  Flag flag{false};
  Ordered([&] { flag.store(true); },
          [&] {
            while (!flag.load()) std::this_thread::yield();
          });
}

// One adds, and the other makes the next step of what it finds.
void ByCount() {
  lockcheck::atomic<uint64_t> turn{0, "turn"};
  Ordered([&] { turn.fetch_add(1); },
          [&] {
            uint64_t expected = 1;
            while (!turn.compare_exchange_weak(expected, 2)) {
              expected = 1;
              std::this_thread::yield();
            }
          });
}

// The flag is plain, and has a lock of its own.
template <typename Write, typename Read>
void UnderLock(Write write, Read read) {
  lockcheck::mutex guard("guard");
  Ordered(
      [&] {
        const std::lock_guard lock(guard);
        write();
      },
      [&] {
        for (bool ready = false; !ready; std::this_thread::yield()) {
          const std::lock_guard lock(guard);
          ready = read();
        }
      });
}

void BySharedVariable() {
  lockcheck::shared<bool> ready{false, "ready"};
  UnderLock([&] { ready = true; }, [&] { return ready.read(); });
}

void ByMacros() {
  bool ready = false;
  UnderLock([&] { LOCKCHECK_WRITE(ready) = true; },
            [&] { return LOCKCHECK_READ(ready); });
}

void ByUnseen() {
  bool ready = false;
  UnderLock([&] { ready = true; }, [&] { return ready; });
}

// What orders them is no variable, though there is one.
void ByLatch() {
  lockcheck::latch opened(1, "opened");
  lockcheck::atomic<int> seen{0, "seen"};
  Ordered(
      [&] {
        ++seen;
        opened.count_down();
      },
      [&] {
        seen.load();
        opened.wait();
        seen.load();
      });
}

// It is read, and nothing follows from that.
void ReadBefore() {
  lockcheck::atomic<bool> flag{false, "flag"};
  InTurn(
      [&] {
        TakeBoth(left, right);
        flag = true;
      },
      [&] {
        TakeBoth(right, left);
        flag.load();
      });
}

// ---- What is recorded ----
void Repeats() {
  lockcheck::atomic<int> a{0, "a"}, b{0, "b"};
  for (int i = 0; i < 1000; ++i) {
    a.load();
    b.load();
  }
  a = 1;
  for (int i = 0; i < 1000; ++i) {
    a.load();
    b.load();
  }
  left.lock();
  a.load();
  left.unlock();
  a.exchange(1);
  a.exchange(2);
  int expected = 5;
  a.compare_exchange_strong(expected, 6);
  a.compare_exchange_strong(expected, 6);
}

void Kinds() {
  lockcheck::atomic<uint64_t> wide{0, "wide"};
  lockcheck::shared<int> shared{0, "shared"};
  int plain = 0;
  wide = 1;
  ++wide;
  wide.load();
  shared = 1;
  shared.read();
  LOCKCHECK_WRITE(plain) = 1;
  LOCKCHECK_READ(plain);
  LOCKCHECK_FORGET(plain);
  LOCKCHECK_READ(plain);
}

void ManyAddresses() {
  static int variables[10'000];
  for (int& v : variables) LOCKCHECK_WRITE(v) = 1;
  for (int& v : variables) LOCKCHECK_WRITE(v) = 2;
}

// Another one in the memory of the first.
void Reuse() {
  int memory = 0;
  int& first = memory;
  LOCKCHECK_WRITE(first) = 1;
  LOCKCHECK_WRITE(first) = 2;
  LOCKCHECK_FORGET(first);
  int& second = memory;
  LOCKCHECK_WRITE(second) = 3;
  LOCKCHECK_WRITE(first) = 4;  // by another name
}

// Many that several threads see first at the same time.
void FirstTogether() {
  constexpr int kThreads = 4;
  static int variables[200];
  std::atomic<int> here{0};
  auto look = [&] {
    for (int i = 0; i < 200; ++i) {
      // All come to each of them together.
      here.fetch_add(1);
      while (here.load() < (i + 1) * kThreads) std::this_thread::yield();
      const int& together = variables[i];
      LOCKCHECK_READ(together);
    }
  };
  lockcheck::thread threads[kThreads] = {
      lockcheck::thread(look), lockcheck::thread(look), lockcheck::thread(look),
      lockcheck::thread(look)};
  for (lockcheck::thread& t : threads) t.join();
}

constexpr Story kStories[] = {{"atomic", &ByFlag<lockcheck::atomic<bool>>},
                              {"atomic-count", &ByCount},
                              {"std-atomic", &ByFlag<std::atomic<bool>>},
                              {"shared", &BySharedVariable},
                              {"macros", &ByMacros},
                              {"latch", &ByLatch},
                              {"unseen", &ByUnseen},
                              {"read-before", &ReadBefore},
                              {"repeats", &Repeats},
                              {"kinds", &Kinds},
                              {"many", &ManyAddresses},
                              {"reuse", &Reuse},
                              {"together", &FirstTogether}};

}  // namespace

int main(int argc, char** argv) { return TellOneOf(kStories, argc, argv); }
