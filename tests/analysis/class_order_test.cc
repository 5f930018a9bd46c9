// Lock classes that are taken in both orders, and each way in which that means
// nothing.
#include "lib/analysis/class_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/oracle/trace.h"
#include "tests/oracle/translate.h"

namespace lockcheck::analysis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// A lock's class is the first letter of its name; with keys, what follows is
// its order key. A cycle is told as "a1 b1, b2 a2": what is held, what is asked
// for.
std::vector<std::string> Found(std::string_view text, bool keys = false) {
  const oracle::Trace trace = oracle::Parse(text);
  const Observations observations = oracle::Translate(trace);
  std::vector<uint32_t> class_of, key_of;
  for (const std::string& lock : trace.locks) {
    class_of.push_back(static_cast<uint32_t>(lock[0] - 'a'));
    key_of.push_back(keys && lock.size() > 1
                         ? static_cast<uint32_t>(std::stoul(lock.substr(1)))
                         : kNone);
  }
  std::vector<std::string> told;
  const ClassOrder order = FindClassOrder(observations, class_of, key_of);
  EXPECT_TRUE(order.exhaustive);
  for (const ClassCycle& cycle : order.cycles) {
    std::string& line = told.emplace_back();
    for (const ClassStep& step : cycle) {
      if (!line.empty()) line += ", ";
      line += trace.locks[step.dependency->held[step.hold].object] + " " +
              trace.locks[step.dependency->lock];
    }
  }
  return told;
}

TEST(ClassOrderTest, BothOrdersByOtherLocksAreFound) {
  EXPECT_THAT(Found("1/acq(a1) 1/acq(b1) 1/rel(b1) 1/rel(a1) "
                    "2/acq(b2) 2/acq(a2) 2/rel(a2) 2/rel(b2)"),
              ElementsAre("a1 b1, b2 a2"));
}

TEST(ClassOrderTest, OneActorIsEnough) {
  EXPECT_THAT(Found("1/acq(a1) 1/acq(b1) 1/rel(b1) 1/rel(a1) "
                    "1/acq(b2) 1/acq(a2) 1/rel(a2) 1/rel(b2)"),
              ElementsAre("a1 b1, b2 a2"));
}

TEST(ClassOrderTest, OneOrderIsNone) {
  EXPECT_THAT(Found("1/acq(a1) 1/acq(b1) 1/rel(b1) 1/rel(a1) "
                    "2/acq(a2) 2/acq(b2) 2/rel(b2) 2/rel(a2)"),
              IsEmpty());
}

TEST(ClassOrderTest, ACycleOfLocksIsJudgedAsThat) {
  EXPECT_THAT(Found("1/acq(a1) 1/acq(b1) 1/rel(b1) 1/rel(a1) "
                    "2/acq(b1) 2/acq(a1) 2/rel(a1) 2/rel(b1)"),
              IsEmpty());
}

TEST(ClassOrderTest, OneMeetingOfDifferentLocksIsEnough) {
  EXPECT_THAT(Found("1/acq(a) 1/acq(b1) 1/rel(b1) 1/rel(a) "
                    "2/acq(b2) 2/acq(a) 2/rel(a) 2/rel(b2)"),
              ElementsAre("a b1, b2 a"));
}

TEST(ClassOrderTest, ALockAroundBothKeepsThemApart) {
  EXPECT_THAT(Found("1/acq(g) 1/acq(a1) 1/acq(b1) 1/rel(b1) 1/rel(a1) 1/rel(g) "
                    "2/acq(g) 2/acq(b2) 2/acq(a2) 2/rel(a2) 2/rel(b2) "
                    "2/rel(g)"),
              IsEmpty());
}

TEST(ClassOrderTest, ALockAroundOneOfThemDoesNot) {
  EXPECT_THAT(Found("1/acq(g) 1/acq(a1) 1/acq(b1) 1/rel(b1) 1/rel(a1) 1/rel(g) "
                    "2/acq(b2) 2/acq(a2) 2/rel(a2) 2/rel(b2)"),
              ElementsAre("a1 b1, b2 a2"));
}

TEST(ClassOrderTest, WhoOnlyTriesClosesNothing) {
  EXPECT_THAT(Found("1/acq(a1) 1/acq(b1) 1/rel(b1) 1/rel(a1) "
                    "2/acq(b2) 2/try(a2) 2/rel(a2) 2/rel(b2)"),
              IsEmpty());
}

TEST(ClassOrderTest, ReadersLetEachOtherIn) {
  EXPECT_THAT(Found("1/racq(a1) 1/acq(b1) 1/rel(b1) 1/rrel(a1) "
                    "2/acq(b2) 2/racq(a2) 2/rrel(a2) 2/rel(b2)"),
              IsEmpty());
  EXPECT_THAT(Found("1/racq(a1) 1/acq(b1) 1/rel(b1) 1/rrel(a1) "
                    "2/acq(b2) 2/acq(a2) 2/rel(a2) 2/rel(b2)"),
              ElementsAre("a1 b1, b2 a2"));
}

TEST(ClassOrderTest, ReadersOfTheInnerLockLetEachOtherInToo) {
  EXPECT_THAT(Found("1/acq(a1) 1/racq(b1) 1/rrel(b1) 1/rel(a1) "
                    "2/racq(b2) 2/acq(a2) 2/rel(a2) 2/rrel(b2)"),
              IsEmpty());
}

TEST(ClassOrderTest, ThreeClassesInARingAreOneCycle) {
  EXPECT_THAT(Found("1/acq(a1) 1/acq(b1) 1/rel(b1) 1/rel(a1) "
                    "2/acq(b2) 2/acq(c2) 2/rel(c2) 2/rel(b2) "
                    "3/acq(c3) 3/acq(a3) 3/rel(a3) 3/rel(c3)"),
              ElementsAre("a1 b1, b2 c2, c3 a3"));
}

TEST(ClassOrderTest, LocksOfOneClassWithinEachOtherAreFound) {
  EXPECT_THAT(Found("1/acq(a1) 1/acq(a2) 1/rel(a2) 1/rel(a1)"),
              ElementsAre("a1 a2"));
  EXPECT_THAT(Found("1/racq(a1) 1/racq(a2) 1/rrel(a2) 1/rrel(a1)"), IsEmpty());
  EXPECT_THAT(Found("1/acq(a1) 1/acq(a1) 1/rel(a1) 1/rel(a1)"), IsEmpty());
}

TEST(ClassOrderTest, UnlessTheirOrderKeysAscend) {
  EXPECT_THAT(Found("1/acq(a1) 1/acq(a2) 1/rel(a2) 1/rel(a1)", true),
              IsEmpty());
  EXPECT_THAT(Found("1/acq(a2) 1/acq(a1) 1/rel(a1) 1/rel(a2)", true),
              ElementsAre("a2 a1"));
  EXPECT_THAT(Found("1/acq(a) 1/acq(a2) 1/rel(a2) 1/rel(a)", true),
              ElementsAre("a a2"));
}

TEST(ClassOrderTest, EachPairOfClassesIsACycleOfItsOwn) {
  EXPECT_THAT(Found("1/acq(a1) 1/acq(b1) 1/rel(b1) 1/acq(c1) 1/rel(c1) "
                    "1/rel(a1) 2/acq(b2) 2/acq(a2) 2/rel(a2) 2/rel(b2) "
                    "2/acq(c2) 2/acq(a2) 2/rel(a2) 2/rel(c2)"),
              UnorderedElementsAre("a1 b1, b2 a2", "a1 c1, c2 a2"));
}

}  // namespace
}  // namespace lockcheck::analysis
