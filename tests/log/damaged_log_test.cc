// Logs with damage inside: it costs its block and no more, what is lost is
// said, and no bytes whatever crash the reader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/log/recording.h"
#include "tests/log/log_builder.h"
#include "tests/log/random_log.h"
#include "tests/log/small_log.h"

namespace lockcheck::log {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::LogBuilder;
using testing::RandomLog;

// ---- Files with damage inside ----

// Three actors, a block for each segment: 1 has block 4, 2 has 1, 2 and 5, and
// so on; which is found by reading.
class DamagedLogTest : public ::testing::Test {
 protected:
  DamagedLogTest() {
    LogBuilder b;
    b.Process(1);
    for (uint32_t actor = 1; actor <= 3; ++actor) {
      b.Actor(actor, BeginHow::kForeign);
      for (uint32_t i = 0; i < 30; ++i) {
        b.Section(actor, 1 + i, 8);
        if (i % 10 == 9) b.NewBlock(actor);
      }
      b.End(actor);
    }
    b.Exit(1);
    log_ = b.bytes();
    const auto r = Read(log_);
    for (const Actor& actor : r->actors) {
      for (const Segment& s : actor.segments)
        segment_of_block_[s.block] = {actor.id, s.number};
    }
    whole_ = EventsOf(*r);
  }

  void ExpectOnlyThisBlockIsLost(const std::string& log, uint64_t block) {
    const auto r = Read(log);
    const auto [actor, number] = segment_of_block_.at(block);
    for (const auto& [id, events] : whole_) {
      if (id != actor) {
        ASSERT_EQ(EventsOf(*r)[id], events) << "actor " << id;
      }
    }
    std::vector<uint32_t> left;
    for (const Segment& s : r->actors[r->FindActor(actor)].segments)
      left.push_back(s.number);
    std::vector<uint32_t> expected = {0, 1, 2, 3};
    expected.erase(expected.begin() + number);
    EXPECT_EQ(left, expected);
    EXPECT_FALSE(r->complete);
  }

  std::string log_;
  std::map<uint64_t, std::pair<uint32_t, uint32_t>> segment_of_block_;
  Events whole_;
};

TEST_F(DamagedLogTest, OneFlippedByteCostsItsBlockAndNoMore) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 400; ++round) {
    std::string log = log_;
    const uint64_t block = 1 + random() % (log.size() / kBlockSize - 1);
    const size_t at =
        sizeof(BlockHeader) + random() % (kBlockSize - sizeof(BlockHeader));
    SCOPED_TRACE(absl::StrCat("byte ", block * kBlockSize + at));
    log[block * kBlockSize + at] ^= static_cast<char>(1 + random() % 255);
    ASSERT_NO_FATAL_FAILURE(ExpectOnlyThisBlockIsLost(log, block));
    EXPECT_THAT(
        Read(log)->warnings,
        Contains(HasSubstr(absl::StrCat("block ", block) +
                           absl::StrCat(" (at byte ", block * kBlockSize) +
                           ") is damaged")));
  }
}

TEST_F(DamagedLogTest, ADamagedBlockHeaderCostsItsBlockAndNoMore) {
  for (const size_t at : {0, 3, 4, 7, 16, 23}) {
    std::string log = log_;
    log[2 * kBlockSize + at] ^= 0x40;
    ASSERT_NO_FATAL_FAILURE(ExpectOnlyThisBlockIsLost(log, 2));
    EXPECT_THAT(Read(log)->warnings, Contains(HasSubstr("damaged"))) << at;
  }
}

TEST_F(DamagedLogTest, AZeroedBlockIsMissedByTheSegmentNumbers) {
  for (const auto& [block, whose] : segment_of_block_) {
    const auto [actor, number] = whose;
    if (number == 3) continue;  // nothing after it shows a gap
    std::string log = log_;
    std::fill_n(log.begin() + static_cast<int64_t>(block * kBlockSize),
                kBlockSize, '\0');
    ASSERT_NO_FATAL_FAILURE(ExpectOnlyThisBlockIsLost(log, block));
    EXPECT_THAT(
        Read(log)->warnings,
        Contains(HasSubstr(absl::StrCat("segment ", number) +
                           absl::StrCat(" of actor ", actor) + " is lost")));
  }
}

// Nothing behind it shows a gap, so the claim alone says that it is gone.
TEST_F(DamagedLogTest, TheLastBlockOfAnActorIsMissedByItsClaim) {
  for (const auto& [block, whose] : segment_of_block_) {
    if (whose.second != 3) continue;
    std::string log = log_;
    std::fill_n(log.begin() + static_cast<int64_t>(block * kBlockSize),
                kBlockSize, '\0');
    ASSERT_NO_FATAL_FAILURE(ExpectOnlyThisBlockIsLost(log, block));
    const auto r = Read(log);
    EXPECT_FALSE(r->whole);
    EXPECT_THAT(r->warnings,
                Contains(HasSubstr(absl::StrCat(
                    "1 block was claimed and holds nothing (at byte ",
                    block * kBlockSize, "): it was damaged"))));
  }
}

TEST_F(DamagedLogTest, ABlockWithRecordsAndNoHeaderIsNotTakenForAnEmptyOne) {
  for (const size_t zeroed : {sizeof(BlockHeader), kBlockSize / 2}) {
    std::string log = log_;
    std::fill_n(log.begin() + 2 * kBlockSize, zeroed, '\0');
    log[3 * kBlockSize - 1] = 1;
    ASSERT_NO_FATAL_FAILURE(ExpectOnlyThisBlockIsLost(log, 2));
    EXPECT_THAT(Read(log)->warnings, Contains(HasSubstr("damaged header")));
  }
}

