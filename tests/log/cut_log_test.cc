// Logs that are cut or that no end was written to: what is left is read, and
// what is lost is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lib/log/recording.h"
#include "tests/log/log_builder.h"
#include "tests/log/small_log.h"
#include "tests/log/transcript.h"

namespace lockcheck::log {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::LogBuilder;
using ::testing::Not;
using testing::Transcript;

// What is read, by actor and segment.
using Segments =
    std::map<std::pair<uint32_t, uint32_t>, std::vector<std::string>>;

Segments SegmentsOf(const Recording& r) {
  Segments segments;
  for (const Actor& actor : r.actors) {
    for (const Segment& segment : actor.segments) {
      Transcript t;
      DecodeSegment(segment.words, t);
      segments[{actor.id, segment.number}] = std::move(t.lines);
    }
  }
  return segments;
}

bool IsPrefix(const std::vector<std::string>& part,
              const std::vector<std::string>& whole) {
  return part.size() <= whole.size() &&
         std::equal(part.begin(), part.end(), whole.begin());
}

class CutLogTest : public ::testing::TestWithParam<bool> {
 protected:
  CutLogTest() : log_(SmallLog(GetParam())), whole_(SegmentsOf(*Read(log_))) {}

  // Of every segment that is left, what is left is its beginning. Returns how
  // many records those are.
  size_t RecordsLeft(size_t size) {
    const auto r = Read(log_.substr(0, size));
    size_t count = 0;
    for (const auto& [segment, events] : SegmentsOf(*r)) {
      if (!IsPrefix(events, whole_[segment])) {
        ADD_FAILURE() << "cut at " << size << ", actor " << segment.first;
      }
      count += events.size();
    }
    return count;
  }

  const std::string log_;
  Segments whole_;
};

TEST_P(CutLogTest, IsReadAsFarAsItGoesWhereverItIsCut) {
  for (size_t size = sizeof(FileHeader); size < log_.size() && !HasFailure();
       size += 97) {
    RecordsLeft(size);
  }
}

TEST_P(CutLogTest, KeepsEveryWholeRecordBeforeTheCut) {
  size_t all = 0;
  for (const auto& [segment, events] : whole_) all += events.size();
  ASSERT_EQ(RecordsLeft(log_.size()), all);
  size_t last = 0;
  for (uint64_t block = 1; block * kBlockSize < log_.size(); ++block) {
    const size_t from = block * kBlockSize;
    for (size_t word = 0; word < 300 && !HasFailure(); ++word) {
      // Cutting within a word loses that word, and no more.
      const size_t left = RecordsLeft(from + 4 * word);
      ASSERT_EQ(RecordsLeft(from + 4 * word + 3), left) << word;
      ASSERT_GE(left, last) << word;
      last = left;
    }
  }
  EXPECT_EQ(last, all);
}

TEST_P(CutLogTest, SaysThatTheLastBlockIsCut) {
  const auto r = Read(log_.substr(0, kBlockSize + sizeof(BlockHeader) + 50));
  EXPECT_FALSE(r->complete);
  if (!GetParam()) {
    EXPECT_THAT(r->warnings, Contains(HasSubstr("block 1 (at byte 65536)")));
  }
  EXPECT_THAT(r->warnings, Contains(HasSubstr("cut off")));
}

TEST_P(CutLogTest, SaysThatWholeBlocksAreMissing) {
  const auto whole = Read(log_);
  EXPECT_THAT(whole->warnings, Not(Contains(HasSubstr("were claimed"))));
  const auto r = Read(log_.substr(0, log_.size() - kBlockSize));
  EXPECT_FALSE(r->complete);
  EXPECT_FALSE(r->whole);
  EXPECT_THAT(r->warnings, Contains(HasSubstr("were claimed: it was cut")));
}

INSTANTIATE_TEST_SUITE_P(SealedAndHot, CutLogTest, ::testing::Bool(),
                         [](const auto& p) {
                           return p.param ? "Hot" : "Sealed";
                         });

TEST(UnfinishedLogTest, IsWholeUnlessItsLatestRecordsWereKeptInMemory) {
  for (const bool in_memory : {false, true}) {
    LogBuilder b;
    if (in_memory) b.VolatileHot();
    b.Process(1).Actor(1, BeginHow::kMain, {.hot = !in_memory});
    const auto r = Read(b.bytes());
    EXPECT_FALSE(r->complete);
    EXPECT_EQ(r->whole, !in_memory);
  }
}

}  // namespace
}  // namespace lockcheck::log
