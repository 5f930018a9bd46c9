// What std::lock and std::scoped_lock take together is judged as one request,
// whatever the compiler made of them; and what lockcheck::lock takes through
// guards and locks of the user's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"
#include "tests/variants.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Child;
using lockcheck::testing::Finished;
using lockcheck::testing::Folder;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

// What takes b or s through lockcheck::lock: see the program.
constexpr const char* kKinds[] = {"own guards", "own reader",   "std guards",
                                  "std reader", "accounts",     "pairs",
                                  "mixed pair", "mixed account"};

class StdLockTest : public ::testing::TestWithParam<std::string> {
 protected:
  ~StdLockTest() override { std::remove(log_.c_str()); }

  Finished RunLive(const std::string& story) {
    return Child(GetParam(), {story})
        .Options("mode=live:command=" LOCKCHECK_COMMAND)
        .Run();
  }

  Ran Analyzed(const std::string& story) {
    Record(GetParam(), story);
    return RunCommand({"analyze", "--all", log_});
  }

  // Of a program of which less is known. `strip`: an option of strip(1); empty:
  // the program is there no more when the log is read.
  Ran AnalyzedWithout(const std::string& strip, const std::string& story) {
    const Folder folder;
    const std::string program = folder / "program";
    std::filesystem::copy_file(lockcheck::testing::ProgramPath(GetParam()),
                               program);
    if (!strip.empty()) {
      const std::string command = LOCKCHECK_STRIP " " + strip + " " + program;
      EXPECT_EQ(std::system(command.c_str()), 0) << command;
    }
    Record(program, story);
    if (strip.empty()) std::filesystem::remove(program);
    return RunCommand({"analyze", "--all", log_});
  }

  // `lockcheck confirm` of the only finding.
  Finished Confirmed(const std::string& story,
                     std::vector<std::string> options = {}) {
    Record(GetParam(), story);
    const Ran ran = RunCommand({"analyze", "--json", "-", log_});
    const auto report = nlohmann::json::parse(ran.out);
    EXPECT_EQ(report["findings"].size(), 1u) << ran.out;
    std::vector<std::string> words = {"confirm", log_,
                                      report["findings"][0]["id"]};
    words.insert(words.end(), options.begin(), options.end());
    for (const std::string& word :
         {std::string("--"), lockcheck::testing::ProgramPath(GetParam()), story,
          std::string("freely")}) {
      words.push_back(word);
    }
    return Child(LOCKCHECK_COMMAND, std::move(words)).Run();
  }

 private:
  void Record(const std::string& program, const std::string& story) {
    const Finished f = Child(program, {story}).Options("log=" + log_).Run();
    EXPECT_TRUE(f.Succeeded()) << f;
  }

  const std::string log_ =
      ::testing::TempDir() + "std_lock." + std::to_string(getpid());
};

TEST_P(StdLockTest, UnderALockThatAnotherTakesInsideAMemberIsConfirmed) {
  const Ran ran = Analyzed("scoped");
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("1 confirmed deadlock"),
                             HasSubstr("b (among others, by trying"),
                             HasSubstr("std::lock goes on trying"),
                             Not(HasSubstr("REFUTED"))));
}

TEST_P(StdLockTest, ThreeGuardsAtOnceAreOneRequest) {
  const Ran ran = Analyzed("deferred");
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("1 confirmed deadlock"),
                             HasSubstr("c (among others, by trying"),
                             Not(HasSubstr("REFUTED"))));
}

TEST_P(StdLockTest, WhatItGotIsHeldByTheNext) {
  const Ran ran = Analyzed("within");
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("1 confirmed deadlock"));
}

TEST_P(StdLockTest, ItsMembersHaveNoOrder) {
  for (const char* story : {"crossed", "one by one"}) {
    const Ran ran = Analyzed(story);
    EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("FINDINGS  none")) << story;
  }
}

TEST_P(StdLockTest, UnderAGateItIsRefuted) {
  const Ran ran = Analyzed("gate");
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("1 refuted"), HasSubstr("(gate")));
}

TEST_P(StdLockTest, LiveSaysItWithoutALog) {
  for (const char* story : {"scoped", "deferred", "within"}) {
    const Finished f = RunLive(story);
    EXPECT_TRUE(f.Succeeded()) << f;
    EXPECT_THAT(f.err, AllOf(HasSubstr("[1] POSSIBLE DEADLOCK"),
                             HasSubstr("(among others, by trying"),
                             HasSubstr("std::lock goes on trying"),
                             Not(HasSubstr("[2]"))))
        << story;
  }
}

TEST_P(StdLockTest, LiveIsSilentWhereItCannotDeadlock) {
  for (const char* story : {"crossed", "one by one", "gate", "try",
                            "try under two", "try afterwards"}) {
    const Finished f = RunLive(story);
    EXPECT_TRUE(f.Succeeded()) << f;
    EXPECT_EQ(f.err, "") << story;
  }
}

// Without the command nobody knows whose a try is.
TEST_P(StdLockTest, LiveSaysNothingOfItWithoutTheCommand) {
  for (const char* story : {"scoped", "try under two"}) {
    const Finished f =
        Child(GetParam(), {story}).Options("mode=live:command=none").Run();
    EXPECT_EQ(f.err, "") << story;
  }
}

