// Keys and values of LOCKCHECK_OPTIONS that are wrong, and help=1: what is
// said, and that everything else counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "tests/runtime/events.h"
#include "tests/runtime/file_test.h"

namespace lockcheck::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(FileTest, AnUnknownOptionIsAWarningWithTheNearestName) {
  EXPECT_EQ(Run("lgo=log"),
            "lockcheck: LOCKCHECK_OPTIONS: unknown key \"lgo\" is ignored; did "
            "you mean \"log\"?\n");
  EXPECT_EQ(Run("timeing=full:log=log"),
            "lockcheck: LOCKCHECK_OPTIONS: unknown key \"timeing\" is ignored; "
            "did you mean \"timing\"?\n");
  EXPECT_EQ(Run(":::=:"),
            "lockcheck: LOCKCHECK_OPTIONS: \"=\" is ignored: there is no key "
            "before the =\n");
  EXPECT_EQ(Run("something_else"),
            "lockcheck: LOCKCHECK_OPTIONS: unknown key \"something_else\" is "
            "ignored; help=1 lists the keys\n");
  ExpectAll(folder_ / "log");
}

// Every name that is taken is suggested for what is one slip away from it.
TEST_F(FileTest, TheNearestNameIsSuggestedForEveryKeyAndValue) {
  const auto slips = [](const std::string& name) {
    std::string swapped = name;
    std::swap(swapped[0], swapped[1]);
    return std::vector<std::string>{name.substr(1), name + name.back(),
                                    "x" + name, swapped};
  };
  for (const char* key :
       {"log", "mode", "timing", "max_log", "ring", "hot", "help"}) {
    for (const std::string& slip : slips(key)) {
      EXPECT_EQ(Run(slip + "=1"),
                "lockcheck: LOCKCHECK_OPTIONS: unknown key \"" + slip +
                    "\" is ignored; did you mean \"" + key + "\"?\n");
    }
  }
  for (const auto& [key, values, value] :
       {std::array{"mode", "off|record|live", "off"},
        std::array{"mode", "off|record|live", "record"},
        std::array{"timing", "sampled|full|off", "sampled"},
        std::array{"timing", "sampled|full|off", "full"},
        std::array{"timing", "sampled|full|off", "off"},
        std::array{"hot", "file|memory", "file"},
        std::array{"hot", "file|memory", "memory"}}) {
    for (const std::string& slip : slips(value)) {
      EXPECT_EQ(Run(std::string(key) + "=" + slip),
                "lockcheck: LOCKCHECK_OPTIONS: " + std::string(key) + "=" +
                    slip + " is ignored; it takes " + values +
                    "; did you mean \"" + value + "\"?\n");
    }
  }
  // "on" is as far from "off" as two letters can be.
  EXPECT_EQ(Run("mode=on"),
            "lockcheck: LOCKCHECK_OPTIONS: mode=on is ignored; it takes "
            "off|record|live\n");
  EXPECT_THAT(Files(), IsEmpty());
}

// A bad value leaves what was said before.
TEST_F(FileTest, ABadValueChangesNothing) {
  Run("log=log:mode=recrod");
  ExpectAll(folder_ / "log");
  Run("log=log:log=");
  ExpectAll(folder_ / "log");
  const std::string said = Run("log=log:log=" + std::string(5000, 'x'));
  EXPECT_THAT(said, EndsWith("xxx... is ignored; it takes PATH\n"));
  ExpectAll(folder_ / "log");
  Run("log=log:hot=file:hot=memori");
  EXPECT_FALSE(OpenLog(folder_ / "log")->volatile_hot);
}

TEST_F(FileTest, ABadValueIsAWarningThatSaysWhatIsTaken) {
  EXPECT_EQ(Run("timing=sometimes:log=log"),
            "lockcheck: LOCKCHECK_OPTIONS: timing=sometimes is ignored; it "
            "takes sampled|full|off\n");
  ExpectAll(folder_ / "log");
  for (const char* size : {"", "0", "k", "12x", "12kk", "-1",
                           "99999999999999999999", "9999999999G"}) {
    EXPECT_EQ(Run("log=log:max_log=" + std::string(size)),
              "lockcheck: LOCKCHECK_OPTIONS: max_log=" + std::string(size) +
                  " is ignored; it takes SIZE\n");
    ExpectAll(folder_ / "log");
  }
  EXPECT_EQ(Run("log="),
            "lockcheck: LOCKCHECK_OPTIONS: log= is ignored; it takes PATH\n");
}

TEST_F(FileTest, HelpMayBeRefused) {
  EXPECT_EQ(Run("help=0"), "");
  EXPECT_EQ(Run("help=yes"),
            "lockcheck: LOCKCHECK_OPTIONS: help=yes is ignored; it takes "
            "0|1\n");
}

TEST_F(FileTest, HelpListsEveryKey) {
  const std::string said = Run("help=1");
  for (const char* key : {"log=PATH", "mode=off|record", "timing=", "max_log=",
                          "ring=", "hot=file|memory", "help=0|1"}) {
    EXPECT_THAT(said, HasSubstr("lockcheck:   " + std::string(key)));
  }
  EXPECT_THAT(Files(), IsEmpty());
}

}  // namespace
}  // namespace lockcheck::testing
