// What is read of a log as a trace.
#include "lib/analysis/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/analysis/communication.h"
#include "tests/analysis/scanned_log.h"
#include "tests/log/log_builder.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using model::Mode;
using model::ObjectKind;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint32_t kMain = 1, kOther = 2, kThird = 3;
constexpr uint32_t kLock = 1, kShared = 2, kFirst = 3, kSecond = 4, kLast = 5;
constexpr uint32_t kSite = 8;

class TraceOfLog : public ::testing::Test {
 protected:
  TraceOfLog() {
    b_.Process(1).Actor(kMain, BeginHow::kMain);
    b_.Object(kLock, ObjectKind::kMutex, "lock");
    b_.Object(kShared, ObjectKind::kSharedMutex, "shared");
    for (const uint32_t signal : {kFirst, kSecond, kLast}) {
      b_.Object(signal, ObjectKind::kSemaphore);
    }
    b_.Actor(kOther, BeginHow::kForeign).Actor(kThird, BeginHow::kForeign);
  }
  static Trace Read(const ScannedLog& log, const TraceOptions& options = {}) {
    return ReadTrace(log.observations(), options);
  }
  void EndAll() { b_.End(kOther).End(kThird).End(kMain); }

  log::testing::LogBuilder b_;
};

TEST_F(TraceOfLog, AReadersHandOverIsThatOfTheWriterBeforeIt) {
  b_.Open(kMain, kShared, kSite);
  b_.Release(kMain, kFirst, kSite, 1, 1).Close(kMain);
  b_.Open(kOther, kShared, kSite, {.handover = 1});
  b_.Release(kOther, kFirst, kSite, 2, 2).Close(kOther);
  b_.Open(kThird, kShared, kSite, {.mode = Mode::kShared, .handover = 1});
  b_.Take(kThird, kFirst, kSite, 3, 1).Close(kThird);
  const ScannedLog log(b_);
  const Trace trace = Read(log);
  const Event& read = trace.actors[log.actor(kThird)].events.at(0);
  EXPECT_EQ(read.kind, EventKind::kAcquire);
  EXPECT_EQ(read.order, 1u);
}

// The other one takes a lock that the third one needs first, and main keeps the
// shared one until then.
class ReadAfterAWrite : public TraceOfLog {
 protected:
  Findings Find(bool reads) {
    b_.Section(kOther, kShared, kSite);
    b_.Open(kMain, kShared, kSite + 1, {.handover = 1});
    b_.Release(kMain, kFirst, kSite + 2, 1, 1);
    b_.Section(kThird, kLock, kSite + 3);
    b_.Release(kThird, kSecond, kSite + 4, 1, 1);
    b_.Take(kMain, kSecond, kSite + 5, 2, 0).Close(kMain);
    b_.Take(kOther, kFirst, kSite + 6, 2, 0);
    if (reads) {
      b_.Section(kOther, kShared, kSite + 7,
                 {.mode = Mode::kShared, .handover = 1});
    }
    b_.Open(kOther, kLock, kSite + 8, {.handover = 1});
    b_.Release(kThird, kLast, kSite + 9, 1, 1);
    b_.Take(kOther, kLast, kSite + 10, 2, 0).Close(kOther);
    EndAll();
    const ScannedLog log(b_);
    Findings findings;
    FindCommunication(Read(log), {}, findings);
    return findings;
  }
};

TEST_F(ReadAfterAWrite, SafeIfItHasToReadBefore) {
  EXPECT_THAT(Find(true).findings, IsEmpty());
}

TEST_F(ReadAfterAWrite, UnsafeIfItDoesNot) {
  EXPECT_THAT(Find(false).findings, SizeIs(1));
}

TEST_F(TraceOfLog, AllActorsTogetherHaveABound) {
  constexpr size_t kMany = 1000;
  for (uint32_t i = 1; i <= kMany; ++i) {
    b_.Release(kOther, kFirst, kSite, i, i);
    if (i % 10 == 0) b_.Release(kThird, kSecond, kSite, i / 10, i / 10);
  }
  EndAll();
  const ScannedLog log(b_);
  const auto events = [&](const Trace& trace, uint32_t actor) {
    return trace.actors[log.actor(actor)].events;
  };
  const Trace whole = Read(log);
  EXPECT_THAT(events(whole, kOther), SizeIs(kMany));
  EXPECT_THAT(whole.cut, IsEmpty());
  // The third one needs less than its share.
  const Trace part = Read(log, {.max_words = 4000});
  EXPECT_THAT(events(part, kThird), SizeIs(kMany / 10));
  EXPECT_TRUE(part.actors[log.actor(kThird)].ended);
  EXPECT_LT(events(part, kOther).size(), size_t{4000} / 7);
  EXPECT_GT(events(part, kOther).size(), size_t{1000} / 8);
  EXPECT_THAT(part.cut, ::testing::ElementsAre(log.actor(kOther)));
  EXPECT_FALSE(part.actors[log.actor(kOther)].ended);
}

}  // namespace
}  // namespace lockcheck::analysis::testing
