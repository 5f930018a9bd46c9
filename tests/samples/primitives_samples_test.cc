// The samples of semaphores, events, latches, barriers, queues, pools, futures,
// call_once(), recursive locks and waits for the outside: what each prints,
// what its log has, and what is said of those that hang.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/samples/readme.h"
#include "tests/samples/recorded_sample.h"

namespace lockcheck::samples::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

// `command` is the sample and its arguments, as typed.
void Start(RecordedSample& sample, const std::string& command) {
  std::istringstream words(command);
  std::string name;
  words >> name;
  sample.Start(name, {std::istream_iterator<std::string>(words), {}});
}

std::string DumpOf(const RecordedSample& sample) {
  return tools::testing::RunCommand({"dump", sample.Log()}).out;
}

// All that stands in `text` for the first group of `pattern`.
std::vector<std::string> AllOf(const std::string& text,
                               const std::string& pattern) {
  const std::regex regex(pattern);
  return {std::sregex_token_iterator(text.begin(), text.end(), regex, 1),
          std::sregex_token_iterator()};
}

class Safe : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(
    Samples, Safe,
    ::testing::Values("rlock_reentry", "semaphore_limit", "event_signals gun",
                      "event_signals light", "queue_workers", "pool_of_four",
                      "sync_and_async", "semaphore_and_mutex --fixed",
                      "event_under_lock --fixed", "future_under_lock --fixed",
                      "barrier_and_lock --fixed", "join_under_lock --fixed",
                      "io_under_lock --fixed", "service_startup --fixed",
                      "once_and_lock --fixed", "semaphore_order --fixed",
                      "barrier_phases", "coroutine_abba --fixed",
                      "cross_process_deadlock --fixed",
                      "process_queue --fixed"),
    [](const ::testing::TestParamInfo<std::string>& info) {
      return std::regex_replace(info.param, std::regex("[^a-z]+"), "_");
    });

TEST_P(Safe, PrintsWhatTheReadmeShowsAndHasNoFinding) {
  RecordedSample sample;
  Start(sample, GetParam());
  ASSERT_EQ(sample.Wait(), 0);
  const std::string shown = Shown(GetParam());
  EXPECT_EQ(sample.Output(), shown.substr(0, shown.find("$ ")));
  const Json report =
      sample.Analyze({"--all", "--fail-on", "deadlock,misuse,hazard"});
  EXPECT_EQ(sample.status, 0);
  EXPECT_TRUE(report["findings"].empty()) << report["findings"];
}

// Objects of one name are numbered as threads happen to come to them.
std::vector<std::string> Unnumbered(const std::set<std::string>& names) {
  std::vector<std::string> without;
  for (const std::string& name : names) {
    without.push_back(std::regex_replace(name, std::regex(" #[0-9]+"), ""));
  }
  return without;
}

// Of the first finding: who waits for whom.
std::string Sentence(const std::string& report) {
  const std::string finding = From(report, "\n[1] ");
  return Unchanging(UpTo(From(finding, "\n    "), "\n\n"));
}

struct Hanging {
  std::string command;
  size_t stuck;
  std::string rule;
  std::vector<std::string> objects;
  std::string shown;  // the command whose report the README shows
};
void PrintTo(const Hanging& hanging, std::ostream* out) {
  *out << hanging.command;
}

std::vector<Hanging> AllThatHang() {
  const std::string rule = "communication";
  return {{"rlock_reentry --plain",
           1,
           "self",
           {"account"},
           "timeout -s KILL 2 rlock_reentry --plain"},
          {"queue_workers --deadlock",
           3,
           rule,
           {"to bob (room)", "to ann (room)", "the end of A2 (ann)"},
           "lockcheck analyze dead.log"},
          {"pool_of_four --starved",
           3,
           rule,
           {"pool (future)"},
           "lockcheck analyze starved.log"},
          {"semaphore_and_mutex",
           3,
           rule,
           {"parcels", "shop", "the end of A2"},
           "lockcheck analyze parcels.log"},
          {"event_under_lock",
           3,
           rule,
           {"settings are loaded", "settings", "the end of A2"},
           "lockcheck analyze settings.log"},
          {"future_under_lock",
           3,
           rule,
           {"sum", "ledger", "the end of A2"},
           "lockcheck analyze ledger.log"}};
}

class Hangs : public ::testing::TestWithParam<Hanging> {};
INSTANTIATE_TEST_SUITE_P(Samples, Hangs, ::testing::ValuesIn(AllThatHang()),
                         [](const ::testing::TestParamInfo<Hanging>& info) {
                           return std::regex_replace(
                               info.param.command, std::regex("[^a-z]+"), "_");
                         });

