// Threads that wait for what suspended coroutines hold: at once, in the log and
// with mode=live.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>

#include <string>
#include <vector>

#include "tests/count.h"
#include "tests/tools/stories.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Count;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class CarrierTest : public StoriesTest {
 protected:
  CarrierTest() : StoriesTest("carrier_program") {}

  // What a story that hangs says until then: until all of `last` is said, each
  // of which is in a line of its own.
  std::string SaidWhenItHangs(
      const std::string& story, const std::string& options,
      const std::vector<std::string>& last,
      const std::string& what = "no thread is left that could resume it") {
    Child child(program_, {story});
    child.Options(options).Start();
    for (const std::string& words : last) {
      while (child.SaidToError().find(words) == std::string::npos &&
             !child.HasEnded()) {
        sched_yield();
      }
    }
    child.Signal(SIGKILL);
    const Finished f = child.Wait();
    EXPECT_EQ(f.signal(), SIGKILL) << story << f;
    EXPECT_EQ(Count(f.err, " DEADLOCK: "), 1) << story << f;
    EXPECT_THAT(f.err, HasSubstr(what)) << story;
    EXPECT_THAT(f.err, Not(HasSubstr("misuse"))) << story;
    return f.err;
  }
  std::string Recorded(const std::string& story) {
    return SaidWhenItHangs(story, "log=" + log_ + ":command=" LOCKCHECK_COMMAND,
                           {"suppress "});
  }
  std::string Live(const std::string& story) {
    return SaidWhenItHangs(story, "mode=live:command=none", {" took it"});
  }
};

TEST_F(CarrierTest, TheThreadThatWouldResumeTheHolderWaits) {
  EXPECT_THAT(Recorded("alone"),
              AllOf(HasSubstr("ACTUAL DEADLOCK  carrier"),
                    HasSubstr("(holder) is suspended with m held"),
                    HasSubstr("(other) waits for m"), HasSubstr("awaits   in"),
                    HasSubstr("HoldAcross")));
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("1 actual deadlock"), Not(HasSubstr("HAZARD"))));
  EXPECT_THAT(Live("alone"),
              AllOf(HasSubstr(" holder is suspended"), HasSubstr("\"m\"")));
}

TEST_F(CarrierTest, HoweverManyThreadsThereAreIfEachOfThemWaits) {
  for (const char* story :
       {"after-run", "on-two-threads", "two-contexts", "through-join",
        "with-hint", "with-idle-helper", "until-helper-ends"}) {
    EXPECT_THAT(Recorded(story), HasSubstr("ACTUAL DEADLOCK  carrier"))
        << story;
    const Ran ran = Analyze();
    EXPECT_THAT(ran.out, HasSubstr("1 actual deadlock")) << story << ran.out;
    Live(story);
  }
}

// Others could resume them, but that helps nobody.
TEST_F(CarrierTest, ThreadsAndCoroutinesThatWaitForEachOtherAreADeadlock) {
  for (const char* story : {"mixed", "mixed-with-thread", "mixed-with-join"}) {
    const std::string what = "DEADLOCK: 1 thread and 1 coroutine wait";
    EXPECT_THAT(
        SaidWhenItHangs(story, "log=" + log_ + ":command=" LOCKCHECK_COMMAND,
                        {"suppress "}, what),
        AllOf(HasSubstr("ACTUAL DEADLOCK  wait-for"), HasSubstr("awaits")))
        << story;
    EXPECT_THAT(Analyze().out, HasSubstr("1 actual deadlock")) << story;
    // The coroutine's name is what it does.
    EXPECT_THAT(SaidWhenItHangs(story, "mode=live:command=none",
                                {" waits for ", " awaits awaits "}, what),
                HasSubstr(" took it"))
        << story;
  }
}

TEST_F(CarrierTest, WhoIsSuspendedIsToldWithWhoAwaitsIt) {
  const Finished live = Told("deep", "mode=live:command=none");
  EXPECT_THAT(live.err,
              HasSubstr("DEADLOCK: 2 coroutines wait for each other"));
  for (const char* function : {"Innermost", "Middle", "Outermost"}) {
    EXPECT_THAT(live.err, HasSubstr(function));
  }
  Told("deep", "log=" + log_ + ":command=none");
  const std::string out = Analyze().out;
  const size_t inner = out.find("waits    second, in");
  ASSERT_NE(inner, out.npos) << out;
  const size_t first = out.find("Innermost", inner);
  const size_t second = out.find("Middle", first);
  EXPECT_LT(second, out.find("Outermost", second)) << out;
}

TEST_F(CarrierTest, ARequestThatClosesItMayBeRefused) {
  for (const std::string& mode : {"log=" + log_, std::string("mode=live")}) {
    const Finished f =
        Told("refused", mode + ":on_deadlock=throw:command=none");
    EXPECT_EQ(f.out, "refused\nrefused\n") << f;
    EXPECT_EQ(Count(f.err, " DEADLOCK: "), 2) << f;
  }
  Told("refused", "log=" + log_ + ":on_deadlock=throw:command=none");
  EXPECT_THAT(Analyze().out, HasSubstr("ACTUAL DEADLOCK  carrier"));
}

// The lock across the await is a hazard, and no more.
TEST_F(CarrierTest, WhoeverCanBeResumedIsNoDeadlock) {
  for (const char* story :
       {"second-thread", "late-thread", "gives-up", "mixed-gives-up"}) {
    const Ran ran = Analyzed(story);
    EXPECT_THAT(ran.out, AllOf(HasSubstr("HAZARD  lock-across-await"),
                               Not(HasSubstr("DEADLOCK"))))
        << story;
    EXPECT_THAT(SaidLive(story), Not(HasSubstr("DEADLOCK"))) << story;
  }
}

}  // namespace
}  // namespace lockcheck::tools::testing
