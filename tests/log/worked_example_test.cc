// docs/log-format.md's worked example: decoding its words gives what stands
// beside them.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "lib/log/decode.h"
#include "tests/log/log_builder.h"
#include "tests/log/transcript.h"

namespace lockcheck::log {
namespace {

using testing::LogBuilder;
using testing::Transcript;

struct Example {
  std::vector<uint32_t> words;
  std::vector<std::string> events;
};

Example ReadExample() {
  Example example;
  std::ifstream document(LOCKCHECK_LOG_FORMAT_DOCUMENT);
  EXPECT_TRUE(document) << LOCKCHECK_LOG_FORMAT_DOCUMENT;
  bool inside = false;
  for (std::string line; std::getline(document, line);) {
    if (line.rfind("```", 0) == 0) {
      inside = line == "```log-example";
      continue;
    }
    const size_t bar = line.find('|');
    if (!inside || bar == std::string::npos) continue;
    std::istringstream words(line.substr(0, bar));
    for (std::string word; words >> word;)
      example.words.push_back(
          static_cast<uint32_t>(std::stoul(word, nullptr, 16)));
    example.events.push_back(line.substr(bar + 2));
  }
  return example;
}

TEST(WorkedExampleTest, ItsWordsDecodeToTheEventsBesideThem) {
  const Example example = ReadExample();
  ASSERT_GE(example.events.size(), 10u);
  Transcript t;
  const DecodeResult result =
      DecodeSegment(std::span<const uint32_t>(example.words), t);
  EXPECT_EQ(t.lines, example.events);
  EXPECT_EQ(result.status, DecodeStatus::kEnd);
  EXPECT_EQ(result.words, example.words.size());
}

TEST(WorkedExampleTest, ItsWordsAreThoseThatAWriterOfTheSameEventsStores) {
  LogBuilder b;
  b.Stream(2).Object(1, model::ObjectKind::kMutex, "fork 1", 0, 8, 0x55d0);
  b.Site(8, {PackFrame(1, 0x1a40)}).Section(2, 1, 8);
  b.Section(2, 1, 8, {.handover = 5});
  b.Section(2, 1, 8, {.start = 300, .end = 3000}).Open(2, 1, 8);
  b.Section(2, 2, 9).SectionThenClose(2, 2, 9).At(9000).Block(2, 2, 9, 3, 10);
  b.At(9500).Unblock(2).Open(2, 2, 9, {.handover = 6}).Close(2);
  const testing::Extras reads = {.mode = model::Mode::kShared, .handover = 6};
  b.Section(2, 3, 11, reads).Section(2, 3, 11, reads);
  const Example example = ReadExample();
  std::vector<uint32_t> words(example.words.size() + 1);
  std::memcpy(words.data(), b.bytes().data() + kBlockSize + sizeof(BlockHeader),
              words.size() * sizeof(uint32_t));
  EXPECT_EQ(words.back(), 0u);
  words.pop_back();
  EXPECT_EQ(words, example.words);
}

// The document's table of the header, in the order of its bytes.
TEST(WorkedExampleTest, TheHeadersFieldsStandWhereTheDocumentSays) {
  EXPECT_EQ(offsetof(FileHeader, block_size), 12u);
  EXPECT_EQ(offsetof(FileHeader, recording_id), 16u);
  EXPECT_EQ(offsetof(FileHeader, start_unix_ns), 32u);
  EXPECT_EQ(offsetof(FileHeader, max_blocks), 56u);
  EXPECT_EQ(offsetof(FileHeader, ring_blocks), 64u);
  EXPECT_EQ(offsetof(FileHeader, next_block), 72u);
  EXPECT_EQ(offsetof(FileHeader, next_object), 80u);
  EXPECT_EQ(offsetof(FileHeader, next_place), 104u);
  EXPECT_EQ(offsetof(FileHeader, stop_reason), 108u);
  EXPECT_EQ(offsetof(FileHeader, dropped), 112u);
  EXPECT_EQ(offsetof(FileHeader, volatile_hot), 120u);
  EXPECT_EQ(offsetof(FileHeader, next_hot), 128u);
  EXPECT_EQ(offsetof(FileHeader, stop_ticks), 136u);
  EXPECT_EQ(offsetof(BlockHeader, checksum), 16u);
  EXPECT_EQ(sizeof(BlockHeader), 64u);
}

}  // namespace
}  // namespace lockcheck::log
