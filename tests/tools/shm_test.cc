// lockcheck shm: what named objects there are, who has them open, how their
// locks are; and what is removed of them.
#include "tools/lockcheck/shm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/tools/schema_validator.h"
#include "tests/tools/stories.h"
#include "tools/lockcheck/exit_status.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Child;
using lockcheck::testing::Folder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::json;

class ShmTest : public ::testing::Test {
 protected:
  ~ShmTest() override {
    user_.reset();
    std::filesystem::remove(path());
  }

  std::string path() const { return "/dev/shm/lockcheck." + name_; }
  bool IsThere() const { return std::filesystem::exists(path()); }

  // Lets a program do it, and gives its process id.
  pid_t Told(const std::string& story, int signal = 0) {
    Child child("named_program", {story});
    child.Environment("LOCKCHECK_TEST_NAME", name_);
    child.Options("mode=off").Start();
    const pid_t pid = child.pid();
    EXPECT_EQ(child.Wait().signal(), signal) << story;
    return pid;
  }
  // One that has it open and holds a.
  pid_t StartUser() {
    user_.emplace("named_program", std::vector<std::string>{"use"});
    user_->Environment("LOCKCHECK_TEST_NAME", name_);
    user_->Options("mode=off").Start();
    while (user_->Said().empty() && !user_->HasEnded()) usleep(1'000);
    return user_->pid();
  }
  Ran List() { return RunCommand({"shm", "list", name_}); }
  Ran Clean(std::vector<std::string> words) {
    words.insert(words.begin(), {"shm", "clean"});
    return RunCommand(words);
  }
  // Of a list of one.
  Json ListedAsJson() {
    const Ran ran = RunCommand({"shm", "list", name_, "--json", "-"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    std::ifstream file(LOCKCHECK_DOCS "/shm.schema.json");
    SchemaValidator validator(Json::parse(file));
    const Json listed = Json::parse(ran.out);
    EXPECT_THAT(validator.Check(listed), IsEmpty()) << ran.out;
    return listed.at("segments").at(0);
  }

  const std::string name_ =
      "test." + std::to_string(getpid()) + "." +
      ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::optional<Child> user_;
};

// ---- list -------------------------------------------------------------------
TEST_F(ShmTest, WhatAllHaveClosedIsListedWithItsTypeAndItsMaker) {
  const pid_t maker = Told("leave");
  const Ran ran = List();
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, StartsWith(name_ + "  "));
  EXPECT_THAT(ran.out, HasSubstr(" bytes  (anonymous namespace)::Shared\n"));
  EXPECT_THAT(ran.out, HasSubstr("made by " + std::to_string(maker) +
                                 ", which is gone; nobody has it open\n"));
  EXPECT_THAT(ran.out, HasSubstr("1 shared object, 1 of which nobody has open "
                                 "(lockcheck shm clean)\n"));
  EXPECT_THAT(ran.out, Not(HasSubstr("a:")));
}

TEST_F(ShmTest, WhoHasItOpenAndHoldsALockOfItIsNamed) {
  const std::string user = std::to_string(StartUser());
  const Ran ran = List();
  EXPECT_THAT(ran.out, HasSubstr("made by " + user + "; open in " + user +
                                 " (named_program)\n"));
  EXPECT_THAT(ran.out, HasSubstr("    a: held by " + user + "\n"));
  EXPECT_THAT(ran.out, Not(HasSubstr("b:")));
  EXPECT_THAT(ran.out, HasSubstr("1 shared object\n"));
}

TEST_F(ShmTest, ThatTheOwnerOfALockDiedIsSaid) {
  Told("die-with-a", SIGKILL);
  const Ran ran = List();
  EXPECT_THAT(ran.out, HasSubstr("nobody has it open\n"));
  EXPECT_THAT(ran.out, HasSubstr("    a: its owner died while it had it\n"));
}

TEST_F(ShmTest, OneWhoseMakerDiedOverItIsUnfinished) {
  Told("die-making-it", SIGKILL);
  EXPECT_THAT(List().out, HasSubstr("unfinished: who made it died"));
}

TEST_F(ShmTest, TheJsonFormSaysTheSame) {
  const pid_t user = StartUser();
  const Json one = ListedAsJson();
  EXPECT_EQ(one.at("name"), name_);
  EXPECT_EQ(one.at("state"), "complete");
  EXPECT_EQ(one.at("in_use"), true);
  EXPECT_EQ(one.at("creator"), user);
  EXPECT_EQ(one.at("creator_lives"), true);
  EXPECT_EQ(one.at("users"),
            Json::array({{{"pid", user}, {"program", "named_program"}}}));
  ASSERT_EQ(one.at("locks").size(), 2u);
  EXPECT_EQ(one.at("locks")[0].at("name"), "a");
  EXPECT_EQ(one.at("locks")[0].at("state"), "held");
  EXPECT_EQ(one.at("locks")[0].at("owner_tid"), user);
  EXPECT_EQ(one.at("locks")[1].at("state"), "free");
  user_->Signal(SIGKILL);
  user_->Wait();
  EXPECT_EQ(ListedAsJson().at("locks")[0].at("state"), "owner-died");
  EXPECT_EQ(ListedAsJson().at("in_use"), false);
}

TEST_F(ShmTest, APatternThatFindsNothingListsNothing) {
  const Ran ran = RunCommand({"shm", "list", "test.no-such-*"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out, "0 shared objects\n");
}

// ---- clean ------------------------------------------------------------------
TEST_F(ShmTest, WhatNobodyHasOpenIsRemoved) {
  Told("die-with-a", SIGKILL);
  const Ran ran = Clean({name_});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, "removed " + name_ + "\n");
  EXPECT_FALSE(IsThere());
}

TEST_F(ShmTest, WhatWasNeverFinishedIsRemovedToo) {
  Told("die-making-it", SIGKILL);
  EXPECT_EQ(Clean({name_.substr(0, name_.size() - 3) + "*"}).status, 0);
  EXPECT_FALSE(IsThere());
}

TEST_F(ShmTest, WhatIsInUseStaysUnlessItIsForced) {
  const std::string user = std::to_string(StartUser());
  Ran ran = Clean({name_});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.out, "kept " + name_ + ": open in " + user +
                         " (named_program) (--force removes it all the "
                         "same)\n");
  EXPECT_TRUE(IsThere());
  ran = Clean({name_, "--force"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out, "removed " + name_ + " (open in " + user +
                         " (named_program); they keep the memory)\n");
  EXPECT_FALSE(IsThere());
  EXPECT_FALSE(user_->HasEnded());
}

TEST_F(ShmTest, TheJsonFormSaysWhatWasRemovedAndWhatWasKept) {
  Told("leave");
  const Ran ran = Clean({name_, "--json", "-"});
  const Json all = Json::parse(ran.out);
  EXPECT_EQ(all.at("removed"), Json::array({name_}));
  EXPECT_EQ(all.at("kept"), Json::array());
}

// In a folder of its own, for others' are none of a test's business.
TEST_F(ShmTest, AllMeansAllOfOursThatNobodyHasOpen) {
  Told("leave");
  Folder folder;
  for (const char* const name : {"one", "two"}) {
    std::filesystem::copy_file(path(),
                               folder / ("lockcheck." + std::string(name)));
  }
  std::ofstream(folder / "lockcheck.foreign") << std::string(10'000, 'x');
  std::ofstream(folder / "not-lockchecks") << "x";
  ShmOptions options;
  options.clean = options.all = true;
  const ShmResult result = Shm(folder.path() + "/", options);
  EXPECT_EQ(result.status, kExitOk);
  EXPECT_EQ(result.text,
            "kept foreign, which this lockcheck did not make\n"
            "removed one\n"
            "removed two\n");
  EXPECT_TRUE(std::filesystem::exists(folder / "lockcheck.foreign"));
  EXPECT_TRUE(std::filesystem::exists(folder / "not-lockchecks"));
  EXPECT_FALSE(std::filesystem::exists(folder / "lockcheck.one"));
}

// ---- Wrong usage ------------------------------------------------------------
TEST_F(ShmTest, ANameThatNothingHasIsWrongUsageAndNothingIsRemoved) {
  Told("leave");
  const Ran ran = Clean({name_, name_ + "x"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, HasSubstr("no shared object is called '" + name_ +
                                 "x'; did you mean '" + name_ + "'?"));
  EXPECT_TRUE(IsThere());
}

TEST_F(ShmTest, ItIsToldWhatToDoAndWithWhich) {
  const auto error = [](std::vector<std::string> words) {
    words.insert(words.begin(), "shm");
    const Ran ran = RunCommand(words);
    EXPECT_EQ(ran.status, 2);
    return ran.err;
  };
  EXPECT_THAT(error({}), HasSubstr("lockcheck shm: "));
  EXPECT_THAT(error({"clear"}), HasSubstr("'clear': it is list or clean; did "
                                          "you mean 'clean'?"));
  EXPECT_THAT(error({"clean"}),
              HasSubstr("name what to remove, or give --all"));
  EXPECT_THAT(error({"clean", "--all", "x"}), HasSubstr("or give --all"));
  EXPECT_THAT(error({"list", "--force"}), HasSubstr("--force goes with clean"));
}

TEST_F(ShmTest, AFolderThatIsNotThereIsAnError) {
  const ShmResult result = Shm("/no/such/folder/", {});
  EXPECT_EQ(result.status, kExitFile);
  EXPECT_THAT(result.error, HasSubstr("/no/such/folder/: cannot be read"));
}

}  // namespace
}  // namespace lockcheck::tools::testing
