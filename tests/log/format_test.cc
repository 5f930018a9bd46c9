#include "lib/log/format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace lockcheck::log {
namespace {

TEST(FormatTest, ShortRecordsKeepTheLargestIdsThatFit) {
  const uint32_t word = Pack(kOpen, kShortObjects - 1, kShortSites - 1);
  EXPECT_EQ(word & kShortOpMask, kOpen);
  EXPECT_EQ(ObjectOf(word), kShortObjects - 1);
  EXPECT_EQ(SiteOf(word), kShortSites - 1);
}

TEST(FormatTest, ShortRecordsKeepEveryPairOfIds) {
  std::mt19937 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const uint32_t object = random() % kShortObjects;
    const uint32_t site = random() % kShortSites;
    const auto op = static_cast<ShortOp>(1 + random() % 7);
    const uint32_t word = Pack(op, object, site);
    ASSERT_EQ(word & kShortOpMask, op);
    ASSERT_EQ(ObjectOf(word), object);
    ASSERT_EQ(SiteOf(word), site);
  }
}

TEST(FormatTest, NoRecordIsAWordOfZero) {
  for (uint32_t op = kSection; op <= kOpenHandover; ++op)
    EXPECT_NE(Pack(static_cast<ShortOp>(op), 0, 0), 0u);
  EXPECT_NE(Extended(Op::kSegment, 1), 0u);
}

TEST(FormatTest, ExtendedRecordsKeepOpLengthAndArgument) {
  const uint32_t word = Extended(Op::kNote, 0xffff, 0xff);
  EXPECT_EQ(word & kShortOpMask, kExtended);
  EXPECT_EQ(OpOf(word), Op::kNote);
  EXPECT_EQ(WordsOf(word), 0xffffu);
  EXPECT_EQ(ArgOf(word), 0xffu);
}

TEST(FormatTest, FramesKeepModuleAndOffset) {
  const uint64_t frame = PackFrame(0xfffe, 0xffff'1234'5678ull);
  EXPECT_EQ(FrameModule(frame), 0xfffeu);
  EXPECT_EQ(FrameOffset(frame), 0xffff'1234'5678ull);
}

TEST(FormatTest, TimesBelow2048TicksAreExact) {
  for (uint64_t t = 0; t < 2048; ++t) EXPECT_EQ(DecodeTicks(EncodeTicks(t)), t);
}

TEST(FormatTest, TimesAreRoundedDownByLessThanOnePartIn2048) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 1'000'000; ++i) {
    const uint64_t ticks = random() >> (23 + random() % 41);  // below 2^41
    const uint64_t read = DecodeTicks(EncodeTicks(ticks));
    ASSERT_LE(read, ticks);
    ASSERT_LT(static_cast<double>(ticks - read),
              static_cast<double>(ticks) / 2048 + 1e-9)
        << ticks;
  }
}

TEST(FormatTest, LongerTimesNeverReadAsShorterOnes) {
  for (uint32_t half = 0; half < 0xffff; ++half)
    ASSERT_LT(DecodeTicks(half), DecodeTicks(half + 1)) << half;
  std::mt19937_64 random(3);
  for (int i = 0; i < 1'000'000; ++i) {
    const uint64_t a = random() >> (random() % 64);
    const uint64_t b = a + (random() >> (random() % 64)) / 2;
    if (b < a) continue;
    ASSERT_LE(EncodeTicks(a), EncodeTicks(b)) << a << " " << b;
  }
}

TEST(FormatTest, EveryHalfWordReadsBackAsItself) {
  for (uint32_t half = 0; half <= 0xffff; ++half)
    ASSERT_EQ(EncodeTicks(DecodeTicks(half)), half);
}

TEST(FormatTest, TimesThatDoNotFitAreClamped) {
  EXPECT_EQ(EncodeTicks(~0ull), 0xffffu);
  EXPECT_EQ(EncodeTicks(1ull << 50), 0xffffu);
  EXPECT_GE(DecodeTicks(0xffff), (1ull << 42) - (1ull << 32));
}

class ChecksumTest : public ::testing::Test {
 protected:
  ChecksumTest() : words_(kBlockWords - kHeaderWords) {
    std::mt19937 random(4);
    for (uint32_t& word : words_) word = random();
  }
  uint64_t Sum() const { return Checksum(words_.data(), words_.size()); }
  std::vector<uint32_t> words_;
};

TEST_F(ChecksumTest, FindsEveryFlippedBit) {
  const uint64_t good = Sum();
  std::mt19937 random(5);
  for (int i = 0; i < 3'000; ++i) {
    const size_t at = random() % words_.size();
    const uint32_t bit = 1u << random() % 32;
    words_[at] ^= bit;
    ASSERT_NE(Sum(), good) << at << " " << bit;
    words_[at] ^= bit;
  }
  EXPECT_EQ(Sum(), good);
}

TEST_F(ChecksumTest, FindsAZeroedPageAndSwappedPages) {
  const uint64_t good = Sum();
  auto zeroed = words_;
  std::fill_n(zeroed.begin() + 2048, 1024, 0);
  EXPECT_NE(Checksum(zeroed.data(), zeroed.size()), good);
  auto swapped = words_;
  std::swap_ranges(swapped.begin() + 1024, swapped.begin() + 2048,
                   swapped.begin() + 4096);
  EXPECT_NE(Checksum(swapped.data(), swapped.size()), good);
}

TEST_F(ChecksumTest, CountsEveryWordOfShorterParts) {
  for (size_t count = 16; count <= 64; count += 16) {
    const uint64_t good = Checksum(words_.data(), count);
    for (size_t i = 0; i < count; ++i) {
      words_[i] ^= 1;
      EXPECT_NE(Checksum(words_.data(), count), good) << count << " " << i;
      words_[i] ^= 1;
    }
  }
}

}  // namespace
}  // namespace lockcheck::log