// The place of a request is in std's guard where that is not inlined.
TEST_P(StdLockTest, WhatStdsGuardsTakeCanBeSteeredInto) {
  for (const char* story :
       {"abba", "abba, unique", "own guards", "std guards"}) {
    const Finished f = Confirmed(story);
    EXPECT_EQ(f.exit_status(), 0) << story << ": " << f;
    EXPECT_THAT(f.out, HasSubstr("\ndeadlocked: ")) << story;
  }
}

// A lock of the user's own is tried in one of its functions and waited for in
// another, so what happens is not at the place of what was found.
TEST_P(StdLockTest, WhatHappensElsewhereIsShown) {
  const Finished f = Confirmed("accounts", {"--attempts", "3"});
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out, AllOf(HasSubstr("ACTUAL DEADLOCK"),
                           HasSubstr("\n  another deadlock happened, in")));
}

TEST_P(StdLockTest, OursOverGuardsAndUsersLocksIsOneRequest) {
  for (const std::string kind : kKinds) {
    const Ran ran = Analyzed(kind);
    EXPECT_EQ(ran.status, 1) << kind << ran.out << ran.err;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("FINDINGS  1 confirmed deadlock\n"),
                               HasSubstr("(among others, at once), in")))
        << kind;
    const Finished f = RunLive(kind);
    EXPECT_TRUE(f.Succeeded()) << f;
    EXPECT_THAT(f.err, AllOf(HasSubstr("[1] POSSIBLE DEADLOCK"),
                             HasSubstr("(among others, at once), in"),
                             Not(HasSubstr("[2]"))))
        << kind;
  }
}

TEST_P(StdLockTest, OursOverGuardsAndUsersLocksHasNoOrderOfItsOwn) {
  for (const std::string kind : kKinds) {
    for (const char* how : {" crossed", " in order"}) {
      const Ran ran = Analyzed(kind + how);
      EXPECT_EQ(ran.status, 0) << kind << how << ran.out << ran.err;
      EXPECT_THAT(ran.out, HasSubstr("FINDINGS  none")) << kind << how;
      const Finished f = RunLive(kind + how);
      EXPECT_TRUE(f.Succeeded()) << f;
      EXPECT_EQ(f.err, "") << kind << how;
    }
  }
}

TEST_P(StdLockTest, OursOverGuardsAndUsersLocksIsRefutedUnderAGate) {
  for (const std::string kind : kKinds) {
    const Ran ran = Analyzed(kind + " gate");
    EXPECT_EQ(ran.status, 0) << kind << ran.out << ran.err;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("1 refuted"), HasSubstr("(gate")));
    const Finished f = RunLive(kind + " gate");
    EXPECT_TRUE(f.Succeeded()) << f;
    EXPECT_EQ(f.err, "") << kind;
  }
}

TEST_P(StdLockTest, ATryAfterOursGivesUp) {
  for (const char* story : {"try afterwards", "try after a throw"}) {
    const Ran ran = Analyzed(story);
    EXPECT_EQ(ran.status, 0) << story << ran.out << ran.err;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("refuted"), HasSubstr("(try"),
                               Not(HasSubstr("POSSIBLE"))))
        << story;
  }
}

TEST_P(StdLockTest, ATryOfSeveralGivesUp) {
  const Ran ran = Analyzed("try");
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("2 refuted"), HasSubstr("(try")));
}

// Of the functions or of what is inlined into them.
constexpr const char* kWithoutNames[] = {"", "--strip-all", "--strip-debug"};

TEST_P(StdLockTest, ATryAtAPlaceThatIsNotKnownMayBeOneOfIt) {
  for (const char* strip : kWithoutNames) {
    for (const char* story : {"scoped", "deferred", "within"}) {
      const Ran ran = AnalyzedWithout(strip, story);
      EXPECT_EQ(ran.status, 1) << strip << story << ran.out << ran.err;
      // Its functions may have names still.
      if (strip == std::string("--strip-debug")) {
        EXPECT_THAT(ran.out, ContainsRegex("1 (possible|confirmed) deadlock"))
            << story;
        continue;
      }
      EXPECT_THAT(ran.out, HasSubstr("1 possible deadlock")) << strip << story;
      EXPECT_THAT(ran.out, HasSubstr("std::lock makes the try: its place is "
                                     "not known"))
          << strip << story;
    }
  }
}

TEST_P(StdLockTest, IfItWereOneThatCannotDeadlockItIsNotPossible) {
  for (const char* strip : kWithoutNames) {
    for (const char* story : {"crossed", "one by one", "gate", "try"}) {
      const Ran ran = AnalyzedWithout(strip, story);
      EXPECT_EQ(ran.status, 0) << strip << story << ran.out << ran.err;
      EXPECT_THAT(ran.out, Not(HasSubstr("POSSIBLE"))) << strip << story;
    }
  }
}

TEST_P(StdLockTest, WithItsPlaceKnownNothingIsAssumedOfATry) {
  EXPECT_THAT(Analyzed("scoped").out, Not(HasSubstr("is not known")));
  const Ran ran = Analyzed("try under two");
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("2 refuted"), HasSubstr("(try")));
  EXPECT_EQ(AnalyzedWithout("--strip-all", "try under two").status, 1);
}

INSTANTIATE_TEST_SUITE_P(Levels, StdLockTest,
                         ::testing::ValuesIn(lockcheck::testing::Variants(
                             LOCKCHECK_STD_LOCK_VARIANTS)),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace lockcheck::tools::testing
