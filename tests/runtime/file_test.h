// A program that is recorded into a folder of its own, and what its log has to
// hold then. Whatever happens to the log, the program's own output and exit
// status are as they were.
#ifndef LOCKCHECK_TESTS_RUNTIME_FILE_TEST_H_
#define LOCKCHECK_TESTS_RUNTIME_FILE_TEST_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "lib/log/recording.h"
#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

namespace lockcheck::testing {

class FileTest : public ::testing::Test {
 protected:
  static constexpr int kFew = 10;
  static constexpr int kMany = 400'000;  // 1.6 MB of records

  // Runs the program and demands that it is unharmed; returns what lockcheck
  // said on stderr.
  std::string Run(const std::string& options, int sections = kFew,
                  std::function<void()> before = nullptr) {
    Child child("file_program", {std::to_string(sections)});
    child.In(folder_.path()).Options(options).Before(std::move(before));
    child.Start();
    pid_ = child.pid();
    const Finished finished = child.Wait();
    EXPECT_EQ(finished.exit_status(), 5) << finished;
    EXPECT_EQ(finished.out, "out\n") << finished;
    EXPECT_THAT(finished.err, ::testing::EndsWith("err\n"));
    return finished.err.substr(0, finished.err.size() - 4);
  }

  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder_.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  static std::vector<std::string> Locked(const log::Recording& recording,
                                         log::ActorIndex actor) {
    const EventReader reader = ReadEvents(recording, actor);
    EXPECT_THAT(reader.complaints, ::testing::IsEmpty());
    std::vector<std::string> names;
    for (const Event& e : reader.events) {
      if (e.what != What::kAcquired) continue;
      const log::ObjectIndex object =
          recording.FindObject(recording.actors[actor].process, e.object);
      const log::SiteIndex site = recording.FindSite(e.site);
      EXPECT_TRUE(site != log::kNone && !recording.sites[site].frames.empty());
      names.push_back(object == log::kNone ? "?"
                                           : recording.objects[object].name);
    }
    return names;
  }
  static std::vector<std::string> Expected(size_t sections) {
    std::vector<std::string> names = {"first"};
    for (size_t i = 0; i < sections; ++i) {
      names.push_back(i % 2 == 0 ? "x" : "y");
    }
    names.push_back("last");
    names.push_back("x");
    return names;
  }
  static void ExpectAll(const std::string& path, int sections = kFew) {
    const auto recording = OpenLog(path);
    ASSERT_NE(recording, nullptr);
    EXPECT_TRUE(recording->complete);
    ASSERT_THAT(recording->actors, ::testing::SizeIs(2));
    EXPECT_EQ(Locked(*recording, 0), Expected(static_cast<size_t>(sections)));
  }
  // Recording stopped on the way; what was before is there.
  static void ExpectBeginning(const std::string& path, log::StopReason why) {
    const auto recording = OpenLog(path);
    ASSERT_NE(recording, nullptr);
    EXPECT_FALSE(recording->complete);
    EXPECT_EQ(recording->stop_reason, why);
    EXPECT_GT(recording->dropped, 0u);
    ASSERT_THAT(recording->actors, ::testing::Not(::testing::IsEmpty()));
    const std::vector<std::string> locked = Locked(*recording, 0);
    const std::vector<std::string> expected = Expected(kMany);
    ASSERT_GT(locked.size(), 30'000u);
    ASSERT_LT(locked.size(), expected.size());
    EXPECT_TRUE(std::equal(locked.begin(), locked.end(), expected.begin()));
    // A section is one record; beside them there are some of other kinds.
    EXPECT_GE(locked.size() + recording->dropped, expected.size());
    EXPECT_LE(locked.size() + recording->dropped, expected.size() + 200);
  }

  static void LimitFileSize() {
    const rlimit limit = {512 * 1024, 512 * 1024};
    setrlimit(RLIMIT_FSIZE, &limit);
  }

  Folder folder_;
  pid_t pid_ = 0;
};

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_RUNTIME_FILE_TEST_H_
