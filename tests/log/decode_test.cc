#include "lib/log/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "tests/log/log_builder.h"
#include "tests/log/transcript.h"

namespace lockcheck::log {
namespace {

using ::testing::ElementsAre;
using testing::Extras;
using testing::LogBuilder;
using testing::Transcript;

// One actor's records, built by verbs and decoded without a Recording.
class DecodeTest : public ::testing::Test {
 protected:
  DecodeTest() { b_.Stream(1); }

  // The words of block 1 from the segment on.
  std::vector<uint32_t> Words() {
    const std::string& bytes = b_.bytes();
    std::vector<uint32_t> words(kBlockWords - kHeaderWords);
    std::memcpy(words.data(), bytes.data() + kBlockSize + sizeof(BlockHeader),
                words.size() * sizeof(uint32_t));
    return words;
  }
  // What follows the segment record.
  std::vector<std::string> Lines() {
    Transcript t;
    result_ = DecodeSegment(std::span<const uint32_t>(Words()), t);
    t.lines.erase(t.lines.begin());
    return t.lines;
  }

  LogBuilder b_;
  DecodeResult result_;
  static constexpr uint64_t kT0 = LogBuilder::kStartTicks;
};

TEST_F(DecodeTest, APlainSectionIsOneWord) {
  b_.Section(1, 5, 9);
  EXPECT_THAT(Lines(), ElementsAre("section 5@9"));
  EXPECT_EQ(result_.status, DecodeStatus::kEnd);
  EXPECT_EQ(result_.words, 10u);  // nine of the segment record
}

TEST_F(DecodeTest, ASectionThenCloseIsASectionAndARelease) {
  b_.Open(1, 1, 8).SectionThenClose(1, 2, 9);
  EXPECT_THAT(Lines(), ElementsAre("acquire 1@8", "section 2@9", "release 0"));
}

TEST_F(DecodeTest, HandOverCountsFollowTheirRecords) {
  b_.Section(1, 1, 8, {.handover = 7}).Open(1, 2, 9, {.handover = 0xffffffff});
  b_.Open(1, 3, 9, {.handover = kDetailCount});
  EXPECT_THAT(Lines(), ElementsAre("section 1@8 handover 7",
                                   "acquire 2@9 handover 4294967295",
                                   "acquire 3@9 handover 1073741823"));
}

TEST_F(DecodeTest, AReadersSectionCountsTheWritersBeforeIt) {
  b_.Section(1, 1, 8, {.mode = model::Mode::kShared, .handover = 7});
  b_.Open(1, 1, 8, {.mode = model::Mode::kShared, .handover = 0});
  EXPECT_THAT(Lines(),
              ElementsAre("section 1@8 shared after 7", "acquire 1@8 shared"));
}

// The builder writes it so, as the runtime does.
TEST_F(DecodeTest, APlainRecordRepeatsTheLastReading) {
  const Extras reads = {.mode = model::Mode::kShared, .handover = 7};
  b_.Section(1, 1, 8, reads);
  b_.Section(1, 1, 9, reads).Open(1, 1, 8, reads);
  EXPECT_THAT(Lines(), ElementsAre("section 1@8 shared after 7",
                                   "section 1@9 shared after 7",
                                   "acquire 1@8 shared after 7"));
  EXPECT_EQ(result_.words, 9u + 2 + 1 + 1);
}

TEST_F(DecodeTest, AReadingIsRepeatedAfterATimedOne) {
  const Extras reads = {.mode = model::Mode::kShared, .handover = 7};
  b_.Section(
        1, 1, 8,
        {.mode = model::Mode::kShared, .handover = 7, .start = 100, .end = 150})
      .Section(1, 1, 8, reads)
      .Section(1, 2, 8)
      .Section(1, 1, 8, reads);
  EXPECT_THAT(Lines(),
              ElementsAre("section 1@8 shared after 7 from 1000100 until "
                          "1000150",
                          "section 1@8 shared after 7", "section 2@8",
                          "section 1@8 shared after 7"));
}

TEST_F(DecodeTest, ADefinitionWithoutAKindDefinesNothing) {
  b_.In(1).Object(1, static_cast<model::ObjectKind>(kNoKind), "m");
  b_.In(1).Object(2, model::ObjectKind::kMutex, "m");
  EXPECT_THAT(Lines(),
              ElementsAre("object 2 kind 1 place 0 site 0 address 0 'm'"));
}

TEST_F(DecodeTest, ASectionThenCloseMayRepeatAReading) {
  b_.Open(1, 2, 8).Section(1, 1, 8,
                           {.mode = model::Mode::kShared, .handover = 7});
  Lines();
  std::vector<uint32_t> words = Words();
  words[result_.words] = Pack(kSectionThenClose, 1, 9);
  Transcript t;
  DecodeSegment(std::span<const uint32_t>(words), t);
  t.lines.erase(t.lines.begin());
  EXPECT_THAT(t.lines, ElementsAre("acquire 2@8", "section 1@8 shared after 7",
                                   "section 1@9 shared after 7", "release 0"));
}

TEST_F(DecodeTest, WhatIsReadIsTheLastOfASegmentOnly) {
  const Extras reads = {.mode = model::Mode::kShared, .handover = 7};
  // Another object; a writer; a longer record; a segment.
  b_.Section(1, 1, 8, reads).Section(1, 2, 8, reads).Section(1, 1, 8);
  b_.Section(1, 3, 8, reads).Section(1, 3, 8, {.handover = 8}).Section(1, 3, 8);
  b_.Section(1, 4, 8, reads).Section(1, 4, 8);
  b_.Section(1, 4, 8);
  EXPECT_THAT(
      Lines(),
      ElementsAre("section 1@8 shared after 7", "section 2@8 shared after 7",
                  "section 1@8", "section 3@8 shared after 7",
                  "section 3@8 handover 8", "section 3@8",
                  "section 4@8 shared after 7", "section 4@8", "section 4@8"));
}

TEST_F(DecodeTest, TimedSectionsCountFromTheStampBeforeThem) {
  b_.Section(1, 1, 8, {.start = 100, .end = 150})
      .Section(1, 1, 8, {.start = 400, .end = 400})
      .Section(1, 1, 8, {.handover = 2, .start = 500, .end = 510});
  EXPECT_THAT(Lines(),
              ElementsAre("section 1@8 from 1000100 until 1000150",
                          "section 1@8 from 1000400 until 1000400",
                          "section 1@8 handover 2 from 1000500 until 1000510"));
}

TEST_F(DecodeTest, ATimedHoldIsOpenUntilItsLengthIsWritten) {
  b_.Open(1, 1, 8, {.start = 100}).Section(1, 2, 8).Close(1, 0, {.length = 70});
  b_.Open(1, 1, 8, {.handover = 4, .start = 300});
  b_.Close(1, 0, {.end = 90'000'000'000});
  EXPECT_THAT(Lines(), ElementsAre("acquire 1@8 from 1000100", "section 2@8",
                                   "release 0 after 70",
                                   "acquire 1@8 handover 4 from 1000300",
                                   "release 0 until 90001000000"));
}

TEST_F(DecodeTest, ATimedReleaseSaysHowDeepItsHoldLay) {
  b_.Open(1, 1, 8).Open(1, 2, 8).Open(1, 3, 8);
  b_.Close(1, 2, {.length = 7}).SawWaiters(1, 1).Close(1, 1);
  EXPECT_THAT(Lines(), ElementsAre("acquire 1@8", "acquire 2@8", "acquire 3@8",
                                   "release 2 after 7",
                                   "saw waiters 1 at 1000000", "release 1"));
}

TEST_F(DecodeTest, RoundingOfTimedSectionsDoesNotAddUp) {
  for (uint64_t i = 1; i <= 1000; ++i)
    b_.Section(1, 1, 8, {.start = i * 99'999, .end = i * 99'999 + 10});
  struct Starts : RecordVisitor {
    std::vector<uint64_t> starts;
    using RecordVisitor::OnSection;
    void OnSection(const AcquireRecord& a, const ReleaseRecord&) {
      starts.push_back(a.start_ticks - kT0);
    }
  } v;
  DecodeSegment(std::span<const uint32_t>(Words()), v);
  ASSERT_EQ(v.starts.size(), 1000u);
  for (uint64_t i = 1; i <= 1000; ++i) {
    EXPECT_LE(v.starts[i - 1], i * 99'999);
    EXPECT_LT(i * 99'999 - v.starts[i - 1], 99'999 / 1024);
  }
}

TEST_F(DecodeTest, WideIdsTakeTheExtendedForms) {
  b_.Section(1, kShortObjects, 9)
      .Open(1, 3, kShortSites)
      .Close(1)
      .Section(1, 0xffffffff, 0xfffffffe);
  EXPECT_THAT(Lines(),
              ElementsAre("section 131072@9", "acquire 3@4096", "release 0",
                          "section 4294967295@4294967294"));
}

TEST_F(DecodeTest, EveryOptionalWordOfAnAcquisitionFindsItsField) {
  b_.Open(1, 1, 8,
          {.how = model::How::kMulti,
           .mode = model::Mode::kShared,
           .handover = 5,
           .start = 77,
           .group = 2});
  b_.Section(
      1, 2, 9,
      {.how = model::How::kTimed, .handover = 6, .start = 80, .group = 3});
  b_.Close(1, 0, {.end = 95});
  EXPECT_THAT(
      Lines(),
      ElementsAre("acquire 1@8 how 3 shared after 5 from 1000077 group 2",
                  "section 2@9 how 2 handover 6 from 1000080 group 3",
                  "release 0 until 1000095"));
}

TEST_F(DecodeTest, OnlyAReleaseOfSeveralSaysHowMany) {
  b_.Release(1, 7, 9, 3, 5).Release(1, 7, 9, 4, 8, 3).Post(1, 7, 9);
  EXPECT_THAT(
      Lines(),
      ElementsAre(
          "post 3 7@9 first 0 count 0 next 0 sequence 3 value 5",
          "post 3 7@9 first 0 count 0 next 0 sequence 4 value 8 amount 3",
          "post 1 7@9 first 0 count 0 next 1 sequence 0 value 0"));
}

TEST_F(DecodeTest, ATakeOfEitherFormSaysHowItWasAskedFor) {
  b_.Take(1, 7, 9, 3, 5)
      .Take(1, 7, 9, 4, 4, model::How::kTry)
      .Take(1, 7, 9, 5, 3, model::How::kTimed)
      .ShortTake(1, 7, 9, 6, model::How::kTry)
      .ShortTake(1, 7, 9, 7, model::How::kTimed);
  EXPECT_THAT(Lines(), ElementsAre("take 7@9 sequence 3 value 5",
                                   "take 7@9 how 1 sequence 4 value 4",
                                   "take 7@9 how 2 sequence 5 value 3",
                                   "take 7@9 how 1 sequence 6 short",
                                   "take 7@9 how 2 sequence 7 short"));
}

TEST_F(DecodeTest, ShortPostsAndTakesHaveNoWaitersAndNoValue) {
  b_.ShortPost(1, model::Post::kPut, 7, 9, 21)
      .ShortTake(1, kShortObjects - 1, kShortSites - 1, 22);
  EXPECT_THAT(Lines(),
              ElementsAre("post 6 7@9 first 0 count 0 next 0 sequence 21 short",
                          "take 131071@4095 sequence 22 short"));
}

TEST_F(DecodeTest, ATakeAndAPostOfNeighboursAreOneRecord) {
  b_.TakeAndPost(1, 7, model::Post::kPut, 8, 9, 21)
      .TakeAndPost(1, 8, model::Post::kGet, 7, 9, 22, model::How::kTimed)
      .TakeAndPost(1, kShortObjects - 1, model::Post::kClose, kShortObjects - 2,
                   kShortSites - 1, 23, model::How::kTry)
      .TakeAndPost(1, kShortObjects - 1, model::Post::kPut, kShortObjects,
                   kShortSites - 1, 24);
  EXPECT_THAT(
      Lines(),
      ElementsAre(
          "take 7@9 sequence 21 short",
          "post 6 8@9 first 0 count 0 next 0 sequence 21 short",
          "take 8@9 how 2 sequence 22 short",
          "post 7 7@9 first 0 count 0 next 0 sequence 22 short",
          "take 131071@4095 how 1 sequence 23 short",
          "post 11 131070@4095 first 0 count 0 next 0 sequence 23 short",
          "take 131071@4095 sequence 24 short",
          "post 6 131072@4095 first 0 count 0 next 0 sequence 24 short"));
}

TEST_F(DecodeTest, WaitsNameTheOwnerAndWhereItHolds) {
  b_.At(10)
      .Block(1, 1, 8, 2, 9)
      .At(20)
      .Wake(1, 3, 10)
      .At(30)
      .Unblock(1, model::Outcome::kTimedOut);
  b_.WaitStack(1, 4).JoinBlock(1, 5, 8).Join(1, 5);
  b_.JoinBlock(1, 6, 8, model::How::kTimed);
  EXPECT_THAT(
      Lines(),
      ElementsAre("block 1@8 how 0 owner 2@9 at 1000010",
                  "wake owner 3@10 at 1000020", "unblock 1 at 1000030",
                  "wait stack 4", "join block 5@8 how 0 owner 5@0 at 1000030",
                  "join 5 at 1000030",
                  "join block 6@8 how 2 owner 6@0 at 1000030"));
}

TEST_F(DecodeTest, TheRestOfTheRecordsKeepTheirWords) {
  b_.At(1).Fork(1, 2).Begin(1, BeginHow::kStarted, 7, 42).TryFailed(1, 3, 8);
  b_.ReleasedByOther(1, 3).Destroy(1, 3).Note(1, NoteKind::kDropped,
                                              1ull << 40);
  b_.Misuse(1, model::Misuse::kUnlockByOther, 3, 8, 2, 1);
  b_.End(1, 5, 6, 7).Exit(1, 8, 9, 10);
  EXPECT_THAT(
      Lines(),
      ElementsAre("fork 2 at 1000001", "begin 1 parent 7 tid 42 at 1000001",
                  "try failed 3@8 how 1", "released by other 3", "destroy 3",
                  "note 2 1099511627776",
                  "misuse 2 3@8 owner 2 stack 1 at 1000001",
                  "end at 1000001 cpu 5 switches 6 7",
                  "exit at 1000001 ns 7000001 cpu 8 switches 9 10"));
}

TEST_F(DecodeTest, DefinitionsKeepTheirTextsAndFrames) {
  b_.Module(1, "/bin/x", 0x1000, 0x2000, "\x01\xff");
  b_.Place(1, "a.cc", 12, "f()", 3);
  b_.Object(1, model::ObjectKind::kTimedMutex, "name", 1, 8, 0xdeadbeefcafe);
  b_.Site(8, {PackFrame(1, 16), PackFrame(0, 32)});
  b_.Stack(1, {StackReason::kRequest, 2, 9, 1, 8}, {});
  b_.Name(NameTarget::kActor, 1, "");
  EXPECT_THAT(
      Lines(),
      ElementsAre("module 1 base 4096 size 8192 '\x01\xff''/bin/x'",
                  "place 1 12:3 'a.cc''f()'",
                  "object 1 kind 2 place 1 site 8 address 244837814094590 "
                  "'name'",
                  "site 8 1+16 0+32", "stack 1 reason 1 of 2@9 under 1@8",
                  "name 1 1 ''"));
}

TEST_F(DecodeTest, RecordsOfUnknownKindsAreSkippedAndCounted) {
  b_.Section(1, 1, 8)
      .Raw(1, {Extended(static_cast<Op>(0), 3), 1, 2})
      .Raw(1, {Extended(Op::kAccess, 4, 3), 1, 8, 1})  // no such access
      .Section(1, 2, 9);
  EXPECT_THAT(Lines(), ElementsAre("section 1@8", "section 2@9"));
  EXPECT_EQ(result_.unknown, 2u);
  EXPECT_EQ(result_.status, DecodeStatus::kEnd);
}

TEST_F(DecodeTest, AccessesSayWhichWriteTheySawOrAre) {
  using model::Access;
  b_.Access(1, Access::kRead, 7, 9, 0).Access(1, Access::kWrite, 7, 9, 1);
  b_.ShortAccess(1, Access::kUpdate, 7, 9, 2)
      .ShortAccess(1, Access::kRead, kShortObjects - 1, kShortSites - 1, 5);
  EXPECT_THAT(Lines(), ElementsAre("read 7@9 version 0", "write 7@9 version 1",
                                   "update 7@9 version 2",
                                   "read 131071@4095 version 5"));
}

TEST_F(DecodeTest, WordsThatANewerMinorVersionAddsToARecordAreSkipped) {
  b_.Raw(1, {Extended(Op::kDestroy, 4), 3, 99, 98}).Section(1, 1, 8);
  EXPECT_THAT(Lines(), ElementsAre("destroy 3", "section 1@8"));
}

TEST_F(DecodeTest, ARecordTooShortForItsKindEndsTheSegment) {
  b_.Section(1, 1, 8).Raw(1, {Extended(Op::kBlock, 3), 1, 2}).Section(1, 2, 9);
  EXPECT_THAT(Lines(), ElementsAre("section 1@8"));
  EXPECT_EQ(result_.status, DecodeStatus::kMalformed);
  EXPECT_EQ(result_.words, 10u);
}

TEST_F(DecodeTest, ATextLongerThanItsRecordEndsTheSegment) {
  b_.Raw(1, {Extended(Op::kDefName, 4, 1), 1, 0xffffffff, 0x61616161});
  EXPECT_THAT(Lines(), ElementsAre());
  EXPECT_EQ(result_.status, DecodeStatus::kMalformed);
}

TEST_F(DecodeTest, ARecordLongerThanTheBlockIsTruncated) {
  b_.Section(1, 1, 8).Raw(1, {Extended(Op::kDefName, 0xffff, 1), 1});
  EXPECT_THAT(Lines(), ElementsAre("section 1@8"));
  EXPECT_EQ(result_.status, DecodeStatus::kTruncated);
}

TEST_F(DecodeTest, StopsBeforeTheNextSegment) {
  b_.Open(1, 1, 8).NewSegment(1).Close(1);
  EXPECT_THAT(Lines(), ElementsAre("acquire 1@8"));
  EXPECT_EQ(result_.status, DecodeStatus::kEnd);
}

TEST_F(DecodeTest, WordsThatDoNotBeginWithASegmentAreRefused) {
  Transcript t;
  // Its bits 3 to 7 look like a segment's.
  const std::vector<uint32_t> words = {Pack(kSection, 1, 8), 1, 1, 1};
  EXPECT_EQ(DecodeSegment(std::span<const uint32_t>(words), t).status,
            DecodeStatus::kMalformed);
  EXPECT_THAT(t.lines, ElementsAre());
}

TEST_F(DecodeTest, AnyWordsAtAllAreReadWithoutLeavingTheSpan) {
  const uint32_t seed = std::random_device()();
  RecordProperty("seed", static_cast<int>(seed));
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    // On the heap and exactly so long, for AddressSanitizer.
    std::vector<uint32_t> words(1 + random() % 40);
    for (uint32_t& word : words) {
      word = random();
      if (random() % 2)
        word = Extended(static_cast<Op>(random() % 32), random() % 12,
                        random() % 256);
      if (random() % 4 == 0) word = random() % 8;
    }
    words[0] = Extended(Op::kSegment, 9 + random() % 4);
    Transcript t;
    const DecodeResult result =
        DecodeSegment(std::span<const uint32_t>(words), t);
    ASSERT_LE(result.words, words.size());
  }
}

}  // namespace
}  // namespace lockcheck::log
