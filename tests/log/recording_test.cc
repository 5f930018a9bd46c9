// Whole logs, undamaged: what stands in them is what a Recording says.
#include "lib/log/recording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/log/log_file.h"
#include "tests/log/log_builder.h"
#include "tests/log/random_log.h"
#include "tests/log/read_back.h"
#include "tests/log/transcript.h"

namespace lockcheck::log {
namespace {

using model::ObjectKind;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Held;
using ::testing::IsEmpty;
using testing::LogBuilder;
using testing::RandomLog;
using testing::ReadBack;
using testing::Transcript;

// The events that RandomLog speaks of.
std::vector<std::string> Events(const Recording& r, uint32_t actor) {
  Transcript t;
  r.Replay(r.FindActor(actor), t);
  std::vector<std::string> events;
  for (const std::string& line : t.lines) {
    for (const char* word : {"section ", "acquire ", "release ", "try "}) {
      if (line.rfind(word, 0) == 0) events.push_back(line);
    }
  }
  return events;
}

std::vector<std::string> Replayed(const Recording& r, uint32_t actor) {
  Transcript t;
  r.Replay(r.FindActor(actor), t);
  return t.lines;
}

TEST(RecordingTest, KnowsTheProgramThatWroteIt) {
  LogBuilder b;
  b.Process(1, {.pid = 77,
                .start_time = 5,
                .program = "/bin/cat",
                .arguments = std::string("cat\0-n\0file", 11),
                .options = "log=x",
                .host = "box"});
  b.Actor(1, BeginHow::kMain).At(500).Exit(1, 1234);
  const auto r = ReadBack(b);
  EXPECT_EQ(r->recording_id, "000102030405060708090a0b0c0d0e0f");
  EXPECT_EQ(r->start_unix_ns, LogBuilder::kStartUnixNs);
  ASSERT_EQ(r->processes.size(), 1u);
  const Process& p = r->processes[0];
  EXPECT_EQ(p.pid, 77u);
  EXPECT_EQ(p.program, "/bin/cat");
  EXPECT_THAT(p.arguments, ElementsAre("cat", "-n", "file"));
  EXPECT_EQ(p.options, "log=x");
  EXPECT_EQ(p.host, "box");
  EXPECT_EQ(p.parent, kNone);
  EXPECT_TRUE(p.exited);
  EXPECT_EQ(p.cpu_ns, 1234u);
  EXPECT_EQ(r->last_ticks, LogBuilder::kStartTicks + 500);
  EXPECT_TRUE(r->complete);
  EXPECT_THAT(r->warnings, IsEmpty());
}

TEST(RecordingTest, KnowsItsActors) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain).At(10).Fork(1, 2);
  b.At(20).Actor(2, BeginHow::kStarted, {.parent = 1, .tid = 99});
  b.Name(NameTarget::kActor, 2, "worker").At(50).End(2, 7, 8, 9).Exit(1);
  const auto r = ReadBack(b);
  ASSERT_EQ(r->actors.size(), 2u);
  const Actor& worker = r->actors[r->FindActor(2)];
  EXPECT_EQ(worker.id, 2u);
  EXPECT_EQ(worker.tid, 99u);
  EXPECT_EQ(worker.name, "worker");
  EXPECT_EQ(worker.how, BeginHow::kStarted);
  EXPECT_EQ(worker.parent, r->FindActor(1));
  EXPECT_EQ(worker.process, 0u);
  EXPECT_TRUE(worker.begun);
  EXPECT_TRUE(worker.ended);
  EXPECT_EQ(worker.begin_ticks, LogBuilder::kStartTicks + 20);
  EXPECT_EQ(worker.end_ticks, LogBuilder::kStartTicks + 50);
  EXPECT_EQ(worker.cpu_ns, 7u);
  EXPECT_EQ(worker.voluntary, 8u);
  EXPECT_EQ(worker.involuntary, 9u);
  EXPECT_FALSE(r->actors[r->FindActor(1)].ended);
  EXPECT_EQ(r->FindActor(3), kNone);
}

