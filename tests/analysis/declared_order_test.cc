// Locks that are asked for in another order than was declared, and each way in
// which that is none of it.
#include "lib/analysis/declared_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "lib/analysis/statistics.h"
#include "lib/log/declared_order.h"
#include "lib/log/recording.h"
#include "tests/log/log_builder.h"

namespace lockcheck::analysis {
namespace {

using log::BeginHow;
using log::testing::LogBuilder;
using model::How;
using model::Mode;
using model::ObjectKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr uint32_t kA = 1, kB = 2, kC = 3, kD = 4;

// Locks a, b, c and d; two threads of one process.
class DeclaredOrder : public ::testing::Test {
 protected:
  DeclaredOrder() {
    b_.Process(1).Actor(1, BeginHow::kMain).Actor(2, BeginHow::kForeign);
  }
  static char NameOf(uint32_t lock) {
    return static_cast<char>('a' + lock - 1);
  }

  void Before(uint32_t first, uint32_t second, uint32_t site = 20,
              uint32_t actor = 1) {
    b_.In(actor).Name(log::kDeclaredOrderName, first,
                      std::to_string(second) + " " + std::to_string(site));
  }
  void Nested(uint32_t actor, uint32_t outer, uint32_t inner,
              const log::testing::Extras& extras = {}) {
    b_.Open(actor, outer, 8).Section(actor, inner, 9, extras).Close(actor);
  }

  // "a in b: a<c c<b" for each; "a<b b<a" of declarations alone.
  std::vector<std::string> Found() {
    const std::string path = ::testing::TempDir() + "/declared_order." +
                             std::to_string(getpid()) + ".log";
    b_.In(1);
    for (const uint32_t lock : {kA, kB, kC, kD}) {
      b_.Object(lock, kind_, std::string(1, NameOf(lock)));
    }
    b_.Write(path);
    auto opened = log::Recording::Open(path);
    std::remove(path.c_str());
    if (!opened.ok()) {
      ADD_FAILURE() << opened.status();
      return {};
    }
    recording_ = *std::move(opened);
    scanned_ = Scan(*recording_, {});
    result_ = {};
    FindBrokenOrders(scanned_.observations, result_);
    std::vector<std::string> told;
    for (const Finding& finding : result_.findings)
      told.push_back(Told(finding));
    return told;
  }

  LogBuilder b_;
  ObjectKind kind_ = ObjectKind::kMutex;
  std::unique_ptr<log::Recording> recording_;
  ScanResult scanned_;
  Findings result_;

