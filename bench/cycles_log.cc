// Leaves logs full of deadlocks that could happen, for what their search costs.
//
//   LOCKCHECK_OPTIONS=log=PATH cycles_log SHAPE
//
// pairs: 200 cycles of two locks, each by four threads; 500,000 events.
//
// pattern: one cycle, taken 320 times by each of two threads; 102,400
// combinations.
//
// component: 1,000 locks in one strong component; 1,000,000 simple cycles of
// six.
//
// No run deadlocks: threads take turns, by a variable that is not recorded.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string_view>
#include <vector>

#include "lockcheck/lockcheck.h"

namespace {

// Runs each in a thread of its own, one after the other, all of them started
// before: fork and join put none before another one.
void InTurns(const std::vector<std::function<void()>>& bodies) {
  std::atomic<size_t> turn = 0;
  std::vector<lockcheck::thread> threads;
  for (size_t i = 0; i < bodies.size(); ++i) {
    threads.emplace_back([&turn, &body = bodies[i], i] {
      for (size_t now; (now = turn.load()) != i;) turn.wait(now);
      body();
      turn.store(i + 1);
      turn.notify_all();
    });
  }
  for (lockcheck::thread& thread : threads) thread.join();
}

void Nested(lockcheck::mutex& outer, lockcheck::mutex& inner) {
  const lockcheck::lock_guard first(outer);
  const lockcheck::lock_guard second(inner);
}

void Pairs() {
  constexpr size_t kPairs = 200, kThreadsOfPair = 4, kRounds = 156;
  static std::array<std::array<lockcheck::mutex, 2>, kPairs> locks;
  std::vector<std::function<void()>> bodies;
  for (auto& pair : locks) {
    for (size_t t = 0; t < kThreadsOfPair; ++t) {
      bodies.emplace_back([&pair, t] {
        for (size_t i = 0; i < kRounds; ++i) {
          Nested(pair[t % 2], pair[1 - t % 2]);
        }
      });
    }
  }
  InTurns(bodies);
}

void Pattern() {
  constexpr size_t kRounds = 320;
  static std::array<lockcheck::mutex, 2> locks;
  const auto body = [](size_t outer) {
    return [outer] {
      for (size_t i = 0; i < kRounds; ++i) {
        Nested(locks[outer], locks[1 - outer]);
      }
    };
  };
  InTurns({body(0), body(1)});
}

// Six layers of ten, each lock before all of the next layer: 10^6 cycles. The
// other locks are a ring through the first of them.
void Component() {
  constexpr size_t kLocks = 1000, kLayers = 6, kWidth = 10;
  static std::array<lockcheck::mutex, kLocks> locks;
  std::vector<std::function<void()>> bodies;
  for (size_t layer = 0; layer < kLayers; ++layer) {
    bodies.emplace_back([layer] {
      const size_t next = (layer + 1) % kLayers;
      for (size_t i = 0; i < kWidth * kWidth; ++i) {
        Nested(locks[layer * kWidth + i / kWidth],
               locks[next * kWidth + i % kWidth]);
      }
    });
  }
  constexpr size_t kFirst = kLayers * kWidth;
  for (const size_t odd : {size_t{0}, size_t{1}}) {
    bodies.emplace_back([odd] {
      Nested(locks[odd == 0 ? 0 : kLocks - 1], locks[odd == 0 ? kFirst : 0]);
      for (size_t i = kFirst + odd; i + 1 < kLocks; i += 2) {
        Nested(locks[i], locks[i + 1]);
      }
    });
  }
  InTurns(bodies);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view shape = argc == 2 ? argv[1] : "";
  if (shape == "pairs") {
    Pairs();
  } else if (shape == "pattern") {
    Pattern();
  } else if (shape == "component") {
    Component();
  } else {
    std::fprintf(stderr,
                 "usage: LOCKCHECK_OPTIONS=log=PATH cycles_log "
                 "pairs|pattern|component\n");
    return 2;
  }
}
