// Random programs, their logs, and the proof that the log keeps everything:
// each thread's operations in order, what it held at every point, and for each
// lock the order of its owners.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "lib/log/recording.h"
#include "tests/programs/performed.h"
#include "tests/rounds.h"
#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

namespace lockcheck::testing {
namespace {

using log::Recording;

std::vector<std::vector<Performed>> ReadNotes(const std::string& path) {
  std::vector<std::vector<Performed>> notes;
  FILE* const file = fopen(path.c_str(), "rb");
  if (file == nullptr) return notes;
  uint64_t count = 0;
  while (fread(&count, sizeof(count), 1, file) == 1) {
    notes.emplace_back(count);
    if (fread(notes.back().data(), sizeof(Performed), count, file) != count) {
      ADD_FAILURE() << path << " is cut";
    }
  }
  fclose(file);
  return notes;
}

// A lock(a, b, ...) request may take some members, give them back and begin
// anew. What is left is the round that got all, in the order of their numbers.
std::vector<Event> WithoutUndoneRounds(const std::vector<Event>& events) {
  std::vector<Event> out;
  size_t round = 0;   // members of the open round at the end of `out`
  size_t undone = 0;  // releases that are still to come
  const auto sort_round = [&] {
    std::sort(
        out.end() - static_cast<ptrdiff_t>(round), out.end(),
        [](const Event& a, const Event& b) { return a.object < b.object; });
    round = 0;
  };
  for (const Event& e : events) {
    const bool multi = e.how == model::How::kMulti;
    if (undone > 0) {
      EXPECT_EQ(e.what, What::kReleased);
      EXPECT_EQ(e.object, out.back().object);
      out.pop_back();
      --undone;
    } else if (multi && e.what == What::kAcquired) {
      if (e.group != round) {
        EXPECT_EQ(e.group, 0u);
        sort_round();
      }
      out.push_back(e);
      ++round;
    } else if (multi && e.what == What::kNotTaken) {
      undone = std::exchange(round, 0);
    } else {
      sort_round();
      out.push_back(e);
    }
  }
  sort_round();
  return out;
}

class RoundTrip : public ::testing::TestWithParam<const char*> {
 protected:
  struct Shape {
    uint32_t seed;
    int threads;
    int operations;
    int fillers;
  };

  // Its timed requests do run into each other.
  static std::string BesidesTimedCycles(const std::string& said) {
    std::istringstream lines(said);
    std::string rest;
    bool of_cycle = false;
    for (std::string line; std::getline(lines, line);) {
      of_cycle = line.starts_with("lockcheck: hazard timed-cycle") ||
                 (of_cycle && line.starts_with("lockcheck:   "));
      if (!of_cycle) rest += line + "\n";
    }
    return rest;
  }

  void Perform(const Shape& shape) {
    const Finished finished =
        Child("random_program",
              {std::to_string(shape.seed), std::to_string(shape.threads),
               std::to_string(shape.operations), std::to_string(shape.fillers),
               folder_ / "notes"})
            .Options("log=" + (folder_ / "log") + ":timing=" + GetParam())
            .Run();
    ASSERT_TRUE(finished.Succeeded()) << finished;
    EXPECT_EQ(BesidesTimedCycles(finished.err), "");
    notes_ = ReadNotes(folder_ / "notes");
    ASSERT_EQ(notes_.size(), static_cast<size_t>(shape.threads) + 1);
    recording_ = OpenLog(folder_ / "log");
    ASSERT_NE(recording_, nullptr);
    EXPECT_TRUE(recording_->complete);
    EXPECT_THAT(recording_->warnings, ::testing::IsEmpty());
    EXPECT_EQ(recording_->dropped, 0u);
    NumberLocks();
  }

  void NumberLocks() {
    static constexpr model::ObjectKind kKinds[] = {
        model::ObjectKind::kMutex,
        model::ObjectKind::kTimedMutex,
        model::ObjectKind::kRecursiveMutex,
        model::ObjectKind::kRecursiveTimedMutex,
        model::ObjectKind::kSharedMutex,
        model::ObjectKind::kSharedTimedMutex};
    lock_numbers_.clear();
    for (const log::Object& object : recording_->objects) {
      ASSERT_EQ(object.name.substr(0, 1), "L");
      const uint32_t number =
          static_cast<uint32_t>(std::stoul(object.name.substr(1)));
      const bool read = number >= 24 && number < 28;
      EXPECT_EQ(object.kind, kKinds[read ? 4 + number % 2 : number % 4])
          << object.name;
      EXPECT_TRUE(lock_numbers_.emplace(object.id, number).second);
    }
  }

  log::ActorIndex ActorOf(size_t thread) const {
    const std::string name = "T" + std::to_string(thread);
    for (size_t i = 0; i < recording_->actors.size(); ++i) {
      if (recording_->actors[i].name == name) {
        return static_cast<log::ActorIndex>(i);
      }
    }
    ADD_FAILURE() << "no actor " << name;
    return 0;
  }