TEST_F(DamagedLogTest, WhatTheGapsOfTheirActorsSayIsNotSaidTwice) {
  std::string log = log_;
  for (const auto& [block, whose] : segment_of_block_) {
    if (whose.second != 1) continue;
    std::fill_n(log.begin() + static_cast<int64_t>(block * kBlockSize),
                kBlockSize, '\0');
  }
  const auto r = Read(log);
  EXPECT_THAT(r->warnings, Each(HasSubstr("segment 1 of actor")));
  EXPECT_EQ(r->warnings.size(), 3u);
}

TEST_F(DamagedLogTest, EveryWarningIsOneLineThatNamesTheFile) {
  std::string log = log_;
  for (size_t at = kBlockSize + 200; at < log.size(); at += kBlockSize)
    log[at] ^= 1;
  const auto r = Read(log);
  EXPECT_FALSE(r->warnings.empty());
  for (const std::string& line : r->warnings) {
    EXPECT_EQ(line.rfind("test.log: ", 0), 0u) << line;
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
  }
}

TEST(DamagedHotBlockTest, RecordsBeforeTheDamageAreRead) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain, {.hot = true}).Section(1, 1, 8);
  b.Raw(1, {Extended(Op::kBlock, 2), 1}).Section(1, 2, 8);
  const auto r = Read(b.bytes());
  EXPECT_EQ(EventsOf(*r)[1].back(), "section 1@8");
  EXPECT_THAT(r->warnings, Contains(HasSubstr("contradicts itself")));
}

TEST(DamagedHotBlockTest, ASegmentOfAnotherProcessIsNotMixedIn) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain).NewBlock(1).Section(1, 1, 8).Exit(1);
  b.Raw(1, {Extended(Op::kSegment, 9), 1, 77, 2, 0, 0, 0, 0, 0});
  const auto r = Read(b.bytes());
  EXPECT_EQ(r->actors[0].segments.size(), 2u);
  EXPECT_THAT(r->warnings, Contains(HasSubstr("of another process")));
}

TEST(DamagedHotBlockTest, AnIdThatCannotHaveBeenGivenOutCostsNoMemory) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain).Section(1, 0xffffffff, 0xffffffff);
  b.Exit(1);
  const auto r = Read(b.bytes());
  EXPECT_EQ(r->FindObject(0, 0xffffffff), kNone);
  EXPECT_EQ(r->FindSite(0xffffffff), kNone);
  EXPECT_LT(r->ObjectsOf(0).size(), 10u);
  EXPECT_THAT(r->warnings, Contains(HasSubstr("larger than any")));
}

TEST(DamagedHotBlockTest, NewerRecordsAreSkippedAndCountedAndNothingIsLost) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain);
  // All numbers but this one are in use.
  b.Raw(1, {Extended(static_cast<Op>(0), 2), 7}).Section(1, 1, 8).Exit(1);
  const auto r = Read(b.bytes());
  EXPECT_TRUE(r->complete);
  EXPECT_THAT(r->warnings, ElementsAre(HasSubstr("use a newer lockcheck")));
}

// ---- Any bytes at all ----

// Words, not only bits: lengths, counts and ids are where readers break.
void Mutate(std::string& log, std::mt19937& random) {
  const auto word_at = [&](size_t offset, uint32_t value) {
    if (offset + 4 <= log.size()) std::memcpy(&log[offset], &value, 4);
  };
  for (uint32_t n = 1 + random() % 8; n > 0; --n) {
    // Near the beginning of a block, where the records are.
    const size_t block = random() % (log.size() / kBlockSize + 1);
    const size_t at = std::min(
        block * kBlockSize + random() % (random() % 4 ? 700 : kBlockSize),
        log.size() - 1);
    switch (random() % 6) {
      case 0:
        log[at] ^= static_cast<char>(1u << random() % 8);
        break;
      case 1:
        word_at(at & ~size_t{3}, random());
        break;
      case 2:
        word_at(at & ~size_t{3}, random() % 64);
        break;
      case 3:
        word_at(at & ~size_t{3}, Extended(static_cast<Op>(random() % 32),
                                          random() % 20, random() % 256));
        break;
      case 4:
        word_at(block * kBlockSize + 4, random() % 4);  // the block's kind
        break;
      default:
        if (random() % 8 == 0) log.resize(at + 1);
        break;
    }
  }
}

TEST(AnyBytesTest, NeverCrashTheReader) {
  const uint32_t seed = std::random_device()();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937 random(seed);
  const std::string logs[] = {
      SmallLog(false), SmallLog(true),
      RandomLog(seed, {.actors = 2, .events = 150, .hot = true})
          .builder.bytes()};
  int opened = 0;
  for (int round = 0; round < 6000; ++round) {
    SCOPED_TRACE(absl::StrCat("seed ", seed) + absl::StrCat(" round ", round));
    std::string log = logs[random() % 3];
    Mutate(log, random);
    const auto recording = Recording::OpenBytes("test.log", log);
    if (!recording.ok()) continue;
    ++opened;
    EventsOf(**recording);
    for (const Object& object : (*recording)->objects)
      ASSERT_LT(object.process, (*recording)->processes.size());
    for (const Actor& actor : (*recording)->actors)
      ASSERT_LT(actor.process, (*recording)->processes.size());
  }
  EXPECT_GT(opened, 3000);
}

}  // namespace
}  // namespace lockcheck::log
