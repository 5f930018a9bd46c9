// GoogleTest's side of lockcheck/gtest.h.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lockcheck/gtest.h"
#include "tools/check/block_in_child.h"
#include "tools/check/observer.h"

namespace lockcheck::testing {
namespace {

using check::Findings;
using check::Found;
using check::Observer;
using internal::LockUp;

constexpr int kFailedStatus = 1;  // as GoogleTest's for a failed test
constexpr unsigned kReportSeconds = 30;

char g_default_options[4096] = "";

std::string NameOf(const ::testing::TestInfo& test) {
  return std::string(test.test_suite_name()) + "." + test.name();
}

// GoogleTest's XML and JSON say "notrun" of tests that were not to run, and of
// all others that they are completed. A program that ends in the middle knows
// better, but only a private member can say it. The instantiation of a template
// may name one.
void SetShouldRun(::testing::TestInfo& test, bool should_run);
template <bool ::testing::TestInfo::*kMember>
struct ShouldRun {
  friend void SetShouldRun(::testing::TestInfo& test, bool should_run) {
    test.*kMember = should_run;
  }
};
template struct ShouldRun<&::testing::TestInfo::should_run_>;

class Listener : public ::testing::EmptyTestEventListener {
 public:
  explicit Listener(Observer* observer) : observer_(observer) {}

  void OnTestProgramStart(const ::testing::UnitTest&) override {
    is_running_ = true;
  }
  void OnTestIterationStart(const ::testing::UnitTest&, int) override {
    begun_.clear();
  }
  void OnTestStart(const ::testing::TestInfo& test) override {
    begun_.insert(&test);
    test_ = NameOf(test);
    file_ = test.file();
    line_ = test.line();
    ids_.clear();
    observer_->Begin(test_);
  }
  void OnTestEnd(const ::testing::TestInfo&) override {
    Fail(observer_->End(), nullptr, 0);
  }
  void OnTestProgramEnd(const ::testing::UnitTest& unit) override {
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
      std::string where = "outside of any test";
      if (!one.tests.empty()) {
        where = "no single test shows this, but all together do (";
        for (const std::string& test : one.tests) {
          where += (&test == &one.tests.front() ? "" : ", ") + test;
        }
        where += ")";
      }
      std::fprintf(stderr, "lockcheck: %s:\n%s\n", where.c_str(),
                   one.text.c_str());
    }
    // Of tests that did not run nothing is known.
    if (unit.test_to_run_count() != unit.total_test_count()) return;
    for (const std::string& line : observer_->Unused()) {
      std::fprintf(stderr, "%s\n", line.c_str());
    }
  }

  bool failed_at_end() const { return failed_at_end_; }

  // The tests end here, in the middle of one or between two, and no more of
  // them will run: a failure, told as GoogleTest tells it.
  void EndBefore(::testing::UnitTest& unit, const char* how) {
    is_running_ = false;
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
    const ::testing::TestInfo* const test = unit.current_test_info();
    std::printf("[  FAILED  ] %s (%s)\n",
                test == nullptr ? "outside of any test" : NameOf(*test).c_str(),
                how);
    std::fflush(nullptr);
  }
  // False as well before the first test and after the last one.
  bool is_running() const { return is_running_; }
  void OnExit(int status) {
    ADD_FAILURE_AT(file_.empty() ? "lockcheck" : file_.c_str(), line_)
        << "the program ended by exit(" << status
        << ") before its tests were done";
    EndBefore(*::testing::UnitTest::GetInstance(), "it called exit");
  }

  // Of the block alone; the test fails for what it did before.
  Findings FoundIn(const std::function<void()>& block) {
    Fail(observer_->End(), nullptr, 0);
    observer_->Begin(test_);
    block();
    Findings found = observer_->End();
    observer_->Begin(test_);
    return found;
  }

  void Fail(const Findings& found, const char* file, int line) {
    if (!found.error.empty()) return Complain(found.error);
    SayWhatWasCut(test_, found);
    if (!found.missing.empty()) Complain(found.missing);
    for (const Found& one : found.found) {
      AddFailure(one, file == nullptr ? file_.c_str() : file,
                 file == nullptr ? line_ : line);
    }
  }
  // A deadlock has happened, in whichever thread.
  bool OnDeadlock(LockUp how) {
    const std::string what =
        (how == LockUp::kStall ? "every thread waits to be signalled, and "
                                 "nobody is left who could do it, in "
                               : "a deadlock happened in ") +
        test_;
    std::fprintf(stderr, "lockcheck: %s\n", what.c_str());
    bool told = false;
    for (const Found& one : observer_->LockedUp().found) {
      if (!one.actual) continue;
      AddFailure(one, file_.c_str(), line_);
      std::fprintf(stderr, "%s", one.text.c_str());
      told = true;
    }
    if (!told) ADD_FAILURE_AT(file_.c_str(), line_) << what;
    return told;
  }

 private:
  static void SayWhatWasCut(const std::string& where, const Findings& found) {
    for (const std::string& line : found.cut) {
      std::fprintf(stderr, "lockcheck: %s: a bound cut the search: %s\n",
                   where.c_str(), line.c_str());
    }
  }
  void AddFailure(const Found& one, const char* file, int line) {
    // A key has one value.
    ids_ += (ids_.empty() ? "" : ",") + one.id;
    ::testing::Test::RecordProperty("lockcheck_finding", ids_);
    ADD_FAILURE_AT(file, line) << one.text;
  }
  static void Complain(const std::string& error) {
    ADD_FAILURE_AT("lockcheck", 0) << "lockcheck: " << error;
  }