 private:
  std::string Name(ObjectIndex object) const {
    return recording_->objects.at(object).name;
  }
  std::string Told(const Finding& finding) const {
    EXPECT_EQ(finding.kind, Kind::kMisuse);
    EXPECT_EQ(finding.rule, Rule::kDeclaredOrder);
    std::string text;
    for (const Part& part : finding.parts) {
      text = Name(part.wants) + " in " + Name(part.holds.front().object) + ":";
    }
    for (const uint32_t declaration : finding.declared) {
      const log::DeclaredOrder& order =
          recording_->declared_orders[declaration];
      if (!text.empty()) text += " ";
      text += Name(order.first) + "<" + Name(order.second);
    }
    return text;
  }
};

TEST_F(DeclaredOrder, TheOtherOrderBreaksIt) {
  Before(kA, kB);
  Nested(2, kB, kA);
  EXPECT_THAT(Found(), ElementsAre("a in b: a<b"));
  const Part& part = result_.findings[0].parts.at(0);
  EXPECT_EQ(recording_->actors[part.actor].id, 2u);
  EXPECT_EQ(recording_->sites[part.site].id, 9u);
  EXPECT_EQ(recording_->sites[part.holds[0].site].id, 8u);
  EXPECT_EQ(recording_->sites[recording_->declared_orders[0].site].id, 20u);
}

TEST_F(DeclaredOrder, TheDeclaredOneKeepsIt) {
  Before(kA, kB);
  Nested(1, kA, kB);
  Nested(2, kA, kB);
  b_.Section(2, kB, 8).Section(2, kA, 8);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(DeclaredOrder, NothingIsSaidOfLocksThatNobodyTakes) {
  Before(kA, kB);
  Nested(1, kC, kD);
  Nested(1, kD, kC);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(DeclaredOrder, OrdersAddUp) {
  Before(kA, kB);
  Before(kB, kC);
  Nested(1, kC, kA);
  EXPECT_THAT(Found(), ElementsAre("a in c: a<b b<c"));
}

TEST_F(DeclaredOrder, TheShortestWayIsTold) {
  Before(kA, kB);
  Before(kB, kC);
  Before(kC, kD);
  Before(kA, kD);
  Nested(1, kD, kA);
  EXPECT_THAT(Found(), ElementsAre("a in d: a<d"));
}

TEST_F(DeclaredOrder, WhatHasNoOrderMayBeTakenInAny) {
  Before(kA, kB);
  Before(kA, kC);
  Nested(1, kB, kC);
  Nested(1, kC, kB);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(DeclaredOrder, LocksHeldBetweenChangeNothing) {
  Before(kA, kB);
  b_.Open(1, kB, 8).Open(1, kC, 8).Section(1, kA, 9).Close(1).Close(1);
  EXPECT_THAT(Found(), ElementsAre("a in b: a<b"));
}

TEST_F(DeclaredOrder, OfSeveralHeldTheOutermostSaysIt) {
  Before(kA, kB);
  Before(kA, kC);
  b_.Open(1, kC, 8).Open(1, kB, 8).Section(1, kA, 9).Close(1).Close(1);
  EXPECT_THAT(Found(), ElementsAre("a in c: a<c"));
}

TEST_F(DeclaredOrder, WhoGivesUpBreaksNothing) {
  Before(kA, kB);
  Nested(1, kB, kA, {.how = How::kTry});
  Nested(1, kB, kA, {.how = How::kTimed});
  b_.Open(1, kB, 8).TryFailed(1, kA, 9).Close(1);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(DeclaredOrder, WhatATryGotIsHeld) {
  Before(kA, kB);
  b_.Open(1, kB, 8, {.how = How::kTry}).Section(1, kA, 9).Close(1);
  EXPECT_THAT(Found(), ElementsAre("a in b: a<b"));
}

TEST_F(DeclaredOrder, ToTakeThemAtOnceKeepsIt) {
  Before(kA, kB);
  b_.Open(1, kB, 8, {.how = How::kMulti})
      .Section(1, kA, 8, {.how = How::kMulti, .group = 1})
      .Close(1);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(DeclaredOrder, ToTakeThemAtOnceUnderALaterOneBreaksIt) {
  Before(kA, kC);
  b_.Open(1, kC, 8)
      .Open(1, kB, 9, {.how = How::kMulti})
      .Section(1, kA, 9, {.how = How::kMulti, .group = 1})
      .Close(1)
      .Close(1);
  EXPECT_THAT(Found(), ElementsAre("a in c: a<c"));
}

TEST_F(DeclaredOrder, ReadersBreakItToo) {
  kind_ = ObjectKind::kSharedMutex;
  Before(kA, kB);
  b_.Open(1, kB, 8, {.mode = Mode::kShared, .handover = 0})
      .Section(1, kA, 9, {.mode = Mode::kShared, .handover = 0})
      .Close(1);
  EXPECT_THAT(Found(), ElementsAre("a in b: a<b"));
}

TEST_F(DeclaredOrder, WhatIsHeldAlreadyIsTakenInNoOrder) {
  kind_ = ObjectKind::kSharedMutex;
  Before(kA, kB);
  const log::testing::Extras reads = {.mode = Mode::kShared, .handover = 0};
  b_.Open(1, kA, 8, reads)
      .Open(1, kB, 8, reads)
      .Section(1, kA, 9, reads)
      .Close(1)
      .Close(1);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(DeclaredOrder, OnePlaceIsToldOnceWhoeverComesThere) {
  Before(kA, kB);
  Nested(1, kB, kA);
  Nested(2, kB, kA);
  EXPECT_THAT(Found(), ElementsAre("a in b: a<b"));
  EXPECT_EQ(result_.findings[0].count, 2u);
}

TEST_F(DeclaredOrder, OrdersThatContradictEachOtherAreToldAndNotHeldAgainst) {
  Before(kA, kB, 20);
  Before(kB, kC, 21);
  Before(kC, kA, 22);
  Before(kC, kD, 23);
  Nested(1, kB, kA);
  Nested(1, kD, kA);
  EXPECT_THAT(Found(),
              UnorderedElementsAre("a<b b<c c<a", "a in d: a<b b<c c<d"));
}

TEST_F(DeclaredOrder, NothingIsTakenBeforeItself) {
  Before(kA, kA);
  EXPECT_THAT(Found(), ElementsAre("a<a"));
}

TEST_F(DeclaredOrder, ToSayItAgainIsNoContradiction) {
  Before(kA, kB, 20);
  Before(kA, kB, 20);
  Before(kA, kB, 21);
  EXPECT_THAT(Found(), IsEmpty());
  EXPECT_EQ(recording_->declared_orders.size(), 2u);
}

TEST_F(DeclaredOrder, AForkedChildsCopiesHaveItToo) {
  Before(kA, kB);
  Before(kB, kC);
  b_.Process(2, {.parent = 1})
      .Actor(3, BeginHow::kForkChild, {.process = 2, .parent = 1});
  Nested(3, kC, kA);
  EXPECT_THAT(Found(), ElementsAre("a in c: a<b b<c"));
}

TEST_F(DeclaredOrder, WhatAChildDeclaresIsItsOwnBusiness) {
  b_.Process(2, {.parent = 1})
      .Actor(3, BeginHow::kForkChild, {.process = 2, .parent = 1});
  Before(kA, kB, 20, 3);
  Nested(1, kB, kA);
  Nested(3, kB, kA);
  EXPECT_THAT(Found(), ElementsAre("a in b: a<b"));
  EXPECT_EQ(recording_->actors[result_.findings[0].parts[0].actor].id, 3u);
  EXPECT_EQ(result_.findings[0].count, 1u);
}

TEST_F(DeclaredOrder, OfLocksThatProcessesShareItIsForAllOfThem) {
  kind_ = ObjectKind::kProcessMutex;
  b_.Process(2).Actor(3, BeginHow::kMain, {.process = 2});
  Before(kA, kB, 20, 3);
  Nested(1, kB, kA);
  EXPECT_THAT(Found(), ElementsAre("a in b: a<b"));
}

TEST_F(DeclaredOrder, DamagedTextsDeclareNothing) {
  for (const char* text : {"", "2", "2 ", " 20", "2 20 ", "-2 20", "x 20",
                           "0 20", "99999999999 20", "2 99999999999"}) {
    b_.In(1).Name(log::kDeclaredOrderName, kA, text);
  }
  b_.In(1).Name(log::kDeclaredOrderName, 0, "2 20");
  Nested(1, kB, kA);
  EXPECT_THAT(Found(), IsEmpty());
  EXPECT_THAT(recording_->declared_orders, IsEmpty());
}

TEST_F(DeclaredOrder, AHundredThousandInARowAreDoneInTime) {
  constexpr uint32_t kMany = 100'000;
  for (uint32_t lock = 10; lock < 10 + kMany; ++lock) Before(lock, lock + 1);
  Nested(1, 10, 10 + kMany);
  Nested(1, 10 + kMany, 10 + kMany - 1);
  EXPECT_EQ(Found().size(), 1u);
  EXPECT_TRUE(result_.exhaustive);
}

TEST_F(DeclaredOrder, ABoundIsSaid) {
  // Between any two layers all are declared: a long search for each pair that
  // is the other way round.
  constexpr uint32_t kLayers = 60, kWidth = 40;
  const auto lock = [](uint32_t layer, uint32_t i) {
    return 10 + layer * kWidth + i;
  };
  for (uint32_t layer = 0; layer + 1 < kLayers; ++layer) {
    for (uint32_t i = 0; i < kWidth; ++i) {
      for (uint32_t j = 0; j < kWidth; ++j) {
        Before(lock(layer, i), lock(layer + 1, j));
      }
    }
  }
  for (uint32_t i = 0; i < kWidth; ++i) {
    for (uint32_t j = 0; j < kWidth; ++j) {
      Nested(1, lock(kLayers - 1, i), lock(0, j));
    }
  }
  EXPECT_LT(Found().size(), kWidth * kWidth);
  EXPECT_FALSE(result_.exhaustive);
  EXPECT_THAT(result_.notes,
              ElementsAre(::testing::HasSubstr("was cut short")));
}

}  // namespace
}  // namespace lockcheck::analysis
