// What the tests of the scan write their logs with: a process, its locks and
// the places where they are used.
#ifndef LOCKCHECK_TESTS_ANALYSIS_SCAN_TEST_H_
#define LOCKCHECK_TESTS_ANALYSIS_SCAN_TEST_H_

#include <gtest/gtest.h>

#include <cstdint>

#include "tests/analysis/scanned_log.h"
#include "tests/log/log_builder.h"

namespace lockcheck::analysis::testing {

inline constexpr uint32_t kA = 1, kB = 2, kC = 3, kD = 4;               // locks
inline constexpr uint32_t kP = 11, kQ = 12, kR = 13, kS = 14, kT = 15;  // sites

// A process with a main actor, 1, and locks A to D.
class ScanTest : public ::testing::Test {
 protected:
  ScanTest() {
    b.Process(1).Actor(1, log::BeginHow::kMain);
    for (uint32_t lock : {kA, kB, kC, kD}) {
      b.Object(lock, model::ObjectKind::kMutex);
    }
    for (uint32_t site : {kP, kQ, kR, kS, kT}) b.Site(site, {site * 16});
  }
  void Start(uint32_t actor) {
    b.Fork(1, actor).Actor(actor, log::BeginHow::kStarted, {.parent = 1});
  }
  log::testing::LogBuilder b;
};

}  // namespace lockcheck::analysis::testing

#endif  // LOCKCHECK_TESTS_ANALYSIS_SCAN_TEST_H_
