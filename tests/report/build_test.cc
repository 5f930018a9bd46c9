// From indices to words: names of locks and classes, sites without wrappers,
// findings and statistics merged.
#include "lib/report/build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/report/naming.h"
#include "tests/log/log_builder.h"

namespace lockcheck::report {
namespace {

using analysis::Finding;
using analysis::Hold;
using analysis::Part;
using log::BeginHow;
using log::PackFrame;
using model::ObjectKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Address -> what stands there, as the symbolizer would say.
using Code = std::map<uint64_t, std::vector<symbolize::SourceFrame>>;

class BuildTest : public ::testing::Test {
 protected:
  BuildTest() {
    log_.NsPerTick(1.0).At(0).Process(1).Actor(1, BeginHow::kMain);
    log_.Module(1, "/usr/bin/bank");
  }

  // Opens what `log_` says; everything else is made by hand.
  void Open() {
    const std::string path = ::testing::TempDir() + "/build_test." +
                             std::to_string(getpid()) + ".log";
    log_.Exit(1).Write(path);
    auto opened = log::Recording::Open(path);
    std::remove(path.c_str());
    ASSERT_TRUE(opened.ok()) << opened.status();
    recording_ = *std::move(opened);
    observations_.recording = recording_.get();
    observations_.object_count = recording_->objects.size();
    observations_.actor_count = recording_->actors.size();
    observations_.end.resize(observations_.actor_count);
    statistics_.objects.resize(observations_.object_count);
    statistics_.sites.resize(recording_->sites.size());
    statistics_.actors.resize(observations_.actor_count);
    statistics_.duration_ns = 1e9;
  }
  uint32_t Object(uint32_t id) { return recording_->FindObject(0, id); }
  uint32_t Site(uint32_t id) { return recording_->FindSite(id); }

  void AddInversion(uint32_t a, uint32_t b, uint32_t site_a, uint32_t site_b) {
    Finding finding;
    finding.verdict = analysis::Verdict::kPossible;
    finding.objects = {Object(b), Object(a)};
    for (const auto& [holds, wants, site] :
         {std::tuple{a, b, site_a}, std::tuple{b, a, site_b}}) {
      Part part;
      part.actor = 0;
      part.holds = {Hold{Object(holds), model::Mode::kExclusive, Site(site)}};
      part.wants = Object(wants);
      part.site = Site(site);
      part.count = 1;
      finding.parts.push_back(part);
    }
    findings_.findings.push_back(finding);
  }

  Report Built() {
    return Build({*recording_, observations_, findings_, statistics_,
                  [this](const log::Frame& frame, bool) {
                    symbolize::SymbolizedFrame found;
                    found.module = "bank";
                    found.offset = frame.offset;
                    found.frames = code_[frame.offset];
                    return found;
                  },
                  [this](const log::Frame& frame) {
                    return variables_[{frame.module, frame.offset}];
                  }});
  }
  std::vector<std::string> ClassNames(const Report& report) {
    std::vector<std::string> names;
    for (const ClassRow& row : report.classes) names.push_back(row.name);
    return names;
  }