TEST_P(Hangs, AndIsOneActualDeadlockOfWhatTheReadmeShows) {
  RecordedSample sample;
  Start(sample, GetParam().command);
  ASSERT_TRUE(sample.AwaitStuck(GetParam().stuck));
  sample.Kill();
  const Json report = sample.Analyze();
  EXPECT_EQ(sample.status, 1);
  EXPECT_EQ(report["summary"]["actual"], 1);
  ASSERT_EQ(report["findings"].size(), 1u);
  const Json& finding = report["findings"][0];
  EXPECT_EQ(finding["verdict"], "actual");
  EXPECT_EQ(finding["rule"], GetParam().rule);
  EXPECT_THAT(Unnumbered(ObjectsOf(report, finding)),
              ::testing::UnorderedElementsAreArray(GetParam().objects));
  EXPECT_EQ(Sentence(sample.Text()), Sentence(Shown(GetParam().shown)));
}

struct Lucky {
  std::string command;
  Json verdict;
  std::string rule;
  std::vector<std::string> objects;
  std::string shown;  // the command whose report the README shows
};
void PrintTo(const Lucky& lucky, std::ostream* out) { *out << lucky.command; }

std::vector<Lucky> AllThatAreLucky() {
  return {{"barrier_and_lock",
           "confirmed",
           "communication",
           {"step", "grid"},
           "lockcheck analyze meet.log"},
          {"join_under_lock",
           "confirmed",
           "lock-order",
           {"results", "the end of A2"},
           "lockcheck analyze search.log"},
          {"io_under_lock",
           nullptr,
           "blocking-call",
           {"cache"},
           "lockcheck analyze reply.log"},
          {"service_startup",
           "confirmed",
           "communication",
           {"registry", "start-up"},
           "lockcheck analyze startup.log"},
          {"once_and_lock",
           "confirmed",
           "lock-order",
           {"log", "settings"},
           "lockcheck analyze once.log"},
          {"semaphore_order",
           "confirmed",
           "lock-order",
           {"printer", "scanner"},
           "lockcheck analyze copies.log"},
          {"cross_process_deadlock",
           "possible",
           "lock-order",
           {"checking", "savings"},
           "lockcheck analyze bank.log"},
          {"process_queue",
           "possible",
           "communication",
           {"till", "board (room)"},
           "lockcheck analyze board.log"},
          {"gil_inversion",
           "confirmed",
           "lock-order",
           {"gil", "table"},
           "lockcheck analyze extension.log"}};
}

class EndsByLuck : public ::testing::TestWithParam<Lucky> {};
INSTANTIATE_TEST_SUITE_P(Samples, EndsByLuck,
                         ::testing::ValuesIn(AllThatAreLucky()),
                         [](const ::testing::TestParamInfo<Lucky>& info) {
                           return info.param.command;
                         });

TEST_P(EndsByLuck, AndTheLogShowsThatItNeedNot) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run(GetParam().command), 0);
  const Json report = sample.Analyze({"--fail-on", "deadlock,misuse,hazard"});
  EXPECT_EQ(sample.status, 1);
  ASSERT_EQ(report["findings"].size(), 1u);
  const Json& finding = report["findings"][0];
  EXPECT_EQ(finding["verdict"], GetParam().verdict);
  EXPECT_EQ(finding["rule"], GetParam().rule);
  EXPECT_THAT(ObjectsOf(report, finding),
              ::testing::UnorderedElementsAreArray(GetParam().objects));
  EXPECT_EQ(Sentence(sample.Text()), Sentence(Shown(GetParam().shown)));
}

TEST(CoroutineAbba, EndsWithBothSuspendedAndTheLogSaysSo) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("coroutine_abba"), 0);
  const std::string shown =
      Shown("LOCKCHECK_OPTIONS=log=transfers.log coroutine_abba");
  EXPECT_EQ(sample.Output(), shown.substr(0, shown.find("$ ")));
  const Json report = sample.Analyze();
  EXPECT_EQ(sample.status, 1);
  ASSERT_EQ(report["findings"].size(), 1u);
  EXPECT_EQ(report["findings"][0]["verdict"], "actual");
  EXPECT_EQ(
      Unchanging(UpTo(From(sample.Text(), "    A2 rent"), "    why")),
      Unchanging(UpTo(From(From(shown, "[1] "), "    A2 rent"), "    why")));
  EXPECT_EQ(Sentence(sample.Text()),
            Sentence(Shown("lockcheck analyze transfers.log")));
}

