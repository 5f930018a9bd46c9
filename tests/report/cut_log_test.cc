// The log of a program that hangs, cut anywhere: every form of the report says
// what is left of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lib/log/format.h"
#include "tests/log/log_builder.h"
#include "tests/report/all_forms.h"

namespace lockcheck::report {
namespace {

using log::BeginHow;
using log::kBlockSize;
using log::PackFrame;
using log::testing::LogBuilder;
using model::ObjectKind;
using ::testing::HasSubstr;
using ::testing::Not;

// Main joins A2; A2 and A3 each hold one lock and wait for the other's. Each
// actor's block defines what it is the first to use.
std::string HungProgram() {
  LogBuilder b;
  b.NsPerTick(1.0).At(10).Process(1).Actor(1, BeginHow::kMain, {.hot = true});
  b.Module(1, "/usr/bin/bank").Site(8, {PackFrame(1, 0x10)});
  b.Fork(1, 2).Fork(1, 3).At(20).JoinBlock(1, 2, 8);
  b.Actor(2, BeginHow::kStarted, {.parent = 1, .hot = true});
  b.Site(9, {PackFrame(1, 0x20)}).Site(10, {PackFrame(1, 0x24)});
  b.Object(1, ObjectKind::kMutex, "a", 0, 9).Open(2, 1, 9);
  b.Actor(3, BeginHow::kStarted, {.parent = 1, .hot = true});
  b.Site(11, {PackFrame(1, 0x30)}).Site(12, {PackFrame(1, 0x34)});
  b.Object(2, ObjectKind::kMutex, "b", 0, 11).Open(3, 2, 11);
  b.At(30).Block(2, 2, 10, 3, 11).At(40).Block(3, 1, 12, 2, 9);
  return b.bytes();
}

testing::AllForms FormsOf(const std::string& log) {
  const auto recording = log::Recording::OpenBytes("cut.log", log);
  if (!recording.ok()) return {};
  return testing::AllFormsOf(**recording);
}

TEST(CutLogTest, TheWholeLogHasTheDeadlock) {
  const testing::AllForms forms = FormsOf(HungProgram());
  EXPECT_THAT(forms.text, HasSubstr("ACTUAL DEADLOCK"));
  EXPECT_THAT(forms.text, HasSubstr("the end of A2"));
}

TEST(CutLogTest, AWaitForTheEndOfAnActorThatWasCutAwayIsShown) {
  const testing::AllForms forms =
      FormsOf(HungProgram().substr(0, 2 * kBlockSize));
  EXPECT_THAT(forms.text, HasSubstr("the end of an actor"));
  EXPECT_THAT(forms.status, HasSubstr("waits  the end of an actor"));
  EXPECT_THAT(forms.json, HasSubstr("\"the end of an actor\""));
}

TEST(CutLogTest, AWaitForALockWhoseNameWasCutAwayIsShownAndIsNoDeadlock) {
  const testing::AllForms forms =
      FormsOf(HungProgram().substr(0, 3 * kBlockSize));
  EXPECT_THAT(forms.text, HasSubstr("A2       lock #2 "));
  EXPECT_THAT(forms.text, Not(HasSubstr("ACTUAL")));
  EXPECT_THAT(forms.status, HasSubstr("waits  lock #2"));
}

TEST(CutLogTest, EveryFormSurvivesEveryCut) {
  const std::string log = HungProgram();
  // Records stand at the blocks' beginnings.
  for (size_t size = 0; size < log.size();
       size += size % kBlockSize < 1024 ? 4 : 512) {
    SCOPED_TRACE(size);
    const testing::AllForms forms = FormsOf(log.substr(0, size));
    EXPECT_EQ(forms.text.empty(), forms.json.empty());
  }
}

}  // namespace
}  // namespace lockcheck::report
