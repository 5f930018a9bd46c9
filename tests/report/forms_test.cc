// The text, graph, flame-graph and status forms of a small report made by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lib/report/dot.h"
#include "lib/report/folded.h"
#include "lib/report/identity.h"
#include "lib/report/status_text.h"
#include "lib/report/text.h"
#include "tests/report/sample_report.h"

namespace lockcheck::report {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// The lines from the one that begins with `from` to the next empty one.
std::string Paragraph(const std::string& text, const std::string& from) {
  const size_t start = text.find(std::string("\n").append(from));
  if (start == std::string::npos) return "";
  return text.substr(start + 1, text.find("\n\n", start) - start);
}

TEST(TextFormTest, AFindingShowsAllThatIsNeededToMendIt) {
  const std::string text = Text(testing::SampleReport(), TextOptions());
  const size_t from = text.find("[1]");
  ASSERT_NE(from, std::string::npos);
  EXPECT_EQ(text.substr(from, text.find("\n[2]") - from),
            R"([1] POSSIBLE DEADLOCK  lock-order 3f9a1c22b07e  3 alike
    A2 (plato) holds fork[0] and asks for fork[1], while A3 (kant) holds fork[1] and asks for fork[0].

    A2 plato  tid 4712
      holds    fork[0], acquired in
               Philosopher::Eat   samples/philosophers.cc:41
               Philosopher::Dine  samples/philosophers.cc:63
               main               samples/philosophers.cc:90
      asks     fork[1], 12,031 times, in
               Philosopher::Eat   samples/philosophers.cc:42

    A3 kant  tid 4713
      holds    fork[1], acquired in
               Philosopher::Eat   samples/philosophers.cc:41
               Philosopher::Dine  samples/philosophers.cc:63
               main               samples/philosophers.cc:90
      asks     fork[0], in
               Philosopher::Eat   samples/philosophers.cc:42

    why        it did not happen in this run.
    assumes    plato and kant may run at the same time
    do         always take fork[0] before fork[1].
    suppress   lock-order:fork[0] -> fork[1]  # why it is safe
)");
}

TEST(TextFormTest, AStackOfAnotherActorIsSaidToBeAnotherActors) {
  Report report = testing::SampleReport();
  PartRow& part = report.findings[0].parts[0];
  part.holds[0].stack_of = 2;
  part.wants->stack_of.reset();
  const std::string text = Text(report, TextOptions());
  EXPECT_THAT(text, HasSubstr("fork[0], acquired in (as first seen in A3 kant)"
                              "\n               Philosopher::Eat"));
  EXPECT_THAT(text, HasSubstr("fork[1], 12,031 times, in (as first seen there)"
                              "\n               Philosopher::Eat"));
}

TEST(TextFormTest, APlaceThatTheLogDoesNotSayIsSaidToBeMissing) {
  Report report = testing::SampleReport();
  PartRow& part = report.findings[1].parts[0];
  part.holds = {{0, model::Mode::kExclusive, {}}};
  part.wants->site.reset();
  part.wants->stack.clear();
  const std::string text = Text(report, TextOptions());
  EXPECT_THAT(text, HasSubstr("holds    fork[0]; since where is not known\n"));
  EXPECT_THAT(text, HasSubstr("misuses  fork[0]; where is not known\n"));
}

TEST(TextFormTest, HeaderSaysWhatWasReadAndWhatIsMissing) {
  EXPECT_EQ(HeaderText(testing::SampleReport(), false, 0),
            R"(lockcheck  run.log
program    ./philosophers 5 'two words'
run        1.24 s from 2023-11-14 22:13:20 UTC on agora, pid 4711
size       3 actors in 1 process, 2 locks in 2 classes, 12.4 M events, 3.15 cores used, bounded
warning    libold.so: has no debug information
note       the search for cycles was cut at 10,000
)");
}

TEST(TextFormTest, HotspotsLineUp) {
  EXPECT_EQ(Paragraph(Text(testing::SampleReport(), TextOptions()), "LOCKS"),
            R"(LOCKS  2 of 2 classes, by wait_total
  waits    acquired  contended    %  suffered  caused     mean      p50      p90     p99      max  waiters  hand-overs
  fork[0]    1.24 M     31,201  2.5    1.24 s  1.24 s  39.7 us  31.0 us  62.0 us  410 us  7.20 ms        1      40,000
  fork[1]    1.24 M     31,201  2.5    900 ms  1.24 s  39.7 us  31.0 us  62.0 us  410 us  7.20 ms        1      40,000
  holds    acquired   timed    held  used    mean    +-     p50     p90      p99      max  actors
  fork[0]    1.24 M  77,500  520 ms   42%  420 ns  3 ns  400 ns  700 ns  1.90 us  90.0 us       2
  fork[1]    1.24 M  77,500  520 ms   42%  420 ns  3 ns  400 ns  700 ns  1.90 us  90.0 us       2
)");
}

TEST(TextFormTest, RefutedFindingsAreCountedAndShownOnRequest) {
  TextOptions options;
  const std::string plain = Text(testing::SampleReport(), options);
  EXPECT_THAT(plain, HasSubstr("1 possible deadlock, 1 misuse  (--all shows 1 "
                               "refuted: 1 gate)"));
  EXPECT_THAT(plain, Not(HasSubstr("REFUTED")));
  options.all = true;
  EXPECT_THAT(Text(testing::SampleReport(), options),
              HasSubstr("REFUTED  lock-order 00aa11bb22cc  (gate)"));
}

TEST(TextFormTest, FindingsOfTheBaselineAreCountedAndShownOnRequest) {
  Report report = testing::SampleReport();
  report.findings[0].in_baseline = true;
  const std::string plain = Text(report, {});
  EXPECT_THAT(plain, HasSubstr("FINDINGS  1 misuse, 1 in the baseline  (--all "
                               "shows 1 refuted: 1 gate)\n"));
  EXPECT_THAT(plain, Not(HasSubstr("POSSIBLE DEADLOCK")));
  TextOptions options;
  options.all = true;
  EXPECT_THAT(
      Text(report, options),
      HasSubstr(
          "POSSIBLE DEADLOCK  lock-order 3f9a1c22b07e  (in the baseline)"));
  report.findings.resize(1);
  EXPECT_THAT(Text(report, {}),
              HasSubstr("FINDINGS  none, 1 in the baseline\n"));
}

TEST(TextFormTest, TheHeaderCountsWhatTheSectionShows) {
  Report report = testing::SampleReport();
  report.findings[0].suppressed = true;
  report.findings[2].order_violation = true;
  TextOptions options;
  EXPECT_THAT(Text(report, options),
              HasSubstr("FINDINGS  1 order violation, 1 misuse  (--all shows 1 "
                        "suppressed)\n"));
  options.all = true;
  EXPECT_THAT(Text(report, options),
              HasSubstr("FINDINGS  1 order violation, 1 misuse, 1 "
                        "suppressed\n"));
  report.findings[2].order_violation = false;
  EXPECT_THAT(Text(report, options),
              HasSubstr("FINDINGS  1 misuse, 1 refuted, 1 suppressed\n"));
  report.findings[2].fails = true;  // --fail-on order
  const std::string fails = Text(report, {});
  EXPECT_THAT(fails, HasSubstr("FINDINGS  1 order violation, 1 misuse  "));
  EXPECT_THAT(fails, HasSubstr("ORDER VIOLATION  lock-order"));
}

TEST(TextFormTest, StandingWaitsAreMarkedAndTheirShareIsNoMoreThanAll) {
  Report report = testing::SampleReport();
  UsageRow& usage = report.classes[0].usage;
  usage.acquisitions = 2;
  usage.contended = 3;
  usage.unmet = 2;
  usage.standing = 2;
  const std::string locks = Paragraph(Text(report, TextOptions()), "LOCKS");
  EXPECT_THAT(locks, HasSubstr("suffered  standing"));
  EXPECT_EQ(FindColumn("contended_percent")->value(usage), 75);
}

TEST(TextFormTest, ItIsOkOnlySoFarAsEverythingIsThereAndWasLookedAt) {
  Report report = testing::SampleReport();
  report.findings.clear();
  const auto last_line = [&](bool whole, bool exhaustive, bool fails) {
    report.whole = whole;
    report.exhaustive = exhaustive;
    report.fails_as_incomplete = fails;
    const std::string text = Text(report, TextOptions());
    return text.substr(text.rfind('\n', text.size() - 2) + 1);
  };
  EXPECT_EQ(last_line(true, true, false), "OK  nothing that fails\n");
  EXPECT_EQ(last_line(true, false, false),
            "OK so far as it was looked  nothing that fails, but a bound cut "
            "the search, see the notes (--fail-on incomplete)\n");
  EXPECT_THAT(last_line(false, true, false),
              HasSubstr("OK so far as the log goes  nothing that fails, but "
                        "records are missing (--fail-on"));
  EXPECT_THAT(last_line(false, false, false),
              HasSubstr("records are missing, and a bound cut the search ("));
  EXPECT_EQ(last_line(true, false, true),
            "FAILS  a bound cut the search, see the notes\n");
}

TEST(TextFormTest, TheHeaderIsNoWiderThanTheWindow) {
  Report report = testing::SampleReport();
  report.warnings = {
      "the log lacks what one of its blocks held, so some of "
      "what it says may be wrong"};
  report.notes = report.warnings;
  for (const std::string& header :
       {HeaderText(report, false, 60),
        StatusText(report, {.width = 60}).substr(0, 500)}) {
    EXPECT_THAT(header, HasSubstr("warning    the log lacks what one of its "
                                  "blocks held, so\n           some of"));
    EXPECT_THAT(header, HasSubstr("note       the log lacks what one of its "
                                  "blocks held, so\n           some of"));
  }
}

TEST(TextFormTest, WhatIsWaitedForAndNeverHeldHasATableOfItsOwn) {
  Report report = testing::SampleReport();
  report.classes[1].kind = model::ObjectKind::kConditionVariable;
  UsageRow signals;
  signals.signal_waits = signals.wait.n = 2;
  signals.signal_wait_ns = signals.wait.total = 4e9;
  signals.wait.mean = 2e9;
  signals.wait.p50 = signals.wait.p90 = signals.wait.p99 = 2'000'000'000;
  signals.wait.max = 3'000'000'000;
  signals.max_waiters = 1;
  report.classes[1].usage = signals;
  report.sites[0].usage.signal_wait_ns = 4e9;
  const std::string text = Text(report, TextOptions());
  EXPECT_THAT(Paragraph(text, "LOCKS"), Not(HasSubstr("fork[1]")));
  EXPECT_EQ(Paragraph(text, "SIGNALS"),
            R"(SIGNALS  1 of 1 class, by wait_total
  waits    signals  awaited    mean     p50     p90     p99     max  waiters
  fork[1]        2   4.00 s  2.00 s  2.00 s  2.00 s  2.00 s  3.00 s        1
)");
}

TEST(TextFormTest, TopBoundsTheTablesAndSortOrdersThem) {
  Report report = testing::SampleReport();
  report.classes[1].usage.hold.max = 1'000'000;
  TextOptions options;
  options.top = 1;
  options.sort = FindColumn("hold_max");
  const std::string locks = Paragraph(Text(report, options), "LOCKS");
  EXPECT_THAT(locks, HasSubstr("LOCKS  1 of 2 classes, by hold_max"));
  EXPECT_THAT(locks, HasSubstr("fork[1]"));
  EXPECT_THAT(locks, Not(HasSubstr("fork[0]")));
}

TEST(DotFormTest, CyclesOnlyUnlessAllIsAsked) {
  EXPECT_EQ(Dot(testing::SampleReport(), false), R"(digraph lock_order {
  rankdir=LR;
  node [shape=box];
  "fork[0]";
  "fork[1]";
  "fork[0]" -> "fork[1]" [label="12,031x\nheld: Philosopher::Eat philosophers.cc:41\nasked: Philosopher::Eat philosophers.cc:42", color=red, penwidth=2];
  "fork[1]" -> "fork[0]" [label="1x\nheld: Philosopher::Eat philosophers.cc:41\nasked: Philosopher::Eat philosophers.cc:42", color=red, penwidth=2];
}
)");
  EXPECT_THAT(Dot(testing::SampleReport(), true),
              HasSubstr(R"("fork[1]" -> "fork[1]" [label="5x\nheld: (not )"
                        R"(known)\nasked: Philosopher::Eat )"
                        R"(philosophers.cc:42", style=dashed])"));
}

