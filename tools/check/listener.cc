#include "tools/check/listener.h"

#include <unistd.h>

#include <cstdio>

#include "tools/check/gtest_private.h"

namespace lockcheck::testing {

using check::Findings;
using check::Found;
using internal::LockUp;

namespace {

std::string NameOf(const ::testing::TestInfo& test) {
  return std::string(test.test_suite_name()) + "." + test.name();
}

void SayWhatWasCut(const std::string& where, const Findings& found) {
  for (const std::string& line : found.cut) {
    std::fprintf(stderr, "lockcheck: %s: a bound cut the search: %s\n",
                 where.c_str(), line.c_str());
  }
}

void Complain(const std::string& error) {
  ADD_FAILURE_AT("lockcheck", 0) << "lockcheck: " << error;
}

std::string WhereOnlyAllShow(const Found& one) {
  if (one.tests.empty()) return "outside of any test";
  if (one.tests.size() == 1) {
    return "no single run of a test shows this, but several of " +
           one.tests.front() + " together do";
  }
  std::string where = "no single test shows this, but all together do (";
  for (const std::string& test : one.tests) {
    where += (&test == &one.tests.front() ? "" : ", ") + test;
  }
  return where + ")";
}

}  // namespace

void Listener::OnTestProgramStart(const ::testing::UnitTest&) {
  is_running_ = true;
}

void Listener::OnTestIterationStart(const ::testing::UnitTest&, int) {
  const Turn turn(turns_, Turn::Of::kTests);
  begun_.clear();
}

void Listener::OnTestStart(const ::testing::TestInfo& test) {
  const Turn turn(turns_, Turn::Of::kTests);
  begun_.insert(&test);
  test_ = NameOf(test);
  file_ = test.file();
  line_ = test.line();
  in_test_ = true;
  ids_.clear();
  told_.clear();
  frames_.Begin(test_);
}

void Listener::OnTestEnd(const ::testing::TestInfo&) {
  {
    const Turn turn(turns_, Turn::Of::kTests);
    Fail(frames_.End(), nullptr, 0);
  }
  // Who has a deadlock to tell of meanwhile still finds the test.
  const Turn turn(turns_, Turn::Of::kTests);
  in_test_ = false;
  frames_.Begin("");
}

void Listener::OnTestProgramEnd(const ::testing::UnitTest& unit) {
  const Turn turn(turns_, Turn::Of::kTests);
  is_running_ = false;
  const Findings found = observer_->All();
  if (!found.error.empty()) {
    failed_at_end_ = true;
    std::fprintf(stderr, "lockcheck: %s\n", found.error.c_str());
  }
  SayWhatWasCut("all tests", found);
  if (!found.missing.empty()) {
    failed_at_end_ = true;
    std::fprintf(stderr, "lockcheck: all tests: %s\n", found.missing.c_str());
  }
  for (const Found& one : found.found) {
    failed_at_end_ = true;
    std::fprintf(stderr, "lockcheck: %s:\n%s\n", WhereOnlyAllShow(one).c_str(),
                 one.text.c_str());
  }
  // Of tests that did not run nothing is known.
  if (unit.test_to_run_count() != unit.total_test_count()) return;
  for (const std::string& line : observer_->Unused()) {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

Findings Listener::FoundIn(const std::function<void()>& block) {
  // Also by an exception; what the block has done is the test's then.
  struct Block {
    Listener& listener;
    size_t depth;
    bool over = false;
    ~Block() {
      if (over) return;
      const Turn turn(listener.turns_, Turn::Of::kTests);
      listener.frames_.Dissolve(depth);
    }
  };
  const auto enter = [&] {
    const Turn turn(turns_, Turn::Of::kTests);
    return frames_.Enter();
  };
  Block entered{*this, enter()};
  block();
  entered.over = true;
  const Turn turn(turns_, Turn::Of::kTests);
  return frames_.Leave(entered.depth);
}

void Listener::Fail(const Findings& found, const char* file, int line) {
  if (!found.error.empty()) return Complain(found.error);
  SayWhatWasCut(test_, found);
  if (!found.missing.empty()) Complain(found.missing);
  for (const Found& one : found.found) {
    AddFailure(one, file == nullptr ? file_.c_str() : file,
               file == nullptr ? line_ : line);
  }
}

void Listener::AddFailure(const Found& one, const char* file, int line) {
  if (!told_.insert(one.id).second) return;
  // A key has one value.
  ids_ += (ids_.empty() ? "" : ",") + one.id;
  ::testing::Test::RecordProperty("lockcheck_finding", ids_);
  ADD_FAILURE_AT(file, line) << one.text;
}

std::string Listener::Where() const {
  return in_test_ ? test_ : "outside of any test";
}

// The next test may be the present one already, but has not begun. What fails
// in a test suite's set-up or tear-down is not in GoogleTest's XML, what fails
// in no test suite is.
void Listener::AddText(const std::string& text) {
  if (in_test_) {
    ADD_FAILURE_AT(file_.c_str(), line_) << text;
    return;
  }
  using ::testing::TestPartResult;
  const TestPartResult part(TestPartResult::kNonFatalFailure, "lockcheck", 0,
                            text.c_str());
  ::testing::UnitTest& unit = *::testing::UnitTest::GetInstance();
  AddPart(const_cast<::testing::TestResult&>(unit.ad_hoc_test_result()), part);
  if (auto* const printer = unit.listeners().default_result_printer()) {
    printer->OnTestPartResult(part);
  }
}

void Listener::OnDeadlock(LockUp how, const void* deadlock, bool goes_on) {
  const Turn turn(turns_, Turn::Of::kReport);
  const std::string what =
      std::string(
          how == LockUp::kStall
              ? "every thread waits to be signalled, and nobody is left "
                "who could do it, "
              : "a deadlock happened ") +
      (in_test_ ? "in " : "") + Where();
  std::fprintf(stderr, "lockcheck: %s\n", what.c_str());
  std::set<std::string> told;
  for (const Found& one : observer_->LockedUp().found) {
    if (!told.insert(one.id).second) continue;
    std::fprintf(stderr, "%s", one.text.c_str());
    if (is_over_) continue;
    if (in_test_) {
      AddFailure(one, file_.c_str(), line_);
    } else {
      AddText(one.text);
    }
  }
  if (told.empty()) internal::SayDeadlock(deadlock);
  if (told.empty() && !is_over_) AddText(what);
  if (goes_on) return;
  if (!is_over_) EndBefore("it locked up");
  // Before anybody else has the turn.
  _exit(kFailedStatus);
}

bool Listener::FailsAtExit(int status) {
  const Turn turn(turns_, Turn::Of::kTests);
  const bool ends_before = is_running_;
  if (ends_before) {
    AddText("the program ended by exit(" + std::to_string(status) +
            ") before its tests were done");
    EndBefore("it called exit");
  }
  is_over_ = true;
  return ends_before || failed_at_end_;
}

void Listener::EndBefore(const char* how) {
  is_running_ = false;
  ::testing::UnitTest& unit = *::testing::UnitTest::GetInstance();
  for (int i = 0; i < unit.total_test_suite_count(); ++i) {
    const ::testing::TestSuite& suite = *unit.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j) {
      const ::testing::TestInfo* const test = suite.GetTestInfo(j);
      if (begun_.count(test) != 0) continue;
      SetShouldRun(const_cast<::testing::TestInfo&>(*test), false);
    }
  }
  if (auto* const xml = unit.listeners().default_xml_generator()) {
    xml->OnTestIterationEnd(unit, 0);
  }
  std::printf("[  FAILED  ] %s (%s)\n", Where().c_str(), how);
  std::fflush(nullptr);
}

}  // namespace lockcheck::testing
