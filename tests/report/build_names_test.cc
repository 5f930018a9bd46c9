// What a report calls the classes of locks, and which of these names are stable
// from run to run and from version to version of a program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/report/build_test.h"

namespace lockcheck::report {
namespace {

using log::PackFrame;
using model::ObjectKind;
using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST_F(BuildTest, AClassIsANameElseAPlaceElseTheFirstUse) {
  code_[0x10] = {{"Bank::Open", "bank.cc", 9, false}};
  log_.Place(1, "/src/bank.cc", 12, "Bank::Bank(int)");
  log_.Place(2, "/usr/include/c++/12/bits/stl_construct.h", 119, "construct");
  log_.Site(8, {PackFrame(1, 0x10)});
  log_.Object(1, ObjectKind::kMutex, "cash", 1);
  log_.Object(2, ObjectKind::kMutex, "", 1);
  log_.Object(3, ObjectKind::kTimedMutex, "", 2, 8);
  Open();
  const Report report = Built();
  EXPECT_THAT(ClassNames(report), ElementsAre("cash", "mutex@bank.cc:12",
                                              "timed_mutex@Bank::Open"));
  EXPECT_EQ(report.classes[1].stable, "mutex@bank.cc:Bank::Bank");
}

// async() is told no place, but is the first to use its future.
TEST_F(BuildTest, AFutureWithoutAPlaceIsNamedByTheLineOfItsFirstUse) {
  code_[0x10] = {{"Bank::Open", "/src/bank.cc", 9, false}};
  code_[0x20] = {{"Bank::Open", "/src/bank.cc", 14, false}};
  code_[0x30] = {{"Bank::Close", "", 0, false}};
  log_.Place(2, "/usr/include/c++/12/bits/stl_construct.h", 119, "construct");
  log_.Site(8, {PackFrame(1, 0x10)}).Site(16, {PackFrame(1, 0x20)});
  log_.Site(24, {PackFrame(1, 0x30)});
  log_.Object(1, ObjectKind::kFuture, "", 0, 8);
  log_.Object(2, ObjectKind::kFuture, "", 0, 8);
  log_.Object(3, ObjectKind::kFuture, "", 0, 16);
  log_.Object(4, ObjectKind::kFuture, "", 0, 24);  // compiled without -g
  log_.Object(5, ObjectKind::kFuture, "", 2, 8);   // a promise in a vector
  Open();
  const Report report = Built();
  EXPECT_THAT(ClassNames(report),
              ElementsAre("future@bank.cc:9", "future@bank.cc:14",
                          "future@Bank::Close", "future@Bank::Open"));
  EXPECT_EQ(report.classes[0].instances, 2u);
  EXPECT_EQ(report.classes[0].stable, "future@bank.cc:Bank::Open");
  EXPECT_EQ(report.classes[1].stable, "future@bank.cc:Bank::Open/2");
}

TEST_F(BuildTest, LocksOfWhichNothingIsKnownAreKeptApart) {
  log_.Section(1, 7, 0).Section(1, 17, 0);  // their definitions were lost
  Open();
  const Report report = Built();
  EXPECT_THAT(ClassNames(report), ElementsAre("lock #7", "lock #17"));
  EXPECT_NE(report.classes[0].stable, report.classes[1].stable);
}

TEST_F(BuildTest, OnlyHeadersOfTheCompilerAreStdHeaders) {
  code_[0x10] = {{"Bank::Open", "bank.cc", 9, false}};
  log_.Site(8, {PackFrame(1, 0x10)});
  uint32_t id = 0;
  for (const char* file :
       {"/src/c++/bank.cc", "/src/bits/coin.cc",
        "/usr/include/c++/12/bits/std_mutex.h",
        "/usr/include/x86_64-linux-gnu/c++/12/bits/gthr-default.h",
        "/usr/lib/llvm-14/bin/../include/c++/v1/vector"}) {
    ++id;
    log_.Place(id, file, 12, "f()");
    log_.Object(id, ObjectKind::kMutex, "", id, 8);
  }
  Open();
  EXPECT_THAT(
      ClassNames(Built()),
      ElementsAre("mutex@bank.cc:12", "mutex@coin.cc:12", "mutex@Bank::Open"));
}

// The members of a class that its constructor does not mention.
TEST_F(BuildTest, WhatOnePlaceMakesOfSeveralKindsAreSeveralClasses) {
  log_.Place(1, "/src/queue.cc", 4, "Queue::Queue()");
  log_.Object(1, ObjectKind::kMutex, "", 1);
  log_.Object(2, ObjectKind::kRecursiveMutex, "", 1);
  log_.Object(3, ObjectKind::kConditionVariable, "", 1);
  log_.Object(4, ObjectKind::kMutex, "ready");
  log_.Object(5, ObjectKind::kConditionVariable, "ready");
  Open();
  EXPECT_THAT(ClassNames(Built()),
              ElementsAre("mutex@queue.cc:4", "recursive_mutex@queue.cc:4",
                          "condition_variable@queue.cc:4", "ready", "ready/2"));
}

TEST_F(BuildTest, NamesCannotMoveTheCursor) {
  log_.Object(1, ObjectKind::kMutex, "a\033[2Jb\n");
  Open();
  EXPECT_THAT(ClassNames(Built()), ElementsAre("a\\x1b[2Jb\\x0a"));
}

TEST_F(BuildTest, AStableNameHoldsTheFunctionWhateverItsKind) {
  log_.Place(1, "/src/bank.cc", 12, "main(int, char**)::Till::Till()");
  log_.Place(2, "/src/bank.cc", 13,
             "bool Bank<T>::operator<(int) [with T = X]");
  log_.Object(1, ObjectKind::kMutex, "", 1);
  log_.Object(2, ObjectKind::kMutex, "", 2);
  Open();
  const Report report = Built();
  EXPECT_EQ(report.classes[0].stable, "mutex@bank.cc:main::Till::Till");
  EXPECT_EQ(report.classes[1].stable, "mutex@bank.cc:Bank<T>::operator<");
}

TEST_F(BuildTest, ClassesOfOneFunctionHaveStableNamesOfTheirOwn) {
  log_.Place(1, "/src/bank.cc", 12, "Bank::Bank()");
  log_.Place(2, "/src/bank.cc", 13, "Bank::Bank()");
  log_.Object(1, ObjectKind::kMutex, "", 1);
  log_.Object(2, ObjectKind::kMutex, "", 2);
  Open();
  const Report report = Built();
  EXPECT_EQ(report.classes[0].stable, "mutex@bank.cc:Bank::Bank");
  EXPECT_EQ(report.classes[1].stable, "mutex@bank.cc:Bank::Bank/2");
}

// The runtime records no function, and which lock is used first is chance.
TEST_F(BuildTest, StableNamesOfOneFileFollowItsLines) {
  log_.Place(1, "/src/bank.cc", 20, "").Place(2, "/src/bank.cc", 9, "");
  log_.Object(1, ObjectKind::kMutex, "", 1);
  log_.Object(2, ObjectKind::kMutex, "", 2);
  Open();
  const Report report = Built();
  EXPECT_THAT(ClassNames(report),
              ElementsAre("mutex@bank.cc:20", "mutex@bank.cc:9"));
  EXPECT_EQ(report.classes[0].stable, "mutex@bank.cc/2");
  EXPECT_EQ(report.classes[1].stable, "mutex@bank.cc");
}

// Three locks of one file, made at namespace scope.
class VariablesTest : public BuildTest {
 protected:
  VariablesTest() {
    log_.Module(2, "/usr/lib/libcoin.so", kBase, 0x1000);
    for (uint32_t i = 1; i <= 3; ++i) {
      log_.Place(i, "/src/bank.cc", 4 + i, "");
    }
    variables_[{1, 0x10}] = "x";
    variables_[{1, 0x20}] = "y";
    variables_[{1, 0x30}] = "bank::z";
  }
  void Mutex(uint32_t id, uint32_t place, uint64_t offset) {
    log_.Object(id, ObjectKind::kMutex, "", place, 0, kBase + offset);
  }
  std::vector<std::string> Stable() {
    std::vector<std::string> names;
    for (const ClassRow& row : Built().classes) names.push_back(row.stable);
    return names;
  }
  static constexpr uint64_t kBase = 0x7f0000000000;
};

TEST_F(VariablesTest, AreInStableNamesWhichOthersDoNotChange) {
  Mutex(1, 2, 0x20);
  Mutex(2, 3, 0x30);
  Open();
  EXPECT_THAT(ClassNames(Built()),
              ElementsAre("mutex@bank.cc:6", "mutex@bank.cc:7"));
  EXPECT_THAT(Stable(), ElementsAre("y@bank.cc", "bank::z@bank.cc"));
}

TEST_F(VariablesTest, TellFindingsApart) {
  log_.Site(8, {PackFrame(1, 0x10)});
  for (uint32_t i = 1; i <= 3; ++i) Mutex(i, i, 0x10 * i);
  Open();
  AddInversion(2, 3, 8, 8);
  AddInversion(1, 2, 8, 8);
  const Report report = Built();
  ASSERT_THAT(report.findings, SizeIs(2));
  EXPECT_NE(report.findings[0].id, report.findings[1].id);
  EXPECT_EQ(report.findings[0].suppression,
            "lock-order:bank::z@bank.cc -> y@bank.cc");
}

TEST_F(VariablesTest, OfWhichOneLineMakesSeveralNameNone) {
  Mutex(1, 1, 0x10);
  Mutex(2, 1, 0x20);
  Mutex(3, 2, 0x30);
  Mutex(4, 2, 0x38);  // not known
  Mutex(5, 3, 0x30);
  Open();
  EXPECT_THAT(Stable(), ElementsAre("mutex@bank.cc", "mutex@bank.cc/2",
                                    "bank::z@bank.cc"));
}

TEST_F(VariablesTest, NameNoLockThatAFunctionOrAPersonNames) {
  log_.Place(4, "/src/bank.cc", 12, "Bank::Open()");
  Mutex(1, 4, 0x10);
  log_.Object(2, ObjectKind::kMutex, "cash", 1, 0, kBase + 0x20);
  Open();
  EXPECT_THAT(Stable(), ElementsAre("mutex@bank.cc:Bank::Open", "cash"));
}

TEST_F(VariablesTest, AreNotKnownOutsideOfModules) {
  Mutex(1, 1, 0x1000);
  log_.Object(2, ObjectKind::kMutex, "", 2, 0, kBase - 1);
  variables_[{1, 0x1000}] = "x";
  Open();
  EXPECT_THAT(Stable(), ElementsAre("mutex@bank.cc", "mutex@bank.cc/2"));
}

// Two processes may have loaded other modules at one address.
TEST_F(VariablesTest, AreNotKnownWhereTwoModulesCouldBe) {
  log_.Module(3, "/usr/lib/libother.so", kBase + 0x20, 0x1000);
  log_.Module(4, "/usr/lib/libcoin.so", kBase, 0x1000);  // recorded twice
  Mutex(1, 1, 0x10);
  Mutex(2, 2, 0x20);
  Open();
  EXPECT_THAT(Stable(), ElementsAre("x@bank.cc", "mutex@bank.cc"));
}

}  // namespace
}  // namespace lockcheck::report