TEST(SemaphoreLimit, GuestsWaitForASeatWhileAllAreTaken) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("semaphore_limit"), 0);
  const Json report = sample.Analyze();
  ASSERT_EQ(report["classes"].size(), 1u);
  const Json& seats = report["classes"][0];
  EXPECT_EQ(seats["permits"]["begins_with"], 3);
  EXPECT_EQ(seats["permits"]["acquired"], 10);
  EXPECT_EQ(seats["permits"]["all_in_use"], true);
  EXPECT_GT(seats["permits"]["all_in_use_share"], 0.0);
  EXPECT_GT(seats["permits"]["in_use_mean"], 0.0);
  EXPECT_GT(seats["usage"]["contended"], 0);
  // They wait for those who sit.
  for (const Json& pair : report["blame"]) {
    EXPECT_EQ(pair["holder_site"], pair["waiter_site"]);
  }
}

// Who arrives last has nobody to wait for.
TEST(BarrierPhases, TheOneWithMostToDoWaitsForNobodyAndLetsTheOthersGoOn) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("barrier_phases"), 0);
  const Json report = sample.Analyze();
  std::map<std::string, int> waits;
  for (const Json& actor : report["actors"]) {
    waits[actor["name"]] = actor["usage"]["signal_waits"];
  }
  EXPECT_GT(waits.at("left"), 0);
  EXPECT_GT(waits.at("middle"), 0);
  EXPECT_EQ(waits.at("right"), 0);
  ASSERT_EQ(report["classes"].size(), 1u);
  const Json& phase = report["classes"][0]["usage"];
  EXPECT_EQ(phase["posts"], 150);
  EXPECT_GE(phase["woke_nobody"], 100);
  EXPECT_LT(phase["woke_nobody"], 150);
  const std::string lasts =
      tools::testing::RunCommand({"dump", sample.Log(), "--actor", "4"}).out;
  EXPECT_EQ(AllOf(lasts, "( arrive barrier .*, then 0)\n").size(), 50u);
  EXPECT_EQ(AllOf(lasts, "( complete barrier .* woken )").size(), 50u);
}

TEST(BarrierPhases, AreShownInTheReadmeAsTheCommandPrintsThem) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("barrier_phases"), 0);
  const std::string shown = Shown("lockcheck analyze phases.log");
  const std::string printed = sample.Text();
  EXPECT_EQ(Unchanging(UpTo(From(printed, "SIGNALS"), "\n\n")),
            Unchanging(UpTo(From(shown, "SIGNALS"), "\n  ...")));
  for (const char* who : {" left ", " middle "}) {
    EXPECT_THAT(From(shown, "ACTORS"), HasSubstr(who));
    EXPECT_THAT(From(printed, "ACTORS"), HasSubstr(who));
  }
  EXPECT_THAT(From(printed, "ACTORS"), Not(HasSubstr(" right ")));
}

// A story without what is said of it is half a story.
TEST(Readme, ShowsAReportOfEachSample) {
  std::ifstream file(LOCKCHECK_SOURCE "/samples/README.md");
  std::string section, name;
  const auto check = [&] {
    if (name.empty()) return;
    EXPECT_TRUE(section.find("$ lockcheck analyze ") != section.npos ||
                section.find(" DEADLOCK") != section.npos)
        << name;
  };
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("## ", 0) == 0) {
      check();
      section.clear();
      name = line.substr(3);
    }
    section += line + "\n";
  }
  check();
  EXPECT_FALSE(name.empty());
}

TEST(Readme, HasASectionOfEachProgramInTheFolder) {
  std::ifstream file(LOCKCHECK_SOURCE "/samples/README.md");
  const std::string all{std::istreambuf_iterator<char>(file), {}};
  int programs = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(LOCKCHECK_SOURCE "/samples")) {
    if (entry.path().extension() != ".cc") continue;
    ++programs;
    EXPECT_THAT(all, HasSubstr("\n## " + entry.path().stem().string() + "\n"));
  }
  EXPECT_GT(programs, 0);
}

TEST(RlockReentry, TheLogHasOneAcquisitionForAllLevels) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("rlock_reentry"), 0);
  const Json report = sample.Analyze();
  ASSERT_EQ(report["classes"].size(), 1u);
  // Three transfers of two levels each, and one look.
  EXPECT_EQ(report["classes"][0]["usage"]["acquisitions"], 4);
}

TEST(StartingGun, OneSetIsFoundByAllRunners) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("event_signals", {"gun"}), 0);
  const std::string dump = DumpOf(sample);
  EXPECT_THAT(AllOf(dump, " (set event #[0-9]+ \"starting gun\")").size(), 1u);
  EXPECT_THAT(AllOf(dump, "took event #[0-9]+ \"starting gun\".*act ([0-9]+)"),
              ElementsAre("1", "1", "1", "1", "1"));
}

