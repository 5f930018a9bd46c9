// The writing side by itself: how writers that meet in a ring's place treat
// each other.
#include "lib/log/writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "lib/log/format.h"

namespace lockcheck::log {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kRing = 4;
constexpr uint64_t kForEver = 600'000'000'000;

struct Block {
  BlockHeader header;
  uint32_t words[kBlockWords - kHeaderWords];
};

class RingTest : public ::testing::Test {
 protected:
  RingTest() {
    std::string folder = ::testing::TempDir() + "/writer.XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) std::abort();
    folder_ = folder;
    path_ = folder + "/log";
    WriterOptions options;
    options.ring_bytes = kRing * kBlockSize;
    EXPECT_EQ(writer_.Create(path_.c_str(), options), 0);
    writer_.set_ring_patience(kForEver);
    file_ = open(path_.c_str(), O_RDWR | O_CLOEXEC);
  }
  ~RingTest() override {
    close(file_);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  static uint32_t OpenWord(uint32_t object) { return Pack(kOpen, object, 9); }
  // A hot block whose records are one word each, none of them zero.
  Block* Hot() { return reinterpret_cast<Block*>(writer_.NewHotBlock()); }
  // Seals a block that holds `word` only; returns what was rescued, by its
  // first word.
  std::vector<uint32_t> Seal(Block* block, uint32_t word) {
    block->words[0] = word;
    std::vector<uint32_t> rescued;
    const Writer::Sealed sealed = writer_.Seal(
        &block->header, kHeaderWords + 1,
        [](void* context, const uint32_t* words, size_t) {
          static_cast<std::vector<uint32_t>*>(context)->push_back(words[0]);
        },
        &rescued);
    EXPECT_EQ(sealed, rescued.empty() ? Writer::Sealed::kSealed
                                      : Writer::Sealed::kRescued);
    return rescued;
  }
  uint64_t Claim() { return writer_.header()->next_block.fetch_add(1); }
  // What a writer does after its claim.
  void Write(uint64_t claim, uint32_t word, uint64_t bad = 0) const {
    auto block = std::make_unique<Block>();
    block->words[0] = word;
    block->header.magic = kBlockMagic;
    block->header.kind = BlockKind::kSealed;
    block->header.claim = claim;
    block->header.checksum =
        Checksum(block->words, kBlockWords - kHeaderWords) + bad;
    const auto offset =
        static_cast<off_t>((1 + (claim - 1) % kRing) * kBlockSize);
    EXPECT_EQ(pwrite(file_, block.get(), kBlockSize, offset),
              static_cast<ssize_t>(kBlockSize));
  }
  // First words of the ring's blocks.
  std::vector<uint32_t> Ring() const {
    std::vector<uint32_t> words;
    for (uint64_t i = 1; i <= kRing; ++i) {
      auto block = std::make_unique<Block>();
      EXPECT_EQ(pread(file_, block.get(), kBlockSize,
                      static_cast<off_t>(i * kBlockSize)),
                static_cast<ssize_t>(kBlockSize));
      words.push_back(block->words[0]);
    }
    return words;
  }

  std::string folder_, path_;
  Writer writer_;
  int file_ = -1;
};

TEST_F(RingTest, WhatIsOverwrittenIsRescued) {
  Block* const block = Hot();
  for (uint32_t i = 1; i <= kRing; ++i) EXPECT_THAT(Seal(block, i), IsEmpty());
  EXPECT_THAT(Seal(block, 5), ElementsAre(1));
  EXPECT_THAT(Seal(block, 6), ElementsAre(2));
  EXPECT_THAT(Ring(), ElementsAre(5, 6, 3, 4));
}

// Who overwrites a place that an earlier writer has claimed, and not written
// yet, would lose what that one was about to leave there.
TEST_F(RingTest, AWriterThatIsNotDoneIsWaitedFor) {
  Block* const block = Hot();
  const uint64_t late = Claim();
  for (uint32_t i = 2; i <= kRing; ++i) Seal(block, i);
  std::vector<uint32_t> rescued;
  std::thread next([&] { rescued = Seal(block, 5); });
  while (writer_.header()->next_block.load() != kRing + 2) sched_yield();
  Write(late, 1);
  next.join();
  EXPECT_THAT(rescued, ElementsAre(1));
  EXPECT_THAT(Ring(), ElementsAre(5, 2, 3, 4));
}

TEST_F(RingTest, AWriterThatIsGoneIsNotWaitedForForEver) {
  Block* const block = Hot();
  for (uint32_t i = 1; i <= kRing; ++i) Seal(block, i);
  Claim();
  for (uint32_t i = 6; i <= 8; ++i) Seal(block, i);
  writer_.set_ring_patience(1);
  // What the dead one had not overwritten is still there.
  EXPECT_THAT(Seal(block, 9), ElementsAre(1));
  EXPECT_THAT(Ring(), ElementsAre(9, 6, 7, 8));
  EXPECT_EQ(writer_.header()->dropped.load(), 0u);
}

TEST_F(RingTest, OfATornBlockNothingIsRescued) {
  Block* const block = Hot();
  Write(Claim(), 1, 1);
  for (uint32_t i = 2; i <= kRing; ++i) Seal(block, i);
  writer_.set_ring_patience(1);
  EXPECT_THAT(Seal(block, 5), IsEmpty());
  EXPECT_THAT(Ring(), ElementsAre(5, 2, 3, 4));
  EXPECT_GT(writer_.header()->dropped.load(), 0u);
}

TEST_F(RingTest, AWriterThatIsLateTakesAnotherPlace) {
  Block* const block = Hot();
  for (uint32_t i = 1; i <= kRing; ++i) Seal(block, i);
  // The next claim is 5, but somebody else was there, a round later.
  Write(9, 90);
  EXPECT_THAT(Seal(block, 6), ElementsAre(2));
  EXPECT_THAT(Ring(), ElementsAre(90, 6, 3, 4));
}

TEST_F(RingTest, BlocksInMemoryAreWrittenBehindTheRing) {
  Block* const block = Hot();
  for (uint32_t i = 1; i <= kRing; ++i) Seal(block, i);
  block->words[0] = OpenWord(77);
  EXPECT_TRUE(writer_.WriteVolatile(&block->header));
  EXPECT_THAT(Ring(), ElementsAre(1, 2, 3, 4));
}

// At a program's exit its other threads go on: what is written of their blocks
// is what was there at one moment.
TEST_F(RingTest, ABlockInMemoryIsWrittenWholeWhileItsThreadWrites) {
  Block* const block = Hot();
  std::atomic<bool> over = false;
  std::thread thread([&] {
    for (uint32_t i = 0; !over; i = (i + 1) % std::size(block->words)) {
      const auto store = [](uint32_t& word, uint32_t value) {
        __atomic_store_n(&word, value, __ATOMIC_RELEASE);
      };
      if (i == 0) {
        for (uint32_t& word : block->words) store(word, 0);
      }
      store(block->words[i], OpenWord(i));
    }
  });
  const uint64_t first = writer_.header()->next_hot.load();
  uint64_t end = first;
  while (end < first + 500) {  // of a block without a record nothing is written
    ASSERT_TRUE(writer_.WriteVolatile(&block->header));
    end = writer_.header()->next_hot.load();
  }
  over = true;
  thread.join();
  for (uint64_t i = first; i < end; ++i) {
    auto written = std::make_unique<Block>();
    ASSERT_EQ(pread(file_, written.get(), kBlockSize,
                    static_cast<off_t>(i * kBlockSize)),
              static_cast<ssize_t>(kBlockSize));
    EXPECT_EQ(written->header.checksum,
              Checksum(written->words, std::size(written->words)));
  }
}

TEST_F(RingTest, ABlockThatCannotBeWrittenStaysAsItIs) {
  Block* const block = Hot();
  block->words[0] = 3;
  writer_.Stop(StopReason::kNoSpace);
  EXPECT_EQ(writer_.Seal(&block->header, kHeaderWords + 1, nullptr, nullptr),
            Writer::Sealed::kFailed);
  EXPECT_EQ(block->words[0], 3u);
}

// Every thread has a word that it carries along, with all that it rescues, from
// block to block. However they meet, no word is lost.
TEST_F(RingTest, ManyWritersLoseNothing) {
  constexpr uint32_t kThreads = 8;
  constexpr int kSeals = 1'000;
  std::vector<Block*> blocks;
  for (uint32_t i = 0; i < kThreads; ++i) blocks.push_back(Hot());
  const auto carry = [](void* context, const uint32_t* words, size_t count) {
    auto* const block = static_cast<Block*>(context);
    for (size_t i = 0; i < count && words[i] != 0; ++i) {
      block->words[i] = words[i];
    }
  };
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, block = blocks[i], i] {
      block->words[0] = i + 1;
      for (int n = 0; n < kSeals; ++n) {
        EXPECT_NE(writer_.Seal(&block->header, kBlockWords, carry, block),
                  Writer::Sealed::kFailed);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<uint32_t> found;
  const auto collect = [&](const Block& block) {
    for (const uint32_t word : block.words) {
      if (word != 0) found.insert(word);
    }
  };
  for (const Block* block : blocks) collect(*block);
  for (uint64_t i = 1; i <= kRing; ++i) {
    auto block = std::make_unique<Block>();
    ASSERT_EQ(pread(file_, block.get(), kBlockSize,
                    static_cast<off_t>(i * kBlockSize)),
              static_cast<ssize_t>(kBlockSize));
    collect(*block);
  }
  EXPECT_THAT(found, SizeIs(kThreads));
  EXPECT_EQ(writer_.header()->dropped.load(), 0u);
}

}  // namespace
}  // namespace lockcheck::log
