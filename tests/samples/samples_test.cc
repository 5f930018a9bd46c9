// Every sample tells the story it promises: its log yields the finding that
// samples/README.md shows.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/samples/readme.h"
#include "tests/samples/recorded_sample.h"

namespace lockcheck::samples::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// How often `text` stands in `all`.
size_t Count(const std::string& all, const std::string& text) {
  size_t n = 0;
  for (size_t at = 0; (at = all.find(text, at)) != std::string::npos;
       at += text.size()) {
    ++n;
  }
  return n;
}

// The part has both its sites, in `function` of `file`, the hold above the
// request.
void ExpectSites(const Json& part, const std::string& function,
                 const std::string& file) {
  ASSERT_FALSE(part["holds"].empty());
  const Json& hold = part["holds"][0];
  ASSERT_EQ(part["wants"].size(), 1u);
  const Json& want = part["wants"][0];
  EXPECT_EQ(FunctionOf(hold), function);
  EXPECT_EQ(FunctionOf(want), function);
  EXPECT_EQ(FileOf(hold), file);
  EXPECT_EQ(FileOf(want), file);
  EXPECT_GT(LineOf(hold), 0);
  EXPECT_LT(LineOf(hold), LineOf(want));
}

const Json* ClassNamed(const Json& report, const std::string& name) {
  for (const Json& row : report["classes"]) {
    if (row["class"] == name) return &row;
  }
  return nullptr;
}

TEST(Philosophers, WhoAllEatLeaveACycleOfFiveForks) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("philosophers"), 0);
  EXPECT_EQ(Count(sample.Output(), "eats"), 5u);

  const Json report = sample.Analyze();
  EXPECT_EQ(sample.status, 1);
  ASSERT_EQ(report["findings"].size(), 1u);
  const Json& finding = report["findings"][0];
  EXPECT_EQ(finding["verdict"], "confirmed");
  EXPECT_EQ(finding["rule"], "lock-order");
  EXPECT_THAT(
      ObjectsOf(report, finding),
      UnorderedElementsAre("fork 0", "fork 1", "fork 2", "fork 3", "fork 4"));
  EXPECT_EQ(finding["actors"].size(), 5u);
  for (const Json& part : finding["actors"]) {
    ExpectSites(part, "Eat", "philosophers.cc");
  }
}

class HangingPhilosophers : public ::testing::Test {
 protected:
  // Looks at the log of the running program until all five are stuck.
  void SetUp() override {
    sample_.Start("philosophers", {"--hang"});
    ASSERT_TRUE(sample_.AwaitStuck(5));
  }

  static void ExpectActual(const Json& report) {
    EXPECT_EQ(report["summary"]["actual"], 1);
    const Json& finding = report["findings"].at(0);
    EXPECT_EQ(finding["verdict"], "actual");
    EXPECT_EQ(finding["rule"], "wait-for");
    EXPECT_THAT(
        ObjectsOf(report, finding),
        UnorderedElementsAre("fork 0", "fork 1", "fork 2", "fork 3", "fork 4"));
    std::set<int> actors;
    for (const Json& part : finding["actors"]) {
      actors.insert(part["actor"].get<int>());
    }
    EXPECT_EQ(actors.size(), 5u);
    for (const Json& part : finding["actors"]) {
      ExpectSites(part, "Eat", "philosophers.cc");
    }
  }

  RecordedSample sample_;
};

TEST_F(HangingPhilosophers, AreAnActualDeadlockWhileTheyHang) {
  ExpectActual(sample_.Analyze());
  EXPECT_EQ(sample_.status, 1);
}

TEST_F(HangingPhilosophers, AreAnActualDeadlockAfterKillNine) {
  sample_.Kill();
  ExpectActual(sample_.Analyze());
  EXPECT_EQ(sample_.status, 1);
}

TEST_F(HangingPhilosophers, ShowWhoWaitsForWhomInStatus) {
  sample_.Kill();
  const std::string status = sample_.Status();
  for (const char* seat : {"0", "1", "2", "3", "4"}) {
    EXPECT_THAT(status, HasSubstr(std::string("philosopher ") + seat));
    EXPECT_THAT(status, HasSubstr(std::string("fork ") + seat));
  }
  EXPECT_THAT(status, HasSubstr("Eat"));
}

TEST_F(HangingPhilosophers, AreShownInTheReadmeAsTheCommandPrintsThem) {
  sample_.Kill();
  EXPECT_EQ(Unchanging(sample_.Status()),
            Unchanging(Shown("lockcheck status hang.log")));
  const std::string shown = Shown("lockcheck analyze hang.log");
  const std::string printed = sample_.Text();
  EXPECT_EQ(Unchanging(UpTo(printed, "[1]")), Unchanging(UpTo(shown, "[1]")));
  EXPECT_EQ(Unchanging(UpTo(From(printed, "WAITS AT"), "\nLOCKS")),
            Unchanging(From(shown, "WAITS AT")));
}

