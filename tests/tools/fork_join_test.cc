// A cycle that is refuted since starts and joins put its parts in order: the
// report says which.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/log/place_frame.h"
#include "nlohmann/json.hpp"
#include "tests/log/log_builder.h"
#include "tests/tools/command_runner.h"
#include "tests/tools/schema_validator.h"

namespace lockcheck::tools::testing {
namespace {

using log::BeginHow;
using log::PackFrame;
using log::testing::LogBuilder;
using model::ObjectKind;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint32_t kJoinSite = 30;

// The main thread starts and joins others; everybody takes a and b.
class ForkJoinTest : public ::testing::Test {
 protected:
  ForkJoinTest() {
    b_.Process(1).Actor(1, BeginHow::kMain).In(1);
    b_.Object(1, ObjectKind::kMutex, "a").Object(2, ObjectKind::kMutex, "b");
    b_.Place(1, "/src/main.cc", 40, "main")
        .Site(kJoinSite, {PackFrame(log::kPlaceModule, 1)});
  }
  ~ForkJoinTest() override { std::remove(log_.c_str()); }

  void Start(uint32_t actor) {
    b_.Advance(10).Fork(1, actor);
    b_.Actor(actor, BeginHow::kStarted, {.parent = 1});
  }
  void Join(uint32_t actor) {
    b_.Advance(10).End(actor);
    b_.JoinBlock(1, actor, kJoinSite).Join(1, actor);
  }
  void Takes(uint32_t actor, uint32_t outer, uint32_t inner) {
    b_.Open(actor, outer, 8).Section(actor, inner, 9).Close(actor);
  }
  nlohmann::json Finding() {
    b_.Exit(1);
    b_.Write(log_);
    const Ran ran = RunCommand({"analyze", log_, "--json", "-"});
    const auto report = nlohmann::json::parse(ran.out);
    const auto schema = nlohmann::json::parse(
        std::ifstream(LOCKCHECK_DOCS "/report.schema.json"));
    EXPECT_THAT(SchemaValidator(schema).Check(report), IsEmpty());
    sites_ = report.at("sites");
    EXPECT_EQ(report.at("findings").size(), 1u);
    return report.at("findings").at(0);
  }
  // "join"s and "start"s of whom by whom.
  static std::string Acts(const nlohmann::json& finding) {
    std::string text;
    for (const auto& step : finding.at("ordered_by")) {
      text += absl::StrCat(
          text.empty() ? "" : ", ", step.at("actor").get<int>(), " ",
          step.at("act").get<std::string>(), "s ", step.at("other").get<int>());
    }
    return text;
  }

  LogBuilder b_;
  nlohmann::json sites_;
  const std::string log_ =
      absl::StrCat(::testing::TempDir(), "/fork_join.", getpid(), ".log");
};

TEST_F(ForkJoinTest, AStartIsNamed) {
  Takes(1, 1, 2);
  Start(2);
  Takes(2, 2, 1);
  Join(2);
  const auto finding = Finding();
  EXPECT_EQ(finding.at("reason"), "fork-join");
  EXPECT_EQ(Acts(finding), "0 starts 1");
  EXPECT_THAT(finding.at("why").get<std::string>(),
              HasSubstr("A1 (main) comes before A2, for A1 (main) "
                        "starts A2 only after that"));
}

TEST_F(ForkJoinTest, AJoinIsNamedWithItsPlace) {
  Start(2);
  Takes(2, 2, 1);
  Join(2);
  Takes(1, 1, 2);
  const auto finding = Finding();
  EXPECT_EQ(Acts(finding), "0 joins 1");
  const size_t site = finding.at("ordered_by").at(0).at("site");
  EXPECT_EQ(sites_.at(site).at("where").at("line"), 40);
  EXPECT_THAT(finding.at("why").get<std::string>(),
              HasSubstr("joins A2 (main main.cc:40) before that"));
}

TEST_F(ForkJoinTest, AJoinBeforeAStartIsNamed) {
  Start(2);
  Takes(2, 2, 1);
  Join(2);
  Start(3);
  Takes(3, 1, 2);
  Join(3);
  const auto finding = Finding();
  EXPECT_EQ(Acts(finding), "0 joins 1, 0 starts 2");
  EXPECT_THAT(finding.at("why").get<std::string>(),
              AllOf(HasSubstr("A2 comes before A3, for A1 (main) joins A2"),
                    HasSubstr("(main main.cc:40), then starts A3")));
}

TEST_F(ForkJoinTest, OfOtherReasonsNothingIsNamed) {
  Start(2);
  Takes(2, 1, 2);
  Takes(2, 2, 1);
  Join(2);
  const auto finding = Finding();
  EXPECT_EQ(finding.at("reason"), "one-actor");
  EXPECT_EQ(Acts(finding), "");
}

}  // namespace
}  // namespace lockcheck::tools::testing
