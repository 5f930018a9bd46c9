// What was there says how it was asked for, and so does the wait before it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/runtime/child.h"

namespace lockcheck::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAreArray;

std::string NameOf(model::How how) {
  static constexpr const char* kNames[] = {"blocking", "try", "timed"};
  const auto number = static_cast<size_t>(how);
  return number < 3 ? kNames[number] : "unknown";
}

struct Asked : log::RecordVisitor {
  explicit Asked(const log::Recording& recording) {
    for (const log::Object& object : recording.objects) {
      names[object.id] = object.name;
    }
  }
  std::map<uint32_t, std::string> names;
  std::set<std::string> taken;
  std::vector<model::How> again;
  size_t blocked = 0, short_notes = 0;

  void OnBlock(const log::BlockRecord& b) {
    if (b.join) return;
    ++blocked;
    Expect(names[b.object], b.how);
  }
  void OnTake(const log::TakeRecord& t) {
    const std::string& name = names[t.object];
    if (name == "again") return again.push_back(t.how);
    taken.insert(name);
    if (t.short_note && t.how == model::How::kTry) ++short_notes;
    Expect(name, t.how);
  }

 private:
  static void Expect(const std::string& name, model::How how) {
    EXPECT_THAT(name, ::testing::HasSubstr(" " + NameOf(how)));
  }
};

class AskedTest : public ::testing::Test {
 protected:
  AskedTest() {
    const Finished finished =
        Child("asked_program").Options("log=" + (folder_ / "log")).Run();
    EXPECT_TRUE(finished.Succeeded()) << finished;
    recording_ = OpenLog(folder_ / "log");
    asked_ = std::make_unique<Asked>(*recording_);
    for (size_t a = 0; a < recording_->actors.size(); ++a) {
      recording_->Replay(static_cast<log::ActorIndex>(a), *asked_);
    }
  }

  const Folder folder_;
  std::unique_ptr<log::Recording> recording_;
  std::unique_ptr<Asked> asked_;
};

TEST_F(AskedTest, WhatIsGotAndWhatIsWaitedForSaysHow) {
  EXPECT_THAT(asked_->taken,
              UnorderedElementsAreArray({"event blocking",
                                         "event timed",
                                         "event try",
                                         "future blocking",
                                         "future timed",
                                         "future try",
                                         "latch blocking",
                                         "barrier blocking",
                                         "semaphore blocking",
                                         "semaphore timed",
                                         "semaphore try",
                                         "queue blocking",
                                         "queue blocking (room)",
                                         "queue blocking (end)",
                                         "queue timed",
                                         "queue timed (room)",
                                         "queue try",
                                         "queue try (room)",
                                         "queue blocking (close)",
                                         "queue timed (close)",
                                         "queue try (close)",
                                         "operation blocking",
                                         "operation timed",
                                         "operation try",
                                         "pool blocking",
                                         "pool blocking (close)",
                                         "pool blocking (slots)"}));
  EXPECT_GT(asked_->blocked, 0u);
  EXPECT_GT(asked_->short_notes, 0u);
}

TEST_F(AskedTest, WhatIsFoundOnceMoreIsNewOnlyIfMoreWasAskedFor) {
  EXPECT_THAT(asked_->again, ElementsAre(model::How::kTry, model::How::kTimed,
                                         model::How::kBlocking));
}

}  // namespace
}  // namespace lockcheck::testing