  log::testing::LogBuilder log_;
  Code code_;
  std::map<std::pair<uint32_t, uint64_t>, std::string> variables_;
  std::unique_ptr<log::Recording> recording_;
  analysis::Observations observations_;
  analysis::Findings findings_;
  analysis::Statistics statistics_;
};

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

TEST_F(BuildTest, InstancesAreNumberedAndTheirUsageAddedUp) {
  log_.Object(1, ObjectKind::kMutex, "fork")
      .Object(2, ObjectKind::kMutex, "fork");
  log_.Site(8, {PackFrame(1, 0x10)});
  Open();
  statistics_.objects[Object(1)].acquisitions = 3;
  statistics_.objects[Object(1)].max_waiters = 4;
  statistics_.objects[Object(2)].acquisitions = 5;
  statistics_.objects[Object(2)].wait.Add(1000);
  AddInversion(1, 2, 8, 8);
  const Report report = Built();
  ASSERT_EQ(report.classes.size(), 1u);
  EXPECT_EQ(report.classes[0].instances, 2u);
  EXPECT_EQ(report.classes[0].usage.acquisitions, 8u);
  EXPECT_EQ(report.classes[0].usage.max_waiters, 4u);
  EXPECT_EQ(report.classes[0].usage.wait.total, 1000);
  EXPECT_THAT(report.findings[0].message,
              HasSubstr("holds fork #1 and asks for fork #2"));
}

// After a fork each process has a copy of a lock, which its users call one.
TEST_F(BuildTest, CopiesOfALockThatAForkMadeAreOneLock) {
  log_.Object(1, ObjectKind::kMutex, "cash").Site(8, {PackFrame(1, 0x10)});
  log_.Section(1, 1, 8).Fork(1, 2).Process(2, {.parent = 1});
  log_.Actor(2, BeginHow::kForkChild, {.parent = 1}).Section(2, 1, 8).Exit(2);
  Open();
  ASSERT_EQ(recording_->objects.size(), 2u);
  for (auto& object : statistics_.objects) {
    object.acquisitions = 3;
    object.actors = 2;
  }
  const Report report = Built();
  ASSERT_EQ(report.classes.size(), 1u);
  EXPECT_EQ(report.classes[0].instances, 1u);
  EXPECT_EQ(report.classes[0].processes, 2u);
  EXPECT_EQ(report.classes[0].usage.actors, 4u);
  EXPECT_EQ(ClassLabel(report.classes[0]), "cash (in 2 processes)");
}

TEST_F(BuildTest, TheRunLastsAsLongAsItsMomentsCount) {
  Open();
  statistics_.end_ns = 1.5e9;  // the first stamp came 0.5 s after the start
  EXPECT_EQ(Built().duration_ns, 1.5e9);
}

TEST_F(BuildTest, LocksWithoutAMeasuredHoldCountInTheTotalOfTheirClass) {
  log_.Object(1, ObjectKind::kMutex, "fork")
      .Object(2, ObjectKind::kMutex, "fork");
  Open();
  statistics_.objects[Object(1)].acquisitions = 10;
  statistics_.objects[Object(1)].hold.Add(100);
  statistics_.objects[Object(2)].acquisitions = 30;
  const Times hold = Built().classes[0].usage.hold;
  EXPECT_EQ(hold.n, 1u);
  EXPECT_EQ(hold.total, 40 * 100);
  EXPECT_GT(hold.error, 0);
}

TEST_F(BuildTest, TheHoldTotalOfAClassIsTheSumOverItsSites) {
  log_.Object(1, ObjectKind::kMutex, "cash");
  log_.Site(8, {PackFrame(1, 0x10)}).Site(9, {PackFrame(1, 0x20)});
  Open();
  analysis::ObjectUsage& lock = statistics_.objects[Object(1)];
  lock.acquisitions = 1000;
  for (const auto& [site, acquisitions, ns] :
       {std::tuple{8u, 990ull, 50ull}, std::tuple{9u, 10ull, 5000ull}}) {
    statistics_.sites[Site(site)].acquisitions = acquisitions;
    statistics_.sites[Site(site)].hold.Add(ns);
    lock.hold.Add(ns);
    statistics_.shares.push_back({Object(1), Site(site), acquisitions});
  }
  const Times hold = Built().classes[0].usage.hold;
  EXPECT_EQ(hold.total, 990 * 50 + 10 * 5000);
  EXPECT_EQ(hold.mean, hold.total / 1000);
}

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

TEST_F(BuildTest, FindingsThatDifferInInstancesOnlyAreOne) {
  for (uint32_t id = 1; id <= 4; ++id) {
    log_.Object(id, ObjectKind::kMutex, "account");
  }
  log_.Site(8, {PackFrame(1, 0x10)});
  code_[0x10] = {{"Bank::Transfer", "bank.cc", 4, false}};
  Open();
  AddInversion(1, 2, 8, 8);
  AddInversion(3, 4, 8, 8);
  const Report report = Built();
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].count, 2u);
  EXPECT_THAT(report.findings[0].advice, HasSubstr("several account"));
}

TEST_F(BuildTest, EdgesBetweenInstancesOfOneClassAreNoCycleByThemselves) {
  log_.Object(1, ObjectKind::kMutex, "node")
      .Object(2, ObjectKind::kMutex, "node");
  Open();
  analysis::Dependency parent_then_child;
  parent_then_child.actor = 0;
  parent_then_child.lock = Object(2);
  parent_then_child.held = {Hold{Object(1)}};
  parent_then_child.count = 9;
  observations_.dependencies = {parent_then_child};
  Report report = Built();
  ASSERT_EQ(report.edges.size(), 1u);
  EXPECT_EQ(report.edges[0].count, 9u);
  EXPECT_FALSE(report.edges[0].in_cycle);
  analysis::Dependency back = parent_then_child;
  back.lock = Object(1);
  back.held = {Hold{Object(2)}};
  observations_.dependencies.push_back(back);
  EXPECT_TRUE(Built().edges[0].in_cycle);
}

TEST_F(BuildTest, NamesCannotMoveTheCursor) {
  log_.Object(1, ObjectKind::kMutex, "a\033[2Jb\n");
  Open();
  EXPECT_THAT(ClassNames(Built()), ElementsAre("a\\x1b[2Jb\\x0a"));
}

TEST_F(BuildTest, IndicesOutOfRangeAreNotKnown) {
  Open();
  Finding finding;
  finding.verdict = analysis::Verdict::kPossible;
  finding.objects = {4711, analysis::kNone};
  Part part;
  part.actor = 99;
  part.wants = 4711;
  part.site = 12345;
  part.stack = 999;
  part.holds = {Hold{}};
  finding.parts = {part};
  findings_.findings = {finding};
  const Report report = Built();
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_THAT(report.findings[0].message,
              HasSubstr("a lock that is not known"));
  EXPECT_THAT(report.findings[0].parts[0].wants->stack, IsEmpty());
}

}  // namespace
}  // namespace lockcheck::report
