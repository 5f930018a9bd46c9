// What the text and the status form say of waits that stand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lib/report/status_text.h"
#include "lib/report/text.h"
#include "tests/report/sample_report.h"

namespace lockcheck::report {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// From its heading to the next empty line.
std::string WaitsOf(const Report& report, const TextOptions& options = {}) {
  const std::string text = Text(report, options);
  const size_t start = text.find("\nWAITS");
  if (start == std::string::npos) return "";
  return text.substr(start + 1, text.find("\n\n", start) - start);
}

TEST(WaitFormTest, WhoWaitsIsShownWithWhatItHoldsMeanwhileAndWhereItTookIt) {
  Report report = testing::SampleReport();
  StandingWaitRow& wait = report.standing_waits[0];
  wait.holds.push_back({1, model::Mode::kShared, {}});
  EXPECT_EQ(WaitsOf(report),
            R"(WAITS NOW  1 actor waits
  actor     waits for  in                                   held by     for
  A2 plato  fork[1]    Philosopher::Eat philosophers.cc:42  A3 kant  2.10 s  stuck
  actor     holds meanwhile   acquired in
  A2 plato  fork[0]           Philosopher::Eat philosophers.cc:41
  A2 plato  fork[1] (shared)  (not known)
)");
}

TEST(WaitFormTest, WithNothingHeldThereIsNoTableOfIt) {
  Report report = testing::SampleReport();
  report.standing_waits[0].holds.clear();
  EXPECT_THAT(WaitsOf(report), Not(HasSubstr("meanwhile")));
}

TEST(WaitFormTest, WhatIsHeldIsOfThoseThatAreShown) {
  Report report = testing::SampleReport();
  StandingWaitRow second = report.standing_waits[0];
  second.actor = 2;
  report.standing_waits.push_back(second);
  TextOptions options;
  options.top = 1;
  EXPECT_THAT(WaitsOf(report, options),
              AllOf(HasSubstr("and 1 more (--top)\n"),
                    HasSubstr("\n  A2 plato  fork[0] "),
                    Not(HasSubstr("\n  A3 kant   fork[0] "))));
}

TEST(WaitFormTest, AWorkerThatATaskHasIsNoLock) {
  Report report = testing::SampleReport();
  report.objects[0].kind = model::ObjectKind::kThreadPool;
  report.objects[0].name = "crew (slots)";
  EXPECT_THAT(WaitsOf(report), HasSubstr("  a worker of crew  "));
}

// kill -9 came, and nobody did anything in between.
TEST(WaitFormTest, WhenNothingCameAfterTheWaitNobodyKnowsHowLongItWas) {
  Report report = testing::SampleReport();
  report.standing_waits[0].duration_ns = 0;
  report.processes[0].state = "gone";
  EXPECT_THAT(WaitsOf(report), AllOf(HasSubstr("  for at least"),
                                     HasSubstr("  unknown  stuck\n")));
  EXPECT_THAT(StatusText(report, {}),
              HasSubstr("philosophers.cc:42  for an unknown time  STUCK\n"));
  report.processes[0].state = "running";
  EXPECT_THAT(WaitsOf(report), HasSubstr("  for\n"));
  EXPECT_THAT(StatusText(report, {}), HasSubstr("  for 0  STUCK\n"));
}

TEST(WaitFormTest, AWaitForWhatNobodyCanHoldNamesNoHolder) {
  Report report = testing::SampleReport();
  StandingWaitRow& wait = report.standing_waits[0];
  wait.owner.reset();
  const auto is_not_known = [&] {
    const std::string waits = WaitsOf(report);
    return waits.find("  ?  ") != waits.npos;
  };
  EXPECT_TRUE(is_not_known());
  report.objects[wait.wants.object].kind =
      model::ObjectKind::kConditionVariable;
  EXPECT_FALSE(is_not_known());
}

TEST(WaitFormTest, OfAWaitThatNobodyHasSignalledThatIsSaid) {
  Report report = testing::SampleReport();
  StandingWaitRow& wait = report.standing_waits[0];
  report.objects[wait.wants.object].kind = model::ObjectKind::kEvent;
  wait.unsignalled = true;
  EXPECT_THAT(Text(report, {}), HasSubstr("stuck; nobody has set it\n"));
  EXPECT_THAT(StatusText(report, {}),
              HasSubstr("for 2.10 s; nobody has set it  STUCK\n"));
  wait.stuck = false;
  EXPECT_THAT(Text(report, {}), AllOf(HasSubstr("  nobody has set it\n"),
                                      Not(HasSubstr("stuck;"))));
}

TEST(WaitFormTest, WaitsOfAProcessThatIsGoneAreMeasuredToTheLastRecord) {
  Report report = testing::SampleReport();
  report.processes[0].state = "running";
  EXPECT_THAT(Text(report, {}), HasSubstr("1 actor waits\n"));
  report.processes[0].state = "gone";
  EXPECT_THAT(Text(report, {}),
              HasSubstr("1 actor waits, measured to the log's last record\n"));
}

TEST(WaitFormTest, WhetherAProcessThatRecordedNoEndRunsIsSaid) {
  Report report = testing::SampleReport();
  const auto with = [&](const char* state, const char* host) {
    report.processes[0].state = state;
    report.processes[0].host = host;
    return StatusText(report, {});
  };
  EXPECT_THAT(with("running", "here"),
              AllOf(HasSubstr("./philosophers  running\n"),
                    HasSubstr("for 2.10 s  STUCK")));
  EXPECT_THAT(
      with("gone", "here"),
      AllOf(HasSubstr("./philosophers  ended without a word\n"),
            HasSubstr("for at least 2.10 s, to the log's last record  STUCK")));
  EXPECT_THAT(
      with("unknown", "there"),
      AllOf(HasSubstr("not known whether it runs (another host, there)\n"),
            HasSubstr("for at least 2.10 s, to the log's last record  STUCK")));
  EXPECT_THAT(with("unknown", ""), HasSubstr("not known whether it runs\n"));
}

}  // namespace
}  // namespace lockcheck::report
