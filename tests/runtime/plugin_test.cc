// A plugin that carries the runtime, in a program without it and in one that
// has its own: one log, one actor per thread, one list of holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

namespace lockcheck::testing {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class Plugin : public ::testing::TestWithParam<const char*> {
 protected:
  void Run(Child& child) {
    finished_ = child.In(folder_.path())
                    .Options(std::string("log=%p.log:timing=") + GetParam())
                    .Run();
    ASSERT_TRUE(finished_.Succeeded()) << finished_;
    EXPECT_EQ(finished_.err, "");
    std::vector<std::string> logs;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder_.path())) {
      if (entry.path().extension() == ".log") logs.push_back(entry.path());
    }
    ASSERT_THAT(logs, SizeIs(1));
    recording_ = OpenLog(logs[0]);
    ASSERT_NE(recording_, nullptr);
    EXPECT_TRUE(recording_->complete);
    EXPECT_THAT(recording_->warnings, IsEmpty());
    EXPECT_THAT(recording_->processes, SizeIs(1));
  }
  // Thread -> what it did, "+host -host ...".
  std::map<std::string, std::string> Did() const {
    std::map<std::string, std::string> did;
    for (size_t i = 0; i < recording_->actors.size(); ++i) {
      const log::Actor& actor = recording_->actors[i];
      const EventReader reader =
          ReadEvents(*recording_, static_cast<log::ActorIndex>(i));
      EXPECT_THAT(reader.complaints, IsEmpty());
      std::string& text = did[actor.name];
      for (const Event& e : reader.events) {
        if (e.what == What::kAcquired && GetParam() != std::string("sampled")) {
          EXPECT_EQ(e.timed, GetParam() == std::string("full"));
        }
        text += e.what == What::kAcquired ? "+" : "-";
        text +=
            recording_->objects[recording_->FindObject(actor.process, e.object)]
                .name;
        text += " ";
      }
    }
    return did;
  }
  static std::string Times(int n, const std::string& text) {
    std::string all;
    for (int i = 0; i < n; ++i) all += text;
    return all;
  }

  static inline const std::string kPlugin =
      "+plugin outer +plugin inner -plugin inner -plugin outer ";
  Folder folder_;
  Finished finished_;
  std::unique_ptr<log::Recording> recording_;
};

TEST_P(Plugin, WithASecondCopyRecordsOnce) {
  Child child("plugin_host_program", {ProgramPath("plugin.so")});
  ASSERT_NO_FATAL_FAILURE(Run(child));
  using ::testing::Pair;
  EXPECT_THAT(Did(),
              UnorderedElementsAre(
                  Pair("main", Times(100, "+host " + kPlugin + "-host ")),
                  Pair("plugin thread", Times(100, kPlugin)),
                  Pair("host thread", kPlugin + "+host " + kPlugin + "-host "),
                  Pair("late thread", "+last -last ")));
  for (const log::Actor& actor : recording_->actors) {
    EXPECT_EQ(actor.ended, actor.name != "main") << actor.name;
  }
}

TEST_P(Plugin, OfARelativePathIsRecordedWithItsWholePath) {
  std::filesystem::create_symlink(ProgramPath("plugin.so"),
                                  folder_ / "relative.so");
  Child child("plugin_host_program", {"./relative.so"});
  ASSERT_NO_FATAL_FAILURE(Run(child));
  std::vector<std::string> paths;
  for (const log::Module& module : recording_->modules) {
    paths.push_back(module.path);
  }
  EXPECT_THAT(paths, Contains(EndsWith("plugin.so")));
  EXPECT_THAT(paths, Each(StartsWith("/")));
}

// A sanitizer's runtime would have to be loaded into python first.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_P(Plugin, InPythonRecords) {
  Child child("/usr/bin/env",
              {"python3", "-c",
               "import ctypes, sys, threading\n"
               "plugin = ctypes.CDLL(sys.argv[1])\n"
               "plugin.TakeLocks(50)\n"
               "plugin.TakeLocksInThread(20)\n"
               "t = threading.Thread(target=plugin.TakeLocks, args=(10,))\n"
               "t.start()\n"
               "t.join()\n",
               ProgramPath("plugin.so")});
  ASSERT_NO_FATAL_FAILURE(Run(child));
  ASSERT_THAT(recording_->actors, SizeIs(3));
  std::vector<std::string> did;
  for (size_t i = 0; i < 3; ++i) {
    did.push_back(
        std::to_string(ReadEvents(*recording_, static_cast<log::ActorIndex>(i))
                           .events.size()));
  }
  EXPECT_THAT(did, UnorderedElementsAre("200", "80", "40"));
  EXPECT_EQ(Did()["plugin thread"], Times(20, kPlugin));
}

TEST(PluginTest, InPythonWhatItsDestructorsFindCounts) {
  for (const std::string mode : {"live", "record"}) {
    const Folder folder;
    const Finished f =
        Child("/usr/bin/env", {"python3", "-c",
                               "import atexit, ctypes, sys\n"
                               "atexit.register(lambda: print('handler'))\n"
                               "ctypes.CDLL(sys.argv[1]).LeaveLocked()\n",
                               ProgramPath("plugin.so")})
            .In(folder.path())
            .Options("exitcode=66:command=none:mode=" + mode)
            .Run();
    EXPECT_EQ(f.exit_status(), 66) << f;
    EXPECT_EQ(f.out, "handler\n");
  }
}
#endif

INSTANTIATE_TEST_SUITE_P(Timing, Plugin,
                         ::testing::Values("off", "sampled", "full"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace lockcheck::testing
