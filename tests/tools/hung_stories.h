// Stories of several processes that come to stand, and are killed then.
#ifndef LOCKCHECK_TESTS_TOOLS_HUNG_STORIES_H_
#define LOCKCHECK_TESTS_TOOLS_HUNG_STORIES_H_

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/tools/stories.h"

namespace lockcheck::tools::testing {

class HungStoriesTest : public StoriesTest {
 protected:
  using StoriesTest::StoriesTest;
  ~HungStoriesTest() override { Kill(); }

  void Start(const std::string& story, const std::string& options) {
    child_.emplace(program_, std::vector<std::string>{story});
    child_->Options(options).Before([] { setpgid(0, 0); }).Start();
  }
  // Leaves it so: all of its processes sleep in the waits that do not end.
  void LetHang(const std::string& story, const std::string& options) {
    Start(story, options);
    UntilItStands(*child_);
    ASSERT_FALSE(child_->HasEnded());
  }
  Ran AnalyzeHung(const std::string& story) {
    LetHang(story, "log=" + log_ + ":quiescence=off");
    Kill();
    return Analyze();
  }
  // Lets it hang until its log says so, kills all of it, and analyzes again.
  Ran AnalyzeHung(const std::string& story, const std::string& words) {
    LetHang(story, "log=" + log_ + ":command=none:quiescence=50");
    Ran ran = Analyze();
    for (int looks = 0; looks < 300 && ran.out.find(words) == ran.out.npos;
         ++looks) {
      usleep(100'000);
      ran = Analyze();
    }
    EXPECT_THAT(ran.out, ::testing::HasSubstr(words)) << story;
    Kill();
    return Analyze();
  }
  // All of them at once.
  void Kill() {
    if (!child_) return;
    kill(-child_->pid(), SIGKILL);
    child_.reset();
  }

  std::optional<Child> child_;
};

}  // namespace lockcheck::tools::testing

#endif  // LOCKCHECK_TESTS_TOOLS_HUNG_STORIES_H_
