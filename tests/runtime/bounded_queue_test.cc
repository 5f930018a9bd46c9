// What is put into a queue with a bound, and got from it, is in the log as it
// was done, whatever ids the queue's items and room have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/runtime/child.h"

namespace lockcheck::testing {
namespace {

using ::testing::ElementsAreArray;

struct ActsByName : log::RecordVisitor {
  explicit ActsByName(const log::Recording& recording) {
    for (const log::Object& object : recording.objects) {
      names[object.id] = object.name;
    }
  }
  std::map<uint32_t, std::string> names;
  std::map<std::string, uint32_t> ids;
  std::map<std::string, std::vector<std::string>> acts;  // by queue

  void OnTake(const log::TakeRecord& t) {
    Add(t.object, absl::StrCat("take, how ", static_cast<int>(t.how)),
        t.sequence);
  }
  void OnPost(const log::PostRecord& p) {
    Add(p.object, p.post == model::Post::kPut ? "put" : "get", p.sequence);
  }

 private:
  void Add(uint32_t object, const std::string& act, uint32_t sequence) {
    std::string queue = names[object], of = "items";
    ids[queue] = object;
    if (const size_t end = queue.find(" (room)"); end != std::string::npos) {
      queue.erase(end);
      of = "room";
    }
    acts[queue].push_back(absl::StrCat(sequence, " ", of, " ", act));
  }
};

std::vector<std::string> WhatWasDone() {
  struct Act {
    bool puts;
    model::How how;
  };
  constexpr auto kBlocking = model::How::kBlocking, kTry = model::How::kTry,
                 kTimed = model::How::kTimed;
  const std::vector<Act> round = {{true, kBlocking},  {true, kTry},
                                  {false, kBlocking}, {true, kTimed},
                                  {false, kTry},      {false, kTimed}};
  std::vector<std::string> lines;
  for (size_t i = 0; i < 2 * round.size(); ++i) {
    const auto [puts, how] = round[i % round.size()];
    lines.push_back(absl::StrCat(i + 1, puts ? " room" : " items",
                                 " take, how ", static_cast<int>(how)));
    lines.push_back(absl::StrCat(i + 1, puts ? " items put" : " room get"));
  }
  return lines;
}

TEST(BoundedQueue, ItsActsAreExactWhateverIdsItHas) {
  const Folder folder;
  const std::string log = folder / "log";
  const Finished finished =
      Child("bounded_queue_program").Options("log=" + log).Run();
  ASSERT_TRUE(finished.Succeeded()) << finished;
  const auto recording = OpenLog(log);
  ASSERT_NE(recording, nullptr);
  ActsByName acts(*recording);
  recording->Replay(0, acts);
  for (const char* queue : {"room first", "items first", "apart"}) {
    EXPECT_THAT(acts.acts[queue], ElementsAreArray(WhatWasDone())) << queue;
  }
  // The program has made what this is about.
  const auto apart = [&](const std::string& queue) {
    return static_cast<int64_t>(acts.ids[queue]) -
           static_cast<int64_t>(acts.ids[queue + " (room)"]);
  };
  EXPECT_EQ(apart("room first"), 1);
  EXPECT_EQ(apart("items first"), -1);
  EXPECT_LT(apart("apart"), -1);
}

}  // namespace
}  // namespace lockcheck::testing
