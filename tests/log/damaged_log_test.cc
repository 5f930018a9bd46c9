// Logs that are cut, foreign, newer or damaged: what is left is read, what is
// lost is said, and no bytes whatever crash the reader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/log/recording.h"
#include "tests/log/log_builder.h"
#include "tests/log/random_log.h"
#include "tests/log/transcript.h"

namespace lockcheck::log {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::LogBuilder;
using ::testing::Not;
using testing::RandomLog;
using testing::Transcript;

using Events = std::map<uint32_t, std::vector<std::string>>;  // by actor

// Everything a reader can reach is touched.
Events EventsOf(const Recording& r) {
  Events events;
  for (ActorIndex i = 0; i < r.actors.size(); ++i) {
    Transcript t;
    r.Replay(i, t);
    events[r.actors[i].id] = std::move(t.lines);
  }
  return events;
}

// The same by actor and segment.
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

std::unique_ptr<Recording> Read(const std::string& bytes) {
  auto recording = Recording::OpenBytes("test.log", bytes);
  EXPECT_TRUE(recording.ok()) << recording.status();
  return *std::move(recording);
}

absl::Status StatusOf(const std::string& bytes) {
  return Recording::OpenBytes("test.log", bytes).status();
}

std::string Message(const absl::Status& status) {
  return std::string(status.message());
}

bool IsPrefix(const std::vector<std::string>& part,
              const std::vector<std::string>& whole) {
  return part.size() <= whole.size() &&
         std::equal(part.begin(), part.end(), whole.begin());
}

std::string SmallLog(bool hot) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain, {.hot = hot});
  b.Object(1, model::ObjectKind::kMutex, "m").Site(8, {PackFrame(0, 1)});
  b.Open(1, 1, 8).Section(1, 2, 9, {.handover = 3}).Close(1).Fork(1, 2);
  b.Actor(2, BeginHow::kStarted, {.parent = 1, .hot = hot}).Section(2, 1, 8);
  b.Block(2, 1, 8, 1, 9).Unblock(2).NewSegment(2).Section(2, 3, 8).NewBlock(2);
  b.Section(2, 4, 8).End(2).Exit(1);
  return b.bytes();
}

// ---- Files that are refused ----

TEST(RefusedLogTest, AMissingFileIsNotFoundAndSaysWhereLogsGo) {
  const auto status = Recording::Open("/no/such/file.log").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(status),
              AllOf(HasSubstr("/no/such/file.log"), HasSubstr("log=")));
}

TEST(RefusedLogTest, ADirectoryAndADeviceAreNoLogs) {
  for (const char* path : {"/", "/dev/null"}) {
    const auto status = Recording::Open(path).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(Message(status),
                AllOf(HasSubstr(path), HasSubstr("not a lockcheck log")));
  }
}

TEST(RefusedLogTest, ANamedPipeIsRefusedAndNotWaitedFor) {
  const std::string path = ::testing::TempDir() + "/damaged_log_test.pipe";
  std::remove(path.c_str());
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(Recording::Open(path).status().code(),
            absl::StatusCode::kInvalidArgument);
  ASSERT_EQ(std::remove(path.c_str()), 0);
}

TEST(RefusedLogTest, AnEmptyFileSaysThatItIsEmpty) {
  const std::string path = ::testing::TempDir() + "/damaged_log_test.empty";
  std::ofstream(path).flush();
  const auto status = Recording::Open(path).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(status), AllOf(HasSubstr(path), HasSubstr("empty")));
  ASSERT_EQ(std::remove(path.c_str()), 0);
}

TEST(RefusedLogTest, TextAndForeignFilesAreNoLogs) {
  for (const std::string& bytes :
       {std::string("hello\n"), std::string(200'000, 'x'),
        std::string(200'000, '\0'),
        std::string("\x7f"
                    "ELF\x02\x01\x01"),
        std::string("LOCKCHK ")}) {
    const auto status = StatusOf(bytes);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(Message(status), HasSubstr("not a lockcheck log"));
    EXPECT_THAT(Message(status), Not(HasSubstr("\n")));
  }
}

TEST(RefusedLogTest, ANewerFormatNamesBothVersionsAndTheMend) {
  LogBuilder b;
  b.MajorVersion(kMajorVersion + 6).Process(1).Actor(1, BeginHow::kMain);
  const auto status = StatusOf(b.bytes());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(Message(status),
              AllOf(HasSubstr("test.log"), HasSubstr("version 8"),
                    HasSubstr("version 2"), HasSubstr("newer lockcheck")));
}

TEST(RefusedLogTest, AFileCutWithinItsHeaderSaysSo) {
  const std::string log = SmallLog(false);
  for (size_t size = 1; size < sizeof(FileHeader); ++size) {
    const auto status = StatusOf(log.substr(0, size));
    ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << size;
    ASSERT_THAT(Message(status), HasSubstr("cut within its header")) << size;
  }
}

TEST(RefusedLogTest, AnotherBlockSizeIsADamagedHeader) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain);
  b.CorruptByte(offsetof(FileHeader, block_size));
  EXPECT_THAT(Message(StatusOf(b.bytes())), HasSubstr("damaged header"));
}

TEST(RefusedLogTest, AHeaderAloneIsARecordingOfNothing) {
  const std::string log = SmallLog(false);
  for (const size_t size : {sizeof(FileHeader), kBlockSize}) {
    const auto r = Read(log.substr(0, size));
    EXPECT_THAT(r->actors, IsEmpty());
    EXPECT_FALSE(r->complete);
    EXPECT_THAT(r->warnings, ElementsAre(HasSubstr("were claimed"),
                                         HasSubstr("no process")));
  }
}

// ---- Files that are cut ----

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