  // Rounds are put in the order of the locks' numbers, as the notes are.
  std::vector<Event> EventsOf(size_t thread) const {
    const EventReader reader = ReadEvents(*recording_, ActorOf(thread));
    EXPECT_THAT(reader.complaints, ::testing::IsEmpty());
    EXPECT_THAT(reader.held, ::testing::IsEmpty());
    EXPECT_FALSE(reader.waiting);
    std::vector<Event> events = reader.events;
    for (Event& e : events) e.object = lock_numbers_.at(e.object);
    return WithoutUndoneRounds(events);
  }

  void ExpectEachThreadsOperations() const {
    for (size_t thread = 0; thread < notes_.size(); ++thread) {
      SCOPED_TRACE("thread " + std::to_string(thread));
      const std::vector<Event> events = EventsOf(thread);
      const std::vector<Performed>& notes = notes_[thread];
      const size_t common = std::min(events.size(), notes.size());
      for (size_t i = 0; i < common; ++i) {
        ASSERT_EQ(static_cast<int>(events[i].what), notes[i].what)
            << "event " << i;
        ASSERT_EQ(events[i].object, notes[i].lock) << "event " << i;
        if (events[i].what != What::kReleased) {
          ASSERT_EQ(static_cast<int>(events[i].how), notes[i].how)
              << "event " << i;
        }
        if (events[i].what == What::kAcquired) {
          ASSERT_EQ(events[i].mode == model::Mode::kShared, notes[i].read != 0)
              << "event " << i;
        }
      }
      ASSERT_EQ(events.size(), notes.size());
    }
  }

  // Hand-over counts cut a lock's acquisitions into runs of one actor; in the
  // order of the counts they are the order of its owners.
  void ExpectEachLocksOrder() const {
    struct Run {
      size_t thread;
      std::vector<uint32_t> sequences;
    };
    std::map<uint32_t, std::map<uint32_t, Run>> runs;  // lock, count
    for (size_t thread = 0; thread < notes_.size(); ++thread) {
      const EventReader reader = ReadEvents(*recording_, ActorOf(thread));
      std::map<uint32_t, uint32_t> present;  // lock -> count of its last run
      for (const Event& e : reader.events) {
        if (e.what != What::kAcquired || IsRead(e)) continue;
        const uint32_t lock = lock_numbers_.at(e.object);
        if (e.handed_over || !present.contains(lock)) {
          const uint32_t count = e.handed_over ? e.handover : 0;
          present[lock] = count;
          ASSERT_TRUE(runs[lock].emplace(count, Run{thread, {}}).second)
              << "lock " << lock << " was handed over twice as number "
              << count;
        }
      }
    }
    for (size_t thread = 0; thread < notes_.size(); ++thread) {
      AddSequences(thread, runs);
    }
    for (const auto& [lock, chain] : runs) {
      // A lock that was read before anybody wrote begins with 1.
      const uint32_t first = chain.begin()->first;
      ASSERT_LE(first, lock >= 24 && lock < 28 ? 1u : 0u) << "lock " << lock;
      ASSERT_EQ(chain.rbegin()->first - first, chain.size() - 1)
          << "lock " << lock;
      uint32_t expected = 0;
      for (const auto& [count, run] : chain) {
        for (const uint32_t sequence : run.sequences) {
          ASSERT_EQ(sequence, expected++) << "lock " << lock << ", hand-over "
                                          << count << ", thread " << run.thread;
        }
      }
    }
    ExpectReadersBetweenTheirWriters(runs);
  }

  // A reader's count is that of the writers before it: all of those, and none
  // of the next ones.
  template <typename Runs>
  void ExpectReadersBetweenTheirWriters(const Runs& runs) const {
    for (size_t thread = 0; thread < notes_.size(); ++thread) {
      const std::vector<Event> events = EventsOf(thread);
      for (size_t i = 0; i < events.size(); ++i) {
        const Event& e = events[i];
        if (e.what != What::kAcquired || !IsRead(e)) continue;
        uint32_t writers = 0;
        if (const auto chain = runs.find(e.object); chain != runs.end()) {
          for (const auto& [count, run] : chain->second) {
            if (count > e.handover) break;
            writers += static_cast<uint32_t>(run.sequences.size());
          }
        }
        ASSERT_EQ(writers, notes_[thread][i].sequence)
            << "lock " << e.object << ", thread " << thread;
      }
    }
  }
  static bool IsRead(const Event& e) { return e.mode == model::Mode::kShared; }

  template <typename Runs>
  void AddSequences(size_t thread, Runs& runs) const {
    // Undone rounds may hold the record of a hand-over: follow all events, take
    // the notes' numbers for those that stayed.
    const EventReader reader = ReadEvents(*recording_, ActorOf(thread));
    std::map<uint32_t, uint32_t> present;
    std::vector<Event> marked = reader.events;
    for (Event& e : marked) {
      e.object = lock_numbers_.at(e.object);
      if (e.what != What::kAcquired || IsRead(e)) continue;
      if (e.handed_over) present[e.object] = e.handover;
      e.handover = present[e.object];
    }
    const std::vector<Event> events = WithoutUndoneRounds(marked);
    for (size_t i = 0; i < events.size(); ++i) {
      if (events[i].what != What::kAcquired || IsRead(events[i])) continue;
      runs[events[i].object]
          .at(events[i].handover)
          .sequences.push_back(notes_[thread][i].sequence);
    }
  }