TEST(RecordingTest, KnowsObjectsSitesStacksPlacesAndModules) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain);
  b.Module(4, "/lib/m.so", 0x7000, 0x100, "\x0a\xbc").Place(3, "a.cc", 12, "f");
  b.Site(8, {PackFrame(4, 0x10), PackFrame(0, 0x20), PackFrame(5, 0x30)});
  b.Object(6, ObjectKind::kRecursiveMutex, "queue lock", 3, 8, 0xabc);
  b.Stack(2, {StackReason::kWait, 6, 8, 7, 9}, {PackFrame(4, 0x40)});
  b.Section(1, 6, 8).Exit(1);
  const auto r = ReadBack(b);
  ASSERT_EQ(r->modules.size(), 1u);
  EXPECT_EQ(r->modules[0].path, "/lib/m.so");
  EXPECT_EQ(r->modules[0].build_id, "0abc");
  EXPECT_EQ(r->modules[0].base, 0x7000u);
  const Site& site = r->sites[r->FindSite(8)];
  EXPECT_THAT(site.frames, ElementsAre(Frame{0, 0x10}, Frame{kNone, 0x20},
                                       Frame{kNone, 0x30}));
  const Stack& stack = r->stacks[r->FindStack(2)];
  EXPECT_EQ(stack.actor, 1u);
  EXPECT_EQ(stack.of.reason, StackReason::kWait);
  EXPECT_EQ(stack.of.object, 6u);
  EXPECT_EQ(stack.of.site, 8u);
  EXPECT_EQ(stack.of.held_object, 7u);
  EXPECT_EQ(stack.of.held_site, 9u);
  EXPECT_THAT(stack.frames, ElementsAre(Frame{0, 0x40}));
  const Object& object = r->objects[r->FindObject(0, 6)];
  EXPECT_EQ(object.kind, ObjectKind::kRecursiveMutex);
  EXPECT_EQ(object.name, "queue lock");
  EXPECT_EQ(r->places[object.place].file, "a.cc");
  EXPECT_EQ(r->places[object.place].line, 12u);
  EXPECT_EQ(object.first_use, r->FindSite(8));
  EXPECT_EQ(object.address, 0xabcu);
}

TEST(RecordingTest, ANameGivenLaterCounts) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain).Object(1, ObjectKind::kMutex, "old");
  b.Name(NameTarget::kObject, 1, "new").Exit(1);
  const auto r = ReadBack(b);
  EXPECT_EQ(r->objects[r->FindObject(0, 1)].name, "new");
}

TEST(RecordingTest, IdsThatAreUsedButNotDefinedAreUnknownObjectsAndSites) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain).Section(1, 5, 9);
  b.Open(1, kShortObjects + 7, kShortSites + 7).Close(1).Exit(1);
  const auto r = ReadBack(b);
  for (const uint32_t id : {5u, kShortObjects + 7}) {
    const ObjectIndex object = r->FindObject(0, id);
    ASSERT_NE(object, kNone) << id;
    EXPECT_EQ(r->objects[object].kind, ObjectKind::kUnknown);
    EXPECT_EQ(r->objects[object].id, id);
    EXPECT_EQ(r->objects[object].place, kNone);
  }
  for (const uint32_t id : {9u, kShortSites + 7}) {
    ASSERT_NE(r->FindSite(id), kNone) << id;
    EXPECT_THAT(r->sites[r->FindSite(id)].frames, IsEmpty());
  }
  EXPECT_EQ(r->FindObject(0, 6), kNone);
  EXPECT_EQ(r->FindSite(10), kNone);
}

TEST(RecordingTest, ObjectsAreUsedByEveryRecordThatNamesThem) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain, {.hot = true, .held = {{1, 0}}});
  b.Block(1, 2, 0, 0, 0).TryFailed(1, 3, 0).Destroy(1, 4).ReleasedByOther(1, 5);
  b.Misuse(1, model::Misuse::kUnlockFree, 6, 0).SawWaiters(1, 7);
  b.JoinBlock(1, 9, 0);  // an actor, not an object
  const auto r = ReadBack(b);
  for (uint32_t id = 1; id <= 7; ++id) EXPECT_NE(r->FindObject(0, id), kNone);
  EXPECT_EQ(r->FindObject(0, 9), kNone);
}

TEST(RecordingTest, AForkedChildHasItsOwnCopiesOfTheObjectsItUses) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain);
  b.Object(1, ObjectKind::kMutex, "shared").Object(2, ObjectKind::kMutex);
  b.Process(2, {.parent = 1});
  b.Actor(2, BeginHow::kForkChild, {.parent = 1, .held = {{1, 8}}});
  b.Exit(1).Exit(2);
  const auto r = ReadBack(b);
  ASSERT_EQ(r->processes.size(), 2u);
  EXPECT_EQ(r->processes[1].parent, 0u);
  const ObjectIndex mine = r->FindObject(0, 1), childs = r->FindObject(1, 1);
  ASSERT_NE(mine, kNone);
  ASSERT_NE(childs, kNone);
  EXPECT_NE(mine, childs);
  EXPECT_EQ(r->objects[childs].process, 1u);
  EXPECT_EQ(r->objects[childs].name, "shared");
  EXPECT_EQ(r->objects[childs].kind, ObjectKind::kMutex);
  EXPECT_EQ(r->FindObject(1, 2), kNone);
  EXPECT_TRUE(r->complete);
}