TEST(DotFormTest, NamesAreQuoted) {
  Report report = testing::SampleReport();
  report.classes[0].name = "a\"b\\c";
  EXPECT_THAT(Dot(report, false), HasSubstr(R"("a\"b\\c";)"));
}

TEST(FoldedFormTest, OneStackALineOutermostFirst) {
  EXPECT_EQ(Folded(testing::SampleReport(), FoldedBy::kSuffered),
            "[lock fork[0]];main;Philosopher::Dine;Philosopher::Eat "
            "1240000000\n[lock fork[1]];(not known) 250\n");
}

TEST(FoldedFormTest, SeparatorsInNamesAreReplaced) {
  Report report = testing::SampleReport();
  report.classes[0].name = "a;b";
  EXPECT_THAT(Folded(report, FoldedBy::kCaused), HasSubstr("[lock a:b];main;"));
}

TEST(StatusFormTest, ATreeOfProcessesActorsHoldsAndWaits) {
  const std::string text = StatusText(testing::SampleReport(), {});
  EXPECT_EQ(text.substr(text.find("STATUS")),
            R"(STATUS  1 standing wait, 1 stuck
pid 4711  ./philosophers  exited
  A2 plato  tid 4712  blocked
    holds  fork[0]  in Philosopher::Eat philosophers.cc:41
    waits  fork[1]  in Philosopher::Eat philosophers.cc:42  for 2.10 s  STUCK
      held by A3 kant  in Philosopher::Eat philosophers.cc:41
  2 actors with nothing held and nothing waited for (--all)
)");
}

TEST(StatusFormTest, ChildrenStandBelowTheirParentsAndCirclesEnd) {
  Report report;
  report.processes.resize(4);
  for (uint32_t i = 0; i < 4; ++i) report.processes[i].pid = 100 + i;
  report.processes[1].parent = 0;
  report.processes[2].parent = 3;  // a damaged log may say anything
  report.processes[3].parent = 2;
  const std::string text = StatusText(report, {});
  EXPECT_THAT(text, HasSubstr("\npid 100"));
  EXPECT_THAT(text, HasSubstr("\n  pid 101"));
  EXPECT_THAT(text, HasSubstr("\npid 102"));
  EXPECT_THAT(text, HasSubstr("\n  pid 103"));
}

TEST(StatusFormTest, AChainOfForksMayBeAsLongAsALogSays) {
  constexpr uint32_t kLong = 100'000;
  Report report;
  report.processes.resize(kLong);
  report.actors.resize(kLong);
  for (uint32_t i = 0; i < kLong; ++i) {
    report.processes[i].pid = 1 + i;
    if (i > 0) report.processes[i].parent = i - 1;
    report.actors[i].process = i;
  }
  const std::string text = StatusText(report, {});
  EXPECT_THAT(text, HasSubstr("  pid 100000 "));
  EXPECT_LT(text.size(), kLong * 200);
}

TEST(IdentityTest, RotationActorsAndLinesDoNotMatter) {
  Report report = testing::SampleReport();
  FindingRow a = report.findings[0], b = a;
  std::swap(b.parts[0], b.parts[1]);
  b.parts[0].actor = 0;
  Identify(report, a);
  for (SiteRow& site : report.sites) site.where.line += 100;
  Identify(report, b);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.suppression_keys[0], "fork[0] -> fork[1]");
}