  // A reader that starts at any segment, with nothing but its held list, reads
  // the same.
  void ExpectSameFromAnySegmentOn() const {
    for (const log::Actor& actor : recording_->actors) {
      EventReader whole;
      for (const log::Segment& segment : actor.segments) {
        DecodeSegment(segment.words, whole);
      }
      EXPECT_THAT(whole.complaints, ::testing::IsEmpty());
      ASSERT_EQ(whole.segment_starts.size(), actor.segments.size());
      whole.segment_starts.push_back(whole.events.size());
      for (size_t k = 0; k < actor.segments.size(); ++k) {
        EXPECT_EQ(actor.segments[k].number, k);
        EventReader part;
        DecodeSegment(actor.segments[k].words, part);
        EXPECT_THAT(part.complaints, ::testing::IsEmpty()) << "segment " << k;
        const auto begin = whole.events.begin();
        const std::vector<Event> slice(
            begin + static_cast<ptrdiff_t>(whole.segment_starts[k]),
            begin + static_cast<ptrdiff_t>(whole.segment_starts[k + 1]));
        ASSERT_TRUE(WithoutOpenWait(slice) == WithoutOpenWait(part.events))
            << "segment " << k << " of actor " << actor.id;
      }
    }
  }

  // A wait that began in the segment before ends without its object's name.
  static std::vector<Event> WithoutOpenWait(std::vector<Event> events) {
    if (!events.empty() && events[0].what == What::kTimedOut) {
      events.erase(events.begin());
    }
    return events;
  }

  void ExpectTimesAsAsked() const {
    const std::string timing = GetParam();
    const uint64_t start = recording_->clock.start_ticks;
    size_t all = 0, timed = 0;
    for (size_t thread = 0; thread < notes_.size(); ++thread) {
      uint64_t last = start;
      for (const Event& e : EventsOf(thread)) {
        if (e.what != What::kAcquired) continue;
        ++all;
        if (!e.timed) continue;
        ++timed;
        // Members of one request stand in the order of their numbers.
        if (e.how == model::How::kMulti) continue;
        // A time word is rounded down by at most 1/2048.
        ASSERT_GE(e.ticks, start);
        ASSERT_LE(e.ticks, recording_->last_ticks);
        ASSERT_GE(e.ticks, last - (last - start) / 2048);
        last = std::max(last, e.ticks);
      }
    }
    if (timing == "off") {
      EXPECT_EQ(timed, 0u);
    } else if (timing == "full") {
      EXPECT_EQ(timed, all);
    } else {
      EXPECT_GT(timed, all / 256);
      EXPECT_LT(timed, all / 8);
    }
  }

  Folder folder_;
  std::vector<std::vector<Performed>> notes_;
  std::unique_ptr<Recording> recording_;
  std::map<uint32_t, uint32_t> lock_numbers_;  // raw object id -> lock
};

TEST_P(RoundTrip, TheLogSaysWhatTheThreadsDid) {
  for (int round = 0; round < tests::Rounds(1); ++round) {
    const uint32_t seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    ASSERT_NO_FATAL_FAILURE(Perform({seed, 4, 60'000, 0}));
    size_t segments = 0;
    for (const log::Actor& actor : recording_->actors) {
      segments = std::max(segments, actor.segments.size());
    }
    EXPECT_GT(segments, 5u);
    ExpectEachThreadsOperations();
    ExpectEachLocksOrder();
    ExpectSameFromAnySegmentOn();
    ExpectTimesAsAsked();
  }
}

TEST_P(RoundTrip, OneThreadIsNeverHandedALock) {
  for (int round = 0; round < tests::Rounds(1); ++round) {
    const uint32_t seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    ASSERT_NO_FATAL_FAILURE(Perform({seed, 1, 100'000, 0}));
    ExpectEachThreadsOperations();
    ExpectSameFromAnySegmentOn();
    ExpectTimesAsAsked();
    for (const Event& e : EventsOf(1)) {
      // What was read meanwhile counts as handed over.
      ASSERT_FALSE(e.handed_over && !(e.object >= 24 && e.object < 28));
    }
  }
}

TEST_P(RoundTrip, LocksBeyondTheShortRecordsAreTheSame) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  ASSERT_NO_FATAL_FAILURE(Perform({seed, 3, 5'000, 131'100}));
  uint32_t largest = 0;
  for (const log::Object& object : recording_->objects) {
    largest = std::max(largest, object.id);
  }
  EXPECT_GE(largest, log::kShortObjects);
  ExpectEachThreadsOperations();
  ExpectEachLocksOrder();
  ExpectSameFromAnySegmentOn();
}

INSTANTIATE_TEST_SUITE_P(Timing, RoundTrip,
                         ::testing::Values("off", "sampled", "full"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace lockcheck::testing
