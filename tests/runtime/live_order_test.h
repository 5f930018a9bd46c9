// What the tests of LiveOrder ask it.
#ifndef LOCKCHECK_TESTS_RUNTIME_LIVE_ORDER_TEST_H_
#define LOCKCHECK_TESTS_RUNTIME_LIVE_ORDER_TEST_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "instrument/runtime/live_order.h"

namespace lockcheck::runtime {

using Answer = LiveOrder::Answer;
inline constexpr uint32_t kShared = LiveOrder::kShared;
// Locks.
inline constexpr uint32_t kA = 1, kB = 2, kC = 3, kGate = 9;

class LiveOrderTest : public ::testing::Test {
 protected:
  Answer Ask(uint32_t actor, std::vector<uint32_t> held, uint32_t wanted,
             uint32_t phase = 0) {
    return order_.Note({actor, phase, wanted, held.data(), held.size()});
  }
  // By who held a member of the call, too.
  Answer Try(uint32_t actor, std::vector<uint32_t> before, uint32_t member,
             uint32_t wanted, uint32_t site = 71) {
    return order_.Note(
        {actor, 0, wanted, before.data(), before.size(), site, member, 70});
  }
  // A before B, and B before C, each under a lock that is destroyed then.
  void AskUnderGatesThatGo(uint32_t first, uint32_t second) {
    Ask(1, {first, kA}, kB);
    Ask(2, {second, kB}, kC);
    order_.Forget(first);
    if (second != first) order_.Forget(second);
  }
  LiveOrder order_;
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_TESTS_RUNTIME_LIVE_ORDER_TEST_H_
