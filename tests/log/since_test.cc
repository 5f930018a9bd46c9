// A recording that is cut at a mark tells what a whole one tells from there on,
// and holds what was held there.
#include "lib/log/since.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "lib/log/recording.h"
#include "tests/log/log_builder.h"
#include "tests/log/random_log.h"
#include "tests/log/read_back.h"
#include "tests/log/transcript.h"
#include "tests/rounds.h"

namespace lockcheck::log {
namespace {

using model::ObjectKind;
using ::testing::IsEmpty;
using testing::LogBuilder;
using testing::RandomLog;
using testing::ReadBack;
using testing::Transcript;

std::vector<std::string> Told(const Recording& recording, ActorIndex actor) {
  Transcript transcript;
  recording.Replay(actor, transcript);
  return transcript.lines;
}

// Without the segments' own words: how the stream is cut does not count.
std::vector<std::string> WithoutSegments(std::vector<std::string> lines) {
  std::erase_if(
      lines, [](const std::string& line) { return line.starts_with("segm"); });
  return lines;
}

// What a stream holds behind its words.
class Holding : public RecordVisitor {
 public:
  std::vector<uint32_t> objects;
  void OnSegment(const SegmentHeader& h) {
    objects.clear();
    for (size_t i = 0; i < h.held_count(); ++i) {
      objects.push_back(h.HeldAt(i).object);
    }
  }
  void OnAcquire(const AcquireRecord& a) { objects.push_back(a.object); }
  void OnRelease(const ReleaseRecord& r) {
    objects.erase(objects.end() - 1 - static_cast<ptrdiff_t>(r.depth));
  }
};

// Where each record of the segment begins.
std::vector<uint32_t> Boundaries(const Segment& segment) {
  std::vector<uint32_t> all;
  std::span<const uint32_t> words = segment.words;
  uint32_t at = 0;
  while (at < words.size() && words[at] != 0) {
    at += static_cast<uint32_t>(
        RecordWords(words[at], at + 1 < words.size() ? words[at + 1] : 0));
    all.push_back(at);
  }
  return all;
}

TEST(Since, ACutStreamTellsTheRestAndHoldsWhatWasHeld) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < tests::Rounds(100); ++round) {
    RandomLog log(random(), {.actors = 3, .events = 300});
    const auto whole = ReadBack(log.builder);
    const auto cut = ReadBack(log.builder);
    const ActorIndex a = random() % whole->actors.size();
    const Actor& actor = whole->actors[a];
    const size_t s = random() % actor.segments.size();
    const Segment& segment = actor.segments[s];
    const auto boundaries = Boundaries(segment);
    const uint32_t words = boundaries[random() % boundaries.size()];
    KeepSince(*cut, 0,
              std::vector<StreamMark>{{actor.id, segment.number, words}});

    Transcript before;
    Holding held, now;
    for (size_t i = 0; i < s; ++i) {
      DecodeSegment(actor.segments[i].words, before);
      DecodeSegment(actor.segments[i].words, held);
    }
    DecodeSegment(segment.words.first(words), before);
    DecodeSegment(segment.words.first(words), held);
    auto rest = Told(*whole, a);
    rest.erase(rest.begin(),
               rest.begin() + static_cast<ptrdiff_t>(before.lines.size()));
    EXPECT_EQ(WithoutSegments(Told(*cut, a)), WithoutSegments(rest));
    const Segment& first = cut->actors[a].segments.front();
    DecodeSegment(first.words.first(WordsOf(first.words[0])), now);
    EXPECT_EQ(now.objects, held.objects);
    if (HasFailure()) return;
  }
}

TEST(Since, WhoHadEndedTellsNothingAndWhoBeganLaterTellsAll) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain).Object(1, ObjectKind::kMutex, "m");
  b.At(100).Fork(1, 2).Actor(2, BeginHow::kStarted, {.parent = 1});
  b.Section(2, 1, 8).End(2);
  b.At(300).Fork(1, 3).Actor(3, BeginHow::kStarted, {.parent = 1});
  b.Section(3, 1, 8).End(3).Exit(1);
  const auto recording = ReadBack(b);
  const auto all_of_third = Told(*recording, 2);
  KeepSince(*recording, LogBuilder::kStartTicks + 200, {});
  EXPECT_THAT(recording->actors[1].segments, IsEmpty());
  EXPECT_EQ(Told(*recording, 2), all_of_third);
}

TEST(Since, AMarkThatNoSegmentHasKeepsWhatComesAfter) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain).Object(1, ObjectKind::kMutex, "m");
  b.Section(1, 1, 8).Exit(1);
  const auto recording = ReadBack(b);
  KeepSince(*recording, 0, std::vector<StreamMark>{{1, 7, 20}});
  EXPECT_THAT(recording->actors[0].segments, IsEmpty());
}

}  // namespace
}  // namespace lockcheck::log
