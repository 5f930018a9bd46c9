// What is said of threads that somebody else started.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "lib/analysis/findings.h"
#include "tests/analysis/found_in_log.h"
#include "tests/log/log_builder.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint32_t kMain = 1, kOne = 2, kOther = 3;
constexpr uint32_t kA = 1, kB = 2;

// Two threads, begun so, that take two locks in both orders.
std::vector<Finding> BothOrders(BeginHow how) {
  log::testing::LogBuilder b;
  b.At(0).Process(1).Actor(kMain, BeginHow::kMain, {.hot = true});
  b.Object(kA, model::ObjectKind::kMutex, "a");
  b.Object(kB, model::ObjectKind::kMutex, "b");
  for (const uint32_t actor : {kOne, kOther}) {
    if (how == BeginHow::kStarted) b.Fork(kMain, actor);
    b.Actor(actor, how, {.parent = kMain, .hot = true});
  }
  b.Open(kOne, kA, 8).Section(kOne, kB, 9).Close(kOne);
  b.Open(kOther, kB, 10).Section(kOther, kA, 11).Close(kOther);
  b.At(30).End(kOne).End(kOther).Exit(kMain);
  return FoundIn(b);
}

TEST(UnseenStart, IsWhatAPossibleDeadlockAssumesNoOrderOf) {
  const auto found = BothOrders(BeginHow::kForeign);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].verdict, Verdict::kPossible);
  EXPECT_THAT(found[0].assumes, ElementsAre(HasSubstr("not started as a")));
}

TEST(UnseenStart, IsNotSaidOfThreadsThatWereSeenToStart) {
  const auto found = BothOrders(BeginHow::kStarted);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].verdict, Verdict::kConfirmed);
  EXPECT_THAT(found[0].assumes, IsEmpty());
}

}  // namespace
}  // namespace lockcheck::analysis::testing