TEST(RecordingTest, AProcessThatCalledExecIsReplacedNotMissing) {
  LogBuilder b;
  b.Process(1, {.pid = 9, .start_time = 4}).Actor(1, BeginHow::kMain);
  b.Process(2, {.pid = 9, .parent = 1, .start_time = 4});
  b.Actor(2, BeginHow::kMain).Exit(2);
  const auto r = ReadBack(b);
  EXPECT_TRUE(r->processes[0].replaced_by_exec);
  EXPECT_FALSE(r->processes[1].replaced_by_exec);
  EXPECT_TRUE(r->complete);
}

TEST(RecordingTest, AProcessThatDidNotExitMakesItIncomplete) {
  LogBuilder b;
  b.Process(1, {.pid = 9, .program = "/bin/x"}).Actor(1, BeginHow::kMain);
  const auto r = ReadBack(b);
  EXPECT_FALSE(r->complete);
  EXPECT_THAT(r->warnings,
              ElementsAre(HasSubstr("process 9 (/bin/x) recorded no end")));
}

TEST(RecordingTest, OfAProcessThatHadOnlyBegunTheIdIsNotKnown) {
  LogBuilder b;
  b.Actor(1, BeginHow::kMain);
  EXPECT_THAT(ReadBack(b)->warnings,
              ElementsAre(HasSubstr(
                  ": a process that had only begun recorded no end")));
}

TEST(RecordingTest, SaysWhyRecordingStoppedAndHowMuchWasDropped) {
  LogBuilder b;
  b.Stopped(StopReason::kNoSpace).Dropped(12).VolatileHot();
  b.Process(1).Actor(1, BeginHow::kMain).Exit(1);
  const auto r = ReadBack(b);
  EXPECT_EQ(r->stop_reason, StopReason::kNoSpace);
  EXPECT_EQ(r->dropped, 12u);
  EXPECT_TRUE(r->volatile_hot);
  EXPECT_FALSE(r->complete);
  EXPECT_THAT(r->warnings,
              ElementsAre(HasSubstr("the file system was full"),
                          HasSubstr("12 records were not written")));
}

TEST(RecordingTest, TheClockRunsAtTheRateOfTheWidestPair) {
  LogBuilder b;
  b.NsPerTick(0.4).Process(1).Actor(1, BeginHow::kMain);
  b.At(10'000'000).NewSegment(1).At(100'000'000).Exit(1);
  const auto r = ReadBack(b);
  EXPECT_NEAR(r->clock.ns_per_tick, 0.4, 1e-6);
  EXPECT_NEAR(r->clock.ToNs(LogBuilder::kStartTicks + 1000), 400, 0.01);
}

TEST(RecordingTest, WithOneMomentOnlyATickIsANanosecond) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain);
  EXPECT_EQ(ReadBack(b)->clock.ns_per_tick, 1.0);
}

TEST(RecordingTest, SegmentsOfOneBlockAreSplitByActor) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain, {.hot = true}).Section(1, 1, 8).End(1);
  b.Actor(2, BeginHow::kForeign, {.reuse_block_of = 1}).Section(2, 2, 8);
  const auto r = ReadBack(b);
  EXPECT_THAT(Events(*r, 1), ElementsAre("section 1@8"));
  EXPECT_THAT(Events(*r, 2), ElementsAre("section 2@8"));
  EXPECT_EQ(r->actors[0].segments[0].block, r->actors[1].segments[0].block);
}

TEST(RecordingTest, ASegmentThatIsInTheFileTwiceCountsOnce) {
  for (const size_t zeroed : {0, 1, 4, 12, 5000}) {
    SCOPED_TRACE(zeroed);
    LogBuilder b;
    b.Process(1).Actor(1, BeginHow::kMain, {.hot = true});
    b.Section(1, 1, 8).Section(1, 2, 8).SealAndDie(1, zeroed);
    const auto r = ReadBack(b);
    ASSERT_EQ(r->actors.size(), 1u);
    ASSERT_EQ(r->actors[0].segments.size(), 1u);
    EXPECT_FALSE(r->actors[0].segments[0].hot);
    EXPECT_THAT(Events(*r, 1), ElementsAre("section 1@8", "section 2@8"));
  }
}