TEST(BankTransfer, InBothDirectionsMayDeadlock) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("bank_transfer"), 0);
  const Json report = sample.Analyze();
  EXPECT_EQ(sample.status, 1);
  ASSERT_EQ(report["findings"].size(), 1u);
  const Json& finding = report["findings"][0];
  EXPECT_EQ(finding["verdict"], "confirmed");
  EXPECT_THAT(ObjectsOf(report, finding),
              UnorderedElementsAre("tenant's account", "landlord's account"));
  EXPECT_EQ(finding["actors"].size(), 2u);
  for (const Json& part : finding["actors"]) {
    const std::string held =
        report["objects"][part["holds"][0]["object"].get<size_t>()]["name"];
    ExpectSites(part, held == "tenant's account" ? "PayRent" : "RefundHeating",
                "bank_transfer.cc");
  }
}

TEST(BankTransfer, FixedByScopedLockHasNoFinding) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("bank_transfer", {"--fixed"}), 0);
  const Json report = sample.Analyze({"--all"});
  EXPECT_EQ(sample.status, 0);
  EXPECT_TRUE(report["findings"].empty());
  const Json* tenant = ClassNamed(report, "tenant's account");
  ASSERT_NE(tenant, nullptr);
  EXPECT_EQ((*tenant)["usage"]["acquisitions"], 2);
}

TEST(GateLock, RefutesTheCycleItGuards) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("gate_lock"), 0);
  const Json report = sample.Analyze();
  EXPECT_EQ(sample.status, 0);
  ASSERT_EQ(report["findings"].size(), 1u);
  const Json& finding = report["findings"][0];
  EXPECT_EQ(finding["verdict"], "refuted");
  EXPECT_EQ(finding["reason"], "gate");
  EXPECT_EQ(report["objects"][finding["gate"].get<size_t>()]["name"],
            "day book");
  EXPECT_THAT(ObjectsOf(report, finding),
              UnorderedElementsAre("orders", "stock"));
  sample.Analyze({"--policy", "order"});
  EXPECT_EQ(sample.status, 1);
}

TEST(FlagOrder, RefutesWhatTheFlagKeepsApart) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("flag_order"), 0);
  const Json report = sample.Analyze();
  EXPECT_EQ(sample.status, 0);
  ASSERT_EQ(report["findings"].size(), 1u);
  EXPECT_EQ(report["findings"][0]["verdict"], "refuted");
  EXPECT_EQ(report["findings"][0]["reason"], "history");
  EXPECT_NE(report["findings"][0]["why"].get<std::string>().find(
                "as long as each read of closed finds the same write"),
            std::string::npos);
}

TEST(FlagOrder, ConfirmsItIfTheFlagIsUnseen) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("flag_order", {"--unseen"}), 0);
  const Json report = sample.Analyze();
  EXPECT_EQ(sample.status, 1);
  ASSERT_EQ(report["findings"].size(), 1u);
  EXPECT_EQ(report["findings"][0]["verdict"], "confirmed");
}

TEST(SharedCounter, UnderItsLockCountsEveryIncrement) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("shared_counter"), 0);
  EXPECT_EQ(sample.Output(), "200000 of 200000 increments counted\n");
  const Json report = sample.Analyze();
  EXPECT_EQ(sample.status, 0);
  EXPECT_TRUE(report["findings"].empty());
  const Json* counter = ClassNamed(report, "counter");
  ASSERT_NE(counter, nullptr);
  EXPECT_EQ((*counter)["usage"]["acquisitions"], 200'000);
}

TEST(SharedCounter, WithoutItsLockLosesIncrements) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("shared_counter", {"--unlocked"}), 0);
  const int counted = std::atoi(sample.Output().c_str());
  EXPECT_GT(counted, 0);
  EXPECT_LT(counted, 200'000);
  const Json report = sample.Analyze();
  EXPECT_EQ(sample.status, 0);
  EXPECT_EQ(ClassNamed(report, "counter"), nullptr);
}

TEST(HeldTooLong, IsTheHottestLockAndBlamesTheRebuild) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("held_too_long"), 0);
  const Json report = sample.Analyze();
  EXPECT_EQ(sample.status, 0);
  EXPECT_TRUE(report["findings"].empty());

  // By time waited, which is the default order of the hotspots.
  const Json* hottest = nullptr;
  for (const Json& row : report["classes"]) {
    if (hottest == nullptr || row["usage"]["wait_ns"]["total"] >
                                  (*hottest)["usage"]["wait_ns"]["total"]) {
      hottest = &row;
    }
  }
  ASSERT_NE(hottest, nullptr);
  EXPECT_EQ((*hottest)["class"], "price list");

  ASSERT_FALSE(report["blame"].empty());
  const Json& blame = report["blame"][0];
  EXPECT_EQ(report["classes"][blame["class"].get<size_t>()]["class"],
            "price list");
  const Json& holder = report["sites"][blame["holder_site"].get<size_t>()];
  EXPECT_THAT(holder["where"]["function"].get<std::string>(),
              HasSubstr("RebuildPriceList"));
  const Json& waiter = report["sites"][blame["waiter_site"].get<size_t>()];
  EXPECT_THAT(waiter["where"]["function"].get<std::string>(),
              HasSubstr("LookUpPrice"));
}

