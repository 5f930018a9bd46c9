// Processes, their threads and their coroutines in one log, analyzed as one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/tools/stories.h"

namespace lockcheck::tools::testing {
namespace {

using Json = nlohmann::json;

class ManyProcessesTest : public StoriesTest {
 protected:
  ManyProcessesTest() : StoriesTest("many_processes_program") {}

  Json Report() {
    const Finished f = Recorded("");
    EXPECT_EQ(f.out + f.err, "") << f;
    return Json::parse(RunCommand({"analyze", log_, "--json", "-"}).out);
  }
  static const Json* Find(const Json& rows, const char* key,
                          const std::string& value) {
    for (const Json& row : rows) {
      if (row[key] == value) return &row;
    }
    return nullptr;
  }
  static size_t CountKind(const Json& report, const std::string& kind) {
    size_t n = 0;
    for (const Json& actor : report["actors"]) n += actor["kind"] == kind;
    return n;
  }
};

TEST_F(ManyProcessesTest, SixtyFourAreInOneLogWithAllThatTheyDid) {
  const Json report = Report();
  EXPECT_EQ(report["log"]["complete"], true);
  EXPECT_EQ(report["log"]["dropped"], 0);
  std::set<int> pids;
  for (const Json& actor : report["actors"])
    pids.insert(actor["pid"].get<int>());
  EXPECT_EQ(pids.size(), 64u);
  EXPECT_EQ(CountKind(report, "fork-child"), 63u);
  EXPECT_EQ(CountKind(report, "thread"), 63u);
  EXPECT_EQ(CountKind(report, "coroutine"), 2 * 63u);

  const Json* const all = Find(report["classes"], "class", "all");
  ASSERT_NE(all, nullptr);
  EXPECT_EQ((*all)["instances"], 1);
  EXPECT_EQ((*all)["usage"]["acquisitions"], 63 * 20);
  // What each process has for itself is an object of its own in each.
  const Json* const own = Find(report["classes"], "class", "own");
  ASSERT_NE(own, nullptr);
  EXPECT_EQ((*own)["processes"], 63);
  const Json* const awaited = Find(report["classes"], "class", "awaited");
  ASSERT_NE(awaited, nullptr);
  EXPECT_EQ((*awaited)["usage"]["acquisitions"], 2 * 63);
}

TEST_F(ManyProcessesTest, AnInversionOfTwoOfThemIsFoundAndNothingElse) {
  const Json report = Report();
  ASSERT_EQ(report["findings"].size(), 1u) << report["findings"];
  const Json& finding = report["findings"][0];
  EXPECT_EQ(finding["verdict"], "possible");
  EXPECT_EQ(finding["objects"].size(), 2u);
}

}  // namespace
}  // namespace lockcheck::tools::testing
