// What each thread of counted_program does, so that kill_test can say what the
// n-th call of a thread was. It depends on the seed alone.
#ifndef LOCKCHECK_TESTS_PROGRAMS_SCRIPT_H_
#define LOCKCHECK_TESTS_PROGRAMS_SCRIPT_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace lockcheck::testing {

inline constexpr uint32_t kScriptThreads = 3;
inline constexpr uint32_t kScriptLocks = 12;

// In a file that both sides map: calls that have returned, per thread.
struct Counters {
  struct alignas(64) Counter {
    std::atomic<uint64_t> returned;
  };
  Counter threads[kScriptThreads];
};

class Script {
 public:
  struct Call {
    bool lock;
    uint32_t number;
  };

  Script(uint32_t seed, uint32_t thread) : random_(seed * 8 + thread) {}

  // Locks are asked for in the order of their numbers, so nobody is stuck; they
  // are given back in any order.
  Call Next() {
    const uint32_t lowest =
        held_.empty() ? 0 : *std::max_element(held_.begin(), held_.end()) + 1;
    const bool may_lock = lowest < kScriptLocks && held_.size() < 5;
    if (held_.empty() || (may_lock && random_() % 8 < 3)) {
      const uint32_t number = lowest + random_() % (kScriptLocks - lowest);
      held_.push_back(number);
      return {true, number};
    }
    const size_t depth =
        random_() % 4 == 0 ? random_() % held_.size() : held_.size() - 1;
    const uint32_t number = held_[depth];
    held_.erase(held_.begin() + static_cast<ptrdiff_t>(depth));
    return {false, number};
  }
  const std::vector<uint32_t>& held() const { return held_; }

 private:
  std::mt19937 random_;
  std::vector<uint32_t> held_;
};

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_PROGRAMS_SCRIPT_H_
