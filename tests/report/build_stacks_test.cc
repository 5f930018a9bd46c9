// Sites and stacks in a report: without wrappers, merged by line, and of the
// actor that is spoken of, if that is known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

#include "lib/report/naming.h"
#include "tests/report/build_test.h"

namespace lockcheck::report {
namespace {

using analysis::Part;
using log::BeginHow;
using log::PackFrame;
using model::ObjectKind;
using ::testing::SizeIs;

TEST_F(BuildTest, WrappersAreCutAndSitesOfOneLineMerged) {
  code_[0x10] = {{"std::lock_guard<lockcheck::mutex>::lock_guard",
                  "std_mutex.h", 229, true},
                 {"Bank::PayIn", "bank.cc", 41, false}};
  code_[0x20] = {{"lockcheck::mutex::lock", "mutex.h", 7, false}};
  code_[0x30] = {{"Bank::PayIn", "bank.cc", 41, false}};
  code_[0x40] = {{"main", "main.cc", 5, false}};
  code_[0x50] = {{"__libc_start_main", "", 0, false}};
  log_.Site(8, {PackFrame(1, 0x10), PackFrame(1, 0x40), PackFrame(1, 0x50)});
  log_.Site(9, {PackFrame(1, 0x20), PackFrame(1, 0x30)});
  Open();
  statistics_.sites[Site(8)].acquisitions = 2;
  statistics_.sites[Site(9)].acquisitions = 3;
  const Report report = Built();
  ASSERT_EQ(report.sites.size(), 1u);
  EXPECT_EQ(SiteLabel(report.sites[0].where), "Bank::PayIn bank.cc:41");
  EXPECT_EQ(report.sites[0].usage.acquisitions, 5u);
  ASSERT_EQ(report.sites[0].stack.size(), 2u);
  EXPECT_EQ(report.sites[0].stack[1].function, "main");
}

TEST_F(BuildTest, WhatStartsAThreadIsCutWhateverItsNamesAre) {
  code_[0x10] = {{"Bank::PayIn", "bank.cc", 41, false}};
  code_[0x20] = {{"std::invoke<void (*)(Bank&), Bank&>", "functional", 9, true},
                 {"lockcheck::thread::thread<void (&)(Bank&), Bank&>::{lambda#1"
                  "}::operator()",
                  "thread.h", 56, false}};
  code_[0x30] = {{"a_name_that_nobody_demangles", "invoke.h", 96, false}};
  code_[0x40] = {{"_ZNSt6thread11_State_implI1FE6_M_runEv", "", 0, false}};
  log_.Site(8, {PackFrame(1, 0x10), PackFrame(1, 0x20), PackFrame(1, 0x30),
                PackFrame(1, 0x40)});
  Open();
  statistics_.sites[Site(8)].acquisitions = 1;
  EXPECT_THAT(Built().sites[0].stack, SizeIs(1));
}

TEST_F(BuildTest, AnUnknownFunctionIsItsModuleAndOffset) {
  log_.Site(8, {PackFrame(1, 0x1234)});
  Open();
  statistics_.sites[Site(8)].acquisitions = 1;
  EXPECT_EQ(SiteLabel(Built().sites[0].where), "bank+0x1234");
}

// A guard of the program's own that was not inlined: one site for everybody.
TEST_F(BuildTest, AHoldAndARequestShowTheirActorsOwnCallers) {
  code_[0x10] = {{"Guard::Guard", "guard.cc", 5, false}};
  code_[0x20] = {{"Startup", "bank.cc", 7, false}};
  code_[0x30] = {{"Pay", "bank.cc", 8, false}};
  code_[0x40] = {{"Refund", "bank.cc", 10, false}};
  const uint64_t guard = PackFrame(1, 0x10);
  log_.Object(1, ObjectKind::kMutex, "a").Object(2, ObjectKind::kMutex, "b");
  log_.Site(8, {guard, PackFrame(1, 0x20)}).Fork(1, 2).Fork(1, 3);
  using log::StackReason;
  log_.Actor(2, BeginHow::kStarted, {.parent = 1});
  log_.Stack(1, {StackReason::kRequest, 1, 8}, {guard, PackFrame(1, 0x30)});
  log_.Stack(2, {StackReason::kRequest, 2, 8, 1, 8},
             {guard, PackFrame(1, 0x30)});
  log_.Actor(3, BeginHow::kStarted, {.parent = 1});
  log_.Stack(3, {StackReason::kRequest, 2, 8}, {guard, PackFrame(1, 0x40)});
  log_.Stack(4, {StackReason::kRequest, 1, 8, 2, 8},
             {guard, PackFrame(1, 0x40)});
  log_.End(2).End(3);
  Open();
  AddInversion(1, 2, 8, 8);
  findings_.findings[0].parts[0].actor = recording_->FindActor(2);
  findings_.findings[0].parts[1].actor = recording_->FindActor(3);
  const Report report = Built();
  for (const auto& [part, caller] : {std::pair(0, "Pay"), {1, "Refund"}}) {
    const PartRow& row = report.findings[0].parts[part];
    ASSERT_EQ(row.holds[0].stack.size(), 2u);
    EXPECT_EQ(row.holds[0].stack[1].function, caller);
    EXPECT_EQ(row.holds[0].stack_of, row.actor);
    ASSERT_EQ(row.wants->stack.size(), 2u);
    EXPECT_EQ(row.wants->stack[1].function, caller);
    EXPECT_EQ(row.wants->stack_of, row.actor);
  }
}

TEST_F(BuildTest, AStackThatIsOnlyAnothersIsSaidToBeThatOnes) {
  code_[0x10] = {{"Transfer", "bank.cc", 5, false}};
  log_.Object(1, ObjectKind::kMutex, "a").Object(2, ObjectKind::kMutex, "b");
  log_.Site(8, {PackFrame(1, 0x10)}).Fork(1, 2);
  log_.Actor(2, BeginHow::kStarted, {.parent = 1}).End(2);
  Open();
  AddInversion(1, 2, 8, 8);
  findings_.findings[0].parts[1].actor = recording_->FindActor(2);
  const Report report = Built();
  EXPECT_EQ(report.findings[0].parts[0].holds[0].stack_of, 0u);
  EXPECT_EQ(report.findings[0].parts[1].holds[0].stack_of, 0u);
  EXPECT_EQ(report.findings[0].parts[1].wants->stack_of, 0u);
}

// The hold that matters comes first; the order of the others is that of their
// acquisition.
TEST_F(BuildTest, AHoldIsLookedForUnderWhatWasHeldThen) {
  code_[0x10] = {{"Guard::Guard", "guard.cc", 5, false}};
  code_[0x20] = {{"Outer", "bank.cc", 7, false}};
  code_[0x30] = {{"Inner", "bank.cc", 8, false}};
  const uint64_t guard = PackFrame(1, 0x10);
  log_.Object(1, ObjectKind::kMutex, "a").Object(2, ObjectKind::kMutex, "b");
  log_.Object(3, ObjectKind::kMutex, "c").Site(8, {guard});
  using log::StackReason;
  log_.Stack(1, {StackReason::kRequest, 1, 8}, {guard, PackFrame(1, 0x20)});
  log_.Stack(2, {StackReason::kRequest, 1, 8, 2, 8},
             {guard, PackFrame(1, 0x30)});
  Open();
  AddInversion(1, 3, 8, 8);
  Part& part = findings_.findings[0].parts[0];
  part.holds.push_back({Object(2), model::Mode::kExclusive, Site(8)});
  EXPECT_EQ(Built().findings[0].parts[0].holds[0].stack[1].function, "Outer");
  part.outer = 1;
  EXPECT_EQ(Built().findings[0].parts[0].holds[0].stack[1].function, "Inner");
}

}  // namespace
}  // namespace lockcheck::report
