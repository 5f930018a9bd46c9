// What a log says of coroutines that several threads run.
#include <gtest/gtest.h>

#include <string>

#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

namespace lockcheck::testing {
namespace {

class CoroutineRecordsTest : public ::testing::Test {
 protected:
  std::unique_ptr<log::Recording> Run(const std::string& story,
                                      const std::string& options = "") {
    const Finished f = Child("coroutine_program", {story})
                           .Options("log=" + (folder_ / "log") + options)
                           .Run();
    EXPECT_TRUE(f.Succeeded()) << f;
    EXPECT_EQ(f.out + f.err, "");
    return OpenLog(folder_ / "log");
  }

  Folder folder_;
};

// Every segment states what the one before it left, wherever it was written,
// and each acquisition has its release.
TEST_F(CoroutineRecordsTest, WhatACoroutineHoldsIsItsOwnOnEveryThread) {
  for (const char* options : {"", ":timing=full"}) {
    const auto recording = Run("work", options);
    ASSERT_NE(recording, nullptr);
    EXPECT_TRUE(recording->complete);
    int coroutines = 0;
    for (size_t a = 0; a < recording->actors.size(); ++a) {
      const EventReader reader =
          ReadEvents(*recording, static_cast<log::ActorIndex>(a));
      EXPECT_TRUE(reader.complaints.empty()) << reader.complaints[0];
      EXPECT_TRUE(reader.held.empty());
      const log::Actor& actor = recording->actors[a];
      if (actor.how != log::BeginHow::kCoroutine) continue;
      ++coroutines;
      EXPECT_TRUE(actor.begun && actor.ended);
      EXPECT_EQ(actor.name, "work");
      EXPECT_EQ(recording->actors[actor.parent].how, log::BeginHow::kMain);
      size_t taken = 0;
      for (const Event& event : reader.events) {
        taken += event.what == What::kAcquired;
      }
      EXPECT_EQ(taken, 400u);
    }
    EXPECT_EQ(coroutines, 8);
  }
}

}  // namespace
}  // namespace lockcheck::testing