// Killed between the claim and the write: what was to be sealed is in the hot
// block.
TEST(RecordingTest, ABlockThatWasClaimedToSealAFullOneIsNoLoss) {
  for (const bool full : {true, false}) {
    LogBuilder b;
    b.Process(1).Actor(1, BeginHow::kMain, {.hot = true});
    for (size_t i = 0; i < (full ? kBlockWords - 200 : 100); ++i) {
      b.Section(1, 1, 8);
    }
    const auto r = ReadBack(b.FreeBlock());
    EXPECT_EQ(r->whole, full);
    EXPECT_EQ(r->warnings.size(), full ? 1u : 2u);  // it recorded no end
    // The file does not even reach so far.
    const std::string bytes = b.bytes();
    const auto shorter = Recording::OpenBytes(
        "test.log", bytes.substr(0, bytes.size() - kBlockSize));
    ASSERT_TRUE(shorter.ok()) << shorter.status();
    EXPECT_EQ((*shorter)->whole, full);
    EXPECT_EQ((*shorter)->warnings.size(), full ? 1u : 2u);
  }
}

// Its claimant was about to write.
TEST(RecordingTest, ABlockThatIsWrittenMeanwhileIsNotFreeAnyMore) {
  for (const uint64_t ring : {0, 4}) {
    LogBuilder b;
    if (ring != 0) b.Ring(ring);
    b.Process(1).Actor(1, BeginHow::kMain, {.hot = ring == 0}).FreeBlock();
    const uint64_t number = b.NextBlock() - 1;
    if (ring == 0) b.Actor(2, BeginHow::kForeign);
    const std::string path =
        absl::StrCat(::testing::TempDir(), "/written_meanwhile.", getpid());
    b.Write(path);
    const auto file = LogFile::Open(path);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_TRUE((*file)->IsStillFree(number));
    std::fstream writer(path, std::ios::binary | std::ios::in | std::ios::out);
    writer.seekp(static_cast<std::streamoff>(number * kBlockSize));
    writer.write(reinterpret_cast<const char*>(&kBlockMagic),
                 sizeof(kBlockMagic));
    writer.close();
    EXPECT_FALSE((*file)->IsStillFree(number));
    std::remove(path.c_str());
  }
}

TEST(RecordingTest, ARingSaysHowMuchItForgot) {
  LogBuilder b;
  b.Ring(3).Process(1).Actor(1, BeginHow::kMain, {.hot = true});
  for (uint32_t i = 1; i <= 10; ++i) b.Section(1, i, 8).NewBlock(1);
  b.Section(1, 11, 8).Exit(1);
  const auto r = ReadBack(b);
  EXPECT_THAT(Events(*r, 1), ElementsAre("section 8@8", "section 9@8",
                                         "section 10@8", "section 11@8"));
  EXPECT_FALSE(r->complete);
  EXPECT_THAT(r->warnings, ElementsAre(HasSubstr("oldest 7 segments")));
}

TEST(RecordingTest, ThreadsThatBeganAfterTheStopAreLeftOut) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain).Fork(1, 2);
  b.At(10).Actor(2, BeginHow::kStarted, {.parent = 1}).Section(2, 1, 8);
  b.At(20).Stopped(StopReason::kMaxLog);
  b.At(30).Actor(3, BeginHow::kStarted, {.parent = 1}).Section(3, 1, 8);
  const auto r = ReadBack(b);
  EXPECT_THAT(Events(*r, 2), ElementsAre("section 1@8"));
  EXPECT_THAT(Events(*r, 3), IsEmpty());
  EXPECT_THAT(r->warnings,
              Contains(HasSubstr("1 thread that began after recording had "
                                 "stopped is left out")));
}

// ---- Open holds ----

std::vector<Held> OpenHolds(const Recording& r, uint32_t actor) {
  struct Holds : RecordVisitor {
    void OnAcquire(const AcquireRecord& a) {
      held.push_back({a.object, a.site});
    }
    void OnRelease(const ReleaseRecord& r) {
      held.erase(held.end() - 1 - r.depth);
    }
    std::vector<Held> held;
  } holds;
  r.Replay(r.FindActor(actor), holds);
  return holds.held;
}

TEST(OpenHoldTest, AKilledProgramsLastAcquisitionIsInItsBlock) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain, {.hot = true}).Section(1, 1, 8);
  b.Open(1, 5, 9);
  const auto r = ReadBack(b);
  const std::vector<Held> held = OpenHolds(*r, 1);
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].object, 5u);
  EXPECT_EQ(held[0].site, 9u);
}

TEST(OpenHoldTest, ItSurvivesASealThatDidNotGetToTheNextSegment) {
  for (const size_t zeroed : {0, 1, 10, 5000}) {
    LogBuilder b;
    b.Process(1).Actor(1, BeginHow::kMain, {.hot = true}).Section(1, 1, 8);
    b.Open(1, 5, 9).SealAndDie(1, zeroed);
    const auto r = ReadBack(b);
    EXPECT_EQ(OpenHolds(*r, 1).size(), 1u) << zeroed;
  }
}