TEST(IdentityTest, AnOwnerThatOnlyHoldsIsNoSecondLock) {
  Report report = testing::SampleReport();
  FindingRow row = report.findings[0];
  row.rule = "wait-for";
  row.parts = {testing::Part(1, 1, 0, 0, 1, 1),
               testing::Part(2, 0, 0, 1, 1, 1)};
  row.parts[0].holds.clear();
  row.parts[1].wants.reset();
  Identify(report, row);
  EXPECT_EQ(row.suppression_keys[0], "fork[0]");
}

TEST(IdentityTest, AMisuseIsOfOneLockAndAtOnePlaceWhoeverOwnedIt) {
  Report report = testing::SampleReport();
  FindingRow alone = report.findings[1], with = alone;
  with.parts.push_back(testing::Part(2, 0, 0, 1, 1, 1));
  with.parts[1].wants.reset();
  Identify(report, alone);
  Identify(report, with);
  EXPECT_EQ(alone.id, with.id);
  EXPECT_EQ(with.suppression_keys[0], "fork[0] in Philosopher::Eat");
}

// An unrelated lambda earlier in the function changes their numbers.
TEST(IdentityTest, NumbersOfLambdasDoNotMatter) {
  const auto identified = [](const std::string& function,
                             const std::string& stable = "fork") {
    Report report = testing::SampleReport();
    for (SiteRow& site : report.sites) site.where.function = function;
    report.classes[0].stable = stable;
    FindingRow row = report.findings[1];
    Identify(report, row);
    return row;
  };
  const FindingRow row = identified("Eat::{lambda#2}::operator()");
  EXPECT_EQ(row.id, identified("Eat::{lambda#13}::operator()").id);
  EXPECT_EQ(row.id, identified("Eat::$_12::operator()").id);
  EXPECT_EQ(row.id, identified("Eat::{lambda}::operator()").id);
  EXPECT_NE(row.id, identified("Dine::{lambda#2}::operator()").id);
  EXPECT_EQ(row.suppression_keys[0], "fork in Eat::{lambda}::operator()");
  // As reports show it.
  EXPECT_THAT(row.suppression_keys, Contains("Eat::{lambda#2}::operator()"));
  EXPECT_EQ(identified("Run<Eat()::{lambda(X<{lambda(int)#1}>)#2}>").id,
            identified("Run<Eat()::{lambda(X<{lambda(int)#3}>)#4}>").id);
  EXPECT_EQ(identified("Run<{unnamed type#1}>").id,
            identified("Run<{unnamed type#2}>").id);
  EXPECT_EQ(identified("Eat", "mutex@{lambda#1}::operator()").id,
            identified("Eat", "mutex@{lambda#2}::operator()").id);
  // These are no lambdas' numbers.
  for (const std::string other : {"Eat$_1", "Eat{x#1}", "{lambda#1", "#1}"}) {
    std::string another = other;
    another[other.find('1')] = '2';
    EXPECT_NE(identified(other).id, identified(another).id) << other;
    EXPECT_EQ(identified(other).suppression_keys[0], "fork in " + other);
  }
}

TEST(IdentityTest, RuleClassesAndFunctionsMatter) {
  Report report = testing::SampleReport();
  const FindingRow original = report.findings[0];
  FindingRow row = original;
  Identify(report, row);
  const std::string id = row.id;
  row = original;
  row.rule = "wait-for";
  Identify(report, row);
  EXPECT_NE(row.id, id);
  row = original;
  row.verdict = analysis::Verdict::kRefuted;
  Identify(report, row);
  EXPECT_NE(row.id, id);
  report.sites[1].where.function = "Philosopher::Think";
  row = original;
  Identify(report, row);
  EXPECT_NE(row.id, id);
  report = testing::SampleReport();
  report.classes[0].stable = "spoon";
  row = original;
  Identify(report, row);
  EXPECT_NE(row.id, id);
}

}  // namespace
}  // namespace lockcheck::report
