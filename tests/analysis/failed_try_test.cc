// A try that failed is counted, and changes no verdict.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "lib/analysis/findings.h"
#include "tests/analysis/found_in_log.h"
#include "tests/log/log_builder.h"

namespace lockcheck::analysis {
namespace {

using log::BeginHow;
using log::testing::LogBuilder;
using model::ObjectKind;
using ::testing::IsEmpty;

constexpr uint32_t kA = 1, kB = 2, kGate = 3;

// What is found in a program of two threads, which take a and b one after the
// other, with tries of these and of another lock that fail before, between and
// after, or without.
class FailedTry : public ::testing::Test {
 protected:
  struct Told {
    std::optional<Verdict> verdict;
    std::optional<Reason> reason;
    size_t witness = 0;
    friend bool operator==(const Told&, const Told&) = default;
  };

  void Takes(uint32_t actor, uint32_t outer, uint32_t inner) {
    Tries(actor);
    if (gate_) b_->Open(actor, kGate, 7);
    b_->Open(actor, outer, 8);
    Tries(actor);
    b_->Section(actor, inner, 9).Close(actor);
    if (gate_) b_->Close(actor);
    Tries(actor);
  }
  void Tries(uint32_t actor) {
    if (!tries_) return;
    for (const uint32_t lock : {kA, kB, kGate}) b_->TryFailed(actor, lock, 10);
  }
  std::vector<Told> Found(bool opposite, bool gate, bool tries) {
    gate_ = gate;
    tries_ = tries;
    b_.emplace();
    b_->Process(1).Actor(1, BeginHow::kMain).In(1);
    for (const uint32_t lock : {kA, kB, kGate}) {
      b_->Object(lock, ObjectKind::kMutex);
    }
    b_->Fork(1, 2).Fork(1, 3);
    b_->Actor(2, BeginHow::kStarted, {.parent = 1});
    b_->Actor(3, BeginHow::kStarted, {.parent = 1});
    Takes(2, kA, kB);
    Takes(3, opposite ? kB : kA, opposite ? kA : kB);
    b_->End(2).End(3).Join(1, 2).Join(1, 3).Exit(1);
    std::vector<Told> told;
    for (const Finding& finding : testing::FoundIn(*b_)) {
      told.push_back(
          {finding.verdict, finding.reason, finding.witness.steps.size()});
    }
    return told;
  }

  std::optional<LogBuilder> b_;
  bool gate_ = false;
  bool tries_ = false;
};

TEST_F(FailedTry, LeavesAConfirmedDeadlockAndItsScheduleAsTheyAre) {
  const auto found = Found(true, false, false);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].verdict, Verdict::kConfirmed);
  EXPECT_EQ(Found(true, false, true), found);
}

TEST_F(FailedTry, LeavesARefutedOneAsItIs) {
  const auto found = Found(true, true, false);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].reason, Reason::kGate);
  EXPECT_EQ(Found(true, true, true), found);
}

TEST_F(FailedTry, MakesNoCycle) {
  EXPECT_THAT(Found(false, false, true), IsEmpty());
}

}  // namespace
}  // namespace lockcheck::analysis