TEST(HeldTooLong, TopsTheHotspotTable) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("held_too_long"), 0);
  const std::string text =
      tools::testing::RunCommand({"analyze", sample.Log()}).out;
  const size_t price_list = text.find("price list");
  const size_t count = text.find("look-up count");
  ASSERT_NE(price_list, std::string::npos) << text;
  EXPECT_LT(price_list, count) << text;
}

TEST(LostWakeup, IsSaidOnceNobodyIsLeftToNotify) {
  RecordedSample sample;
  sample.Start("lost_wakeup");
  ASSERT_TRUE(sample.AwaitStuck(2));
  sample.Kill();
  const Json report = sample.Analyze();
  EXPECT_EQ(sample.status, 1);
  ASSERT_EQ(report["findings"].size(), 2u);
  // Main joins who waits for ever; the second one says why he does.
  EXPECT_EQ(report["findings"][0]["rule"], "communication");
  const Json& finding = report["findings"][1];
  EXPECT_EQ(finding["kind"], "hazard");
  EXPECT_EQ(finding["rule"], "lost-wakeup");
  EXPECT_THAT(ObjectsOf(report, finding),
              UnorderedElementsAre("bread is baked"));
  ASSERT_EQ(finding["actors"].size(), 2u);
  EXPECT_EQ(FunctionOf(finding["actors"][0]["wants"][0]), "Eat");
  EXPECT_EQ(FunctionOf(finding["actors"][1]["wants"][0]), "Bake");
}

TEST(LostWakeup, FixedByAPredicateHasNoFinding) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("lost_wakeup", {"--fixed"}), 0);
  EXPECT_EQ(sample.Output(), "bread\n");
  EXPECT_TRUE(sample.Analyze({"--all"})["findings"].empty());
  EXPECT_EQ(sample.status, 0);
}

TEST(RecursiveRead, IsAHazardWhereOthersWrite) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("recursive_read"), 0);
  const Json report = sample.Analyze({"--fail-on", "hazard"});
  EXPECT_EQ(sample.status, 1);
  ASSERT_EQ(report["findings"].size(), 1u);
  const Json& finding = report["findings"][0];
  EXPECT_EQ(finding["rule"], "recursive-read");
  EXPECT_EQ(finding["assumes"].size(), 1u);
  const Json& reader = finding["actors"].at(0);
  EXPECT_EQ(FunctionOf(reader["holds"][0]), "Print");
  EXPECT_EQ(FunctionOf(reader["wants"][0]), "Arrival");
  EXPECT_EQ(FunctionOf(finding["actors"].at(1)["wants"][0]), "Delay");
}

TEST(RecursiveRead, FixedByReadingOnceHasNoFinding) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("recursive_read", {"--fixed"}), 0);
  EXPECT_TRUE(sample.Analyze({"--all"})["findings"].empty());
}

TEST(DeclaredOrder, WhoBreaksItIsToldThoughNobodyKeepsIt) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("declared_order"), 0);
  const Json report = sample.Analyze();
  EXPECT_EQ(sample.status, 1);
  ASSERT_EQ(report["findings"].size(), 1u);
  const Json& finding = report["findings"][0];
  EXPECT_EQ(finding["rule"], "declared-order");
  const Json& part = finding["actors"].at(0);
  EXPECT_EQ(FunctionOf(part["holds"][0]), "Compact");
  EXPECT_EQ(FunctionOf(part["wants"][0]), "Compact");
  const size_t site = finding["declared"].at(0)["site"];
  EXPECT_EQ(report["sites"].at(site)["where"]["function"], "DeclareOrder");
}

TEST(DeclaredOrder, FixedByKeepingItHasNoFinding) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("declared_order", {"--fixed"}), 0);
  EXPECT_TRUE(sample.Analyze({"--all"})["findings"].empty());
}

TEST(ReaderWriterInversion, MayDeadlock) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("reader_writer_inversion"), 0);
  const Json report = sample.Analyze();
  EXPECT_EQ(sample.status, 1);
  ASSERT_EQ(report["findings"].size(), 1u);
  const Json& finding = report["findings"][0];
  EXPECT_EQ(finding["verdict"], "confirmed");
  EXPECT_THAT(ObjectsOf(report, finding),
              UnorderedElementsAre("prices", "stock"));
  for (const Json& part : finding["actors"]) {
    EXPECT_EQ(part["holds"][0]["mode"], "shared");
  }
}

TEST(ProducerConsumer, HasNoFindingAndCountsItsSignals) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("producer_consumer"), 0);
  EXPECT_EQ(sample.Output(), "1000 loaves sold\n");
  EXPECT_TRUE(sample.Analyze({"--all"})["findings"].empty());
  EXPECT_EQ(sample.status, 0);
}

}  // namespace
}  // namespace lockcheck::samples::testing
