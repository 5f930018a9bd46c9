// Random programs, written as a log and played to a naive model at the same
// time: what the scan finds is what the model saw, wherever the log's segments
// are cut and however many threads read it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "tests/analysis/random_program.h"
#include "tests/analysis/scan_outcomes.h"
#include "tests/analysis/scanned_log.h"
#include "tests/rounds.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using log::testing::LogBuilder;

uint64_t Rounds(int usual) {
  return static_cast<uint64_t>(tests::Rounds(usual));
}

void ExpectFound(const ScannedLog& log, const RandomProgram& program) {
  ExpectSame(Found(log), program.Expected(log.statistics().end_ns));
}

constexpr size_t kNeverSplit = log::kBlockWords;

TEST(ScanPropertyTest, FindsWhatANaiveModelSaw) {
  const uint64_t first = std::random_device()();
  for (uint64_t seed = first; seed < first + Rounds(60); ++seed) {
    SCOPED_TRACE(seed);
    RandomProgram program(seed, kNeverSplit);
    program.Run(400);
    ExpectFound(ScannedLog(program.builder()), program);
    if (HasFailure()) break;
  }
}

TEST(ScanPropertyTest, DoesNotDependOnWhereSegmentsAreCut) {
  const uint64_t first = std::random_device()();
  for (uint64_t seed = first; seed < first + Rounds(40); ++seed) {
    for (size_t words : {40, 64, 200}) {
      SCOPED_TRACE(seed);
      SCOPED_TRACE(words);
      RandomProgram program(seed, words);
      program.Run(400);
      ExpectFound(ScannedLog(program.builder()), program);
    }
    if (HasFailure()) break;
  }
}

TEST(ScanPropertyTest, DoesNotDependOnThreadsNorOnWhereStreamsAreCut) {
  const uint64_t first = std::random_device()();
  for (uint64_t seed = first; seed < first + Rounds(20); ++seed) {
    for (unsigned threads : {1u, 2u, 5u}) {
      for (size_t piece : {0, 1, 7}) {
        SCOPED_TRACE(seed);
        SCOPED_TRACE(threads);
        SCOPED_TRACE(piece);
        RandomProgram program(seed, 40);
        program.Run(1000);
        ExpectFound(ScannedLog(program.builder(), threads, piece), program);
      }
    }
    if (HasFailure()) break;
  }
}

// Records that make no sense, or none that are whole: what comes out does not
// matter, that something comes out does.
TEST(ScanPropertyTest, SurvivesAnyWords) {
  const uint64_t first = std::random_device()();
  for (uint64_t seed = first; seed < first + Rounds(300); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto word = [&]() -> uint32_t {
      const auto any = static_cast<uint32_t>(random());
      switch (random() % 4) {
        case 0:
          return any;
        case 1:
          return any % 16;
        case 2:  // a record of any kind, about as long as it should be
          return log::Extended(static_cast<log::Op>(any % 32), 3 + any / 32 % 8,
                               any / 256 % 256);
        default:  // a short record with small ids
          return any % 8 | any / 8 % 8 << 3 | (8 + any / 64 % 8) << 20;
      }
    };
    LogBuilder b;
    b.Process(1).Actor(1, BeginHow::kMain).Actor(2, BeginHow::kForeign);
    b.Actor(3, BeginHow::kForkChild, {.parent = 1, .held = {{1, 9}, {2, 9}}});
    for (int i = 0; i < 60; ++i) {
      std::vector<uint32_t> words(1 + random() % 12);
      std::generate(words.begin(), words.end(), word);
      const uint32_t actor = 1 + random() % 3;
      b.Raw(actor, words);
      if (random() % 4 == 0) b.NewSegment(actor);
    }
    const ScannedLog log(b, 1 + random() % 3, random() % 4);
    EXPECT_EQ(log.observations().end.size(), log.recording().actors.size());
    EXPECT_EQ(log.statistics().objects.size(), log.recording().objects.size());
  }
}

}  // namespace
}  // namespace lockcheck::analysis::testing