  const std::unique_ptr<Observer> observer_;
  std::string test_, file_;
  int line_ = 0;
  std::string ids_;  // of the present test's findings
  std::set<const ::testing::TestInfo*> begun_;  // in this iteration
  bool is_running_ = false;
  bool failed_at_end_ = false;
};

Listener* g_listener = nullptr;
pid_t g_process = 0;  // that the listener is of

// What fails after main() has its status, or because a test ended the program.
// Linux goes on with the remaining handlers if one of them calls exit().
void OnExit(int status, void*) {
  // A child that a test has forked ends as the test wants it.
  if (getpid() != g_process || ::testing::internal::InDeathTestChild()) return;
  bool fails = g_listener->failed_at_end();
  if (g_listener->is_running()) {
    g_listener->OnExit(status);
    fails = true;
  }
  if (internal::HasLogByDefault()) unlink(internal::LogPath());
  if (fails && status == 0) std::exit(kFailedStatus);
}

bool OnDeadlock(LockUp how, const void* deadlock) {
  const bool is_child = getpid() != g_process;
  // Its end is its parent's business, which may know how to end the wait.
  if (is_child && how == LockUp::kStall) return false;
  // What tells of it needs memory, and the deadlock may be about that.
  signal(SIGALRM, SIG_DFL);
  alarm(kReportSeconds);
  if (is_child) {
    // A child that a test has forked: its end is the test's business.
    internal::SayDeadlock(deadlock);
    _exit(kFailedStatus);
  }
  const bool told = g_listener->OnDeadlock(how);
  if (!told) internal::SayDeadlock(deadlock);
  // Where nobody closed it, nobody throws.
  if (how != LockUp::kClosed || !internal::ThrowsOnDeadlock()) {
    g_listener->EndBefore(*::testing::UnitTest::GetInstance(), "it locked up");
    _exit(kFailedStatus);
  }
  alarm(0);
  return true;
}

std::chrono::milliseconds g_block_limit = std::chrono::seconds(30);

void ExpectLockUp(const char* file, int line,
                  const std::function<void()>& block) {
  const BlockEnd end = RunInChild(block, g_block_limit);
  for (const BlockEnd::Failure& failure : end.failures) {
    ADD_FAILURE_AT(failure.file.c_str(), failure.line) << failure.text;
  }
  if (end.locked_up) return;
  ADD_FAILURE_AT(file, line) << "no deadlock happened: " << end.how;
}

}  // namespace

void Install() {
  if (g_listener != nullptr) return;
  std::string error;
  Observer* const observer = lockcheck_new_observer(
      {&internal::LogPath, &internal::LogTicks, &internal::MarkThreads,
       &internal::StateOfLog},
      {internal::SuppressionsPath(), internal::BaselinePath()}, error);
  if (observer == nullptr) {
    std::fprintf(stderr, "lockcheck: %s\n", error.c_str());
    std::exit(2);
  }
  if (internal::LogPath() == nullptr) {
    const bool by_choice = internal::IsOffByChoice();
    std::fprintf(stderr,
                 "lockcheck: nothing is recorded, so nothing is checked%s\n",
                 by_choice ? "" : "; tests need a log, as mode=record writes");
    if (!by_choice) std::exit(2);
    return;
  }
  g_process = getpid();
  g_listener = new Listener(observer);
  ::testing::UnitTest::GetInstance()->listeners().Append(g_listener);
  internal::SetDeadlockHook(&OnDeadlock);
  on_exit(&OnExit, nullptr);
}

void SetActualDeadlockLimit(std::chrono::milliseconds limit) {
  g_block_limit = limit;
}

void ExpectNoDeadlock(const char* file, int line,
                      const std::function<void()>& block) {
  if (g_listener == nullptr) return block();
  g_listener->Fail(g_listener->FoundIn(block), file, line);
}

void ExpectDeadlock(Deadlock kind, const char* file, int line,
                    const std::function<void()>& block) {
  if (g_listener == nullptr) return;
  if (kind == Deadlock::kActual) {
    ExpectLockUp(file, line, block);
    return;
  }
  const Findings found = g_listener->FoundIn(block);
  const bool possible =
      std::any_of(found.found.begin(), found.found.end(),
                  [](const Found& one) { return one.deadlock; });
  if (!possible) ADD_FAILURE_AT(file, line) << "no deadlock is possible";
}

}  // namespace lockcheck::testing

// Read before main, by the runtime.
extern "C" const char* lockcheck_default_options() noexcept {
  using namespace lockcheck::testing;
  const char* const folder = std::getenv("TMPDIR");
  std::string escaped;
  for (const char* p = folder == nullptr ? "/tmp" : folder; *p != 0; ++p) {
    if (*p == ':' || *p == '\\' || *p == '%') escaped += *p == '%' ? '%' : '\\';
    escaped += *p;
  }
  std::snprintf(g_default_options, sizeof(g_default_options),
                "timing=off:log=%s/lockcheck.%%e.%%p.log", escaped.c_str());
  return g_default_options;
}