// ---- Random logs ----

std::vector<Held> HeldAt(std::span<const uint32_t> words) {
  struct Visitor : RecordVisitor {
    std::vector<Held> held;
    void OnSegment(const SegmentHeader& h) {
      for (size_t i = 0; i < h.held_count(); ++i)
        held.push_back({h.HeldAt(i).object, h.HeldAt(i).site});
    }
    void OnAcquire(const AcquireRecord& a) {
      held.push_back({a.object, a.site});
    }
    void OnRelease(const ReleaseRecord& r) {
      held.erase(held.end() - 1 - r.depth);
    }
  } v;
  DecodeSegment(words, v);
  return v.held;
}

bool SameHeld(const std::vector<Held>& a, const std::vector<Held>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Held& x, const Held& y) {
                      return x.object == y.object && x.site == y.site;
                    });
}

class RandomLogTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    seed_ = std::random_device()();
    RecordProperty("seed", std::to_string(seed_));
  }
  uint32_t seed_ = 0;
};

TEST_P(RandomLogTest, EveryEventIsReadInOrder) {
  for (int round = 0; round < 20; ++round, ++seed_) {
    SCOPED_TRACE(absl::StrCat("seed ", seed_));
    RandomLog log(seed_, {.actors = 1 + seed_ % 5, .hot = GetParam()});
    const auto r = ReadBack(log.builder);
    for (const auto& [actor, events] : log.events)
      ASSERT_EQ(Events(*r, actor), events) << "actor " << actor;
    EXPECT_EQ(r->complete, !GetParam());
  }
}

TEST_P(RandomLogTest, EverySegmentSaysExactlyWhatIsHeldWhereItBegins) {
  for (int round = 0; round < 20; ++round, ++seed_) {
    SCOPED_TRACE(absl::StrCat("seed ", seed_));
    RandomLog log(seed_, {.hot = GetParam()});
    const auto r = ReadBack(log.builder);
    for (const Actor& actor : r->actors) {
      // So a reader that starts at any of them goes on with the right set.
      for (size_t i = 0; i + 1 < actor.segments.size(); ++i) {
        const auto next = actor.segments[i + 1].words.subspan(
            0, actor.segments[i + 1].words[0] >> 8 & 0xffff);
        ASSERT_TRUE(SameHeld(HeldAt(actor.segments[i].words), HeldAt(next)));
      }
      ASSERT_TRUE(
          SameHeld(HeldAt(actor.segments.back().words), log.held[actor.id]));
    }
  }
}

TEST_P(RandomLogTest, AFileGivesTheSameAsItsBytes) {
  RandomLog log(seed_, {.hot = GetParam()});
  SCOPED_TRACE(absl::StrCat("seed ", seed_));
  const std::string path =
      ::testing::TempDir() + absl::StrCat("/recording_test.", seed_) + ".log";
  log.builder.Write(path);
  const auto opened = Recording::Open(path);
  ASSERT_TRUE(opened.ok()) << opened.status();
  const auto r = ReadBack(log.builder);
  ASSERT_EQ((*opened)->actors.size(), r->actors.size());
  EXPECT_EQ((*opened)->objects.size(), r->objects.size());
  for (const Actor& actor : r->actors)
    EXPECT_EQ(Replayed(**opened, actor.id), Replayed(*r, actor.id));
  ASSERT_EQ(std::remove(path.c_str()), 0);
}

INSTANTIATE_TEST_SUITE_P(SealedAndHot, RandomLogTest, ::testing::Bool(),
                         [](const auto& p) {
                           return p.param ? "Hot" : "Sealed";
                         });

// Large enough to be scanned by several threads.
TEST(RecordingTest, ManyBlocksAreReadWhole) {
  LogBuilder b;
  b.SplitEvery(100).Process(1).Actor(1, BeginHow::kMain);
  const int kSections = 40'000;
  for (int i = 0; i < kSections; ++i) b.Section(1, 1 + i % 1000, 8 + i % 50);
  b.Exit(1);
  const auto r = ReadBack(b);
  EXPECT_GT(r->actors[0].segments.size(), 400u);
  EXPECT_EQ(r->objects.size(), 1000u);
  EXPECT_EQ(r->sites.size(), 50u);
  EXPECT_EQ(Events(*r, 1).size(), static_cast<size_t>(kSections));
  EXPECT_TRUE(r->complete);
}

}  // namespace
}  // namespace lockcheck::log