TEST(TrafficLight, LetsGoWhoWaitedWhenItWasSetAndClearedAtOnce) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("event_signals", {"light"}), 0);
  const std::string dump = DumpOf(sample);
  EXPECT_THAT(
      AllOf(dump, " ((?:set|clear) event #[0-9]+ \"light\").*act [0-9]+")
          .size(),
      4u);
  // Cars 1 and 2 and main's found the first set, car 4 the second.
  EXPECT_THAT(AllOf(dump, "took event #[0-9]+ \"light\".*act ([0-9]+)"),
              UnorderedElementsAre("1", "1", "1", "3"));
}

TEST(QueueWorkers, TheLogHasEveryOrderPutGotAndDone) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("queue_workers"), 0);
  const std::string dump = DumpOf(sample);
  EXPECT_EQ(AllOf(dump, " (put queue #[0-9]+ \"orders\")").size(), 1000u);
  EXPECT_EQ(AllOf(dump, " (took queue #[0-9]+ \"orders\")").size(), 1000u);
}

TEST(PoolOfFour, TheFifthTaskBeginsWithTheSlotThatTheSecondGaveBack) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("pool_of_four"), 0);
  const std::string dump = DumpOf(sample);
  // In the order of the actors, which is that of the tasks.
  const std::vector<std::string> given = AllOf(
      dump, "task done thread_pool #[0-9]+ \"pool \\(slots\\)\".*act ([0-9]+)");
  ASSERT_EQ(given.size(), 5u);
  EXPECT_EQ(given[1], "1");
  // The first four find slots that nobody has had.
  EXPECT_THAT(AllOf(dump,
                    "took thread_pool #[0-9]+ \"pool \\(slots\\)\" at site "
                    "[0-9]+(?:, act ([0-9]+))?"),
              ElementsAre("", "", "", "", given[1]));
}

TEST(CpuAndIo, PrintsFourSpeedUpsAndRecordsTheGilAndTheDevice) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("cpu_and_io"), 0);
  EXPECT_THAT(sample.Output(),
              MatchesRegex("CPU-bound  gil [0-9.]+  no gil [0-9.]+\n"
                           "I/O-bound  gil [0-9.]+  no gil [0-9.]+\n"));
  EXPECT_EQ(Unchanging(sample.Output()), Unchanging(Shown("cpu_and_io")));
  const std::string dump = DumpOf(sample);
  EXPECT_THAT(dump, HasSubstr("acquire gil #"));
  // 10 waits by one thread, 10 by two, thrice; under the gil and without.
  EXPECT_EQ(AllOf(dump, " (waits for [a-z_]+ #[0-9]+ \"device\")").size(),
            120u);
  EXPECT_TRUE(sample.Analyze({"--all"})["findings"].empty());
}

TEST(CpuAndIo, OnOneCoreItUsesNoMoreThanOne) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("cpu_and_io", {"--one-core"}), 0);
  EXPECT_EQ(sample.Output(), "2 threads on 1 processor(s)\n");
  const Json report = sample.Analyze();
  ASSERT_TRUE(report["log"]["cores_used"].is_number()) << report;
  EXPECT_GT(report["log"]["cores_used"], 0.0);
  EXPECT_LT(report["log"]["cores_used"], 1.1);
  // Main waits for two that take turns: concurrent, and not parallel.
  EXPECT_GE(report["log"]["most_runnable"], 2);
}

TEST(CpuAndIo, OnAllCoresAsManyCanRunAndSoManyCoresAreUsedAtMost) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("cpu_and_io", {"--all-cores"}), 0);
  const Json report = sample.Analyze();
  EXPECT_GE(report["log"]["most_runnable"], 2);
  ASSERT_TRUE(report["log"]["cores_used"].is_number()) << report;
  EXPECT_LE(report["log"]["cores_used"],
            report["log"]["most_runnable"].get<double>() * 1.1);
}

TEST(SyncAndAsync, TheLogHasAWaitForEachReplyAndTheOperationsStartAndEnd) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("sync_and_async"), 0);
  const std::string dump = DumpOf(sample);
  EXPECT_EQ(AllOf(dump, " (waits for [a-z_]+ #[0-9]+ \"reply\")").size(), 3u);
  EXPECT_THAT(AllOf(dump, " complete [a-z_]+ #[0-9]+ \"(request [1-3])\""),
              ElementsAre("request 1", "request 2", "request 3"));
}

// What the client did, in its order: both timelines.
TEST(SyncAndAsync, TheClientWaitsAfterEachRequestOrAfterAllOfThem) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("sync_and_async"), 0);
  const std::string dump =
      tools::testing::RunCommand({"dump", sample.Log(), "--actor", "1"}).out;
  EXPECT_THAT(AllOf(dump, " (put|waits for blocking|took async)[ _]"),
              ElementsAre("put", "waits for blocking",  //
                          "put", "waits for blocking",  //
                          "put", "waits for blocking",  //
                          "put", "put", "put",          //
                          "took async", "took async", "took async"));
}

}  // namespace
}  // namespace lockcheck::samples::testing
