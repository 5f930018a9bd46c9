// A program is killed at a random point. Its log must have every call that had
// returned, at most one more per thread, and say who held what.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/programs/script.h"
#include "tests/rounds.h"
#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

namespace lockcheck::testing {
namespace {

using ::testing::IsEmpty;

class Kill : public ::testing::TestWithParam<const char*> {
 protected:
  Kill() {
    fd_ = open((folder_ / "counters").c_str(), O_RDWR | O_CREAT, 0600);
    if (ftruncate(fd_, sizeof(Counters)) != 0) std::abort();
    counters_ = static_cast<Counters*>(mmap(
        nullptr, sizeof(Counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0));
  }
  ~Kill() override {
    munmap(counters_, sizeof(Counters));
    close(fd_);
  }

  // Kills the program when `thread` has returned from its `call`-th call.
  void KillAt(uint32_t seed, uint32_t thread, uint64_t call) {
    std::filesystem::remove(folder_ / "log");
    for (Counters::Counter& counter : counters_->threads) counter.returned = 0;
    Child child("counted_program",
                {std::to_string(seed), folder_ / "counters"});
    child.Options("log=" + (folder_ / "log") + ":timing=" + GetParam());
    child.Start();
    while (Returned(thread) < call) {
      ASSERT_EQ(kill(child.pid(), 0), 0);
      sched_yield();
    }
    child.Signal(SIGKILL);
    const Finished finished = child.Wait();
    ASSERT_EQ(finished.signal(), SIGKILL) << finished;
    EXPECT_EQ(finished.err, "");
  }

  bool NothingHadReturned() const {
    return Returned(0) + Returned(1) + Returned(2) == 0;
  }
  uint64_t Returned(uint32_t thread) const {
    return counters_->threads[thread].returned.load(std::memory_order_acquire);
  }

  void ExpectEverythingIsThere(uint32_t seed) const {
    if (NothingHadReturned() && !log::Recording::Open(folder_ / "log").ok()) {
      return;  // it died before it had a log
    }
    const auto recording = OpenLog(folder_ / "log");
    ASSERT_NE(recording, nullptr);
    EXPECT_FALSE(recording->complete);
    std::map<uint32_t, std::string> names;
    for (const log::Object& object : recording->objects) {
      names[object.id] = object.name;
    }
    std::map<std::string, log::ActorIndex> actors;
    for (size_t i = 0; i < recording->actors.size(); ++i) {
      actors[recording->actors[i].name] = static_cast<log::ActorIndex>(i);
    }
    for (uint32_t thread = 0; thread < kScriptThreads; ++thread) {
      SCOPED_TRACE("thread " + std::to_string(thread));
      const auto actor = actors.find("T" + std::to_string(thread));
      if (actor == actors.end()) {
        EXPECT_EQ(Returned(thread), 0u);
        continue;
      }
      ExpectCalls(ReadEvents(*recording, actor->second), names,
                  Script(seed, thread), Returned(thread));
    }
  }

  static void ExpectCalls(const EventReader& reader,
                          const std::map<uint32_t, std::string>& names,
                          Script script, uint64_t returned) {
    EXPECT_THAT(reader.complaints, IsEmpty());
    ASSERT_GE(reader.events.size(), returned);
    ASSERT_LE(reader.events.size(), returned + 1);
    for (size_t i = 0; i < reader.events.size(); ++i) {
      const Script::Call call = script.Next();
      const Event& e = reader.events[i];
      ASSERT_EQ(e.what, call.lock ? What::kAcquired : What::kReleased)
          << "call " << i;
      ASSERT_EQ(names.at(e.object), "L" + std::to_string(call.number))
          << "call " << i;
    }
    ASSERT_EQ(reader.held.size(), script.held().size());
    for (size_t i = 0; i < reader.held.size(); ++i) {
      EXPECT_EQ(names.at(reader.held[i].object),
                "L" + std::to_string(script.held()[i]));
    }
  }

  Folder folder_;
  int fd_ = -1;
  Counters* counters_ = nullptr;
};

TEST_P(Kill, EveryCallThatReturnedIsInTheLog) {
  const uint32_t seed = std::random_device()();
  std::mt19937 random(seed);
  for (int i = 0; i < tests::Rounds(70); ++i) {
    const uint32_t program_seed = random() % 1'000'000;
    const uint32_t thread = random() % kScriptThreads;
    // Many early: there the sites, locks and pairs are new.
    const uint64_t call = i % 3 == 0 ? random() % 300 : random() % 40'000;
    SCOPED_TRACE("seed " + std::to_string(seed) + ", round " +
                 std::to_string(i) + ", killed at call " +
                 std::to_string(call) + " of thread " + std::to_string(thread));
    ASSERT_NO_FATAL_FAILURE(KillAt(program_seed, thread, call));
    ExpectEverythingIsThere(program_seed);
    if (HasFailure()) break;
  }
}

INSTANTIATE_TEST_SUITE_P(Timing, Kill,
                         ::testing::Values("off", "sampled", "full"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace lockcheck::testing
