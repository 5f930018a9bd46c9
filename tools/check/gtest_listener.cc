// GoogleTest's side of lockcheck/gtest.h.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lockcheck/gtest.h"
#include "tools/check/observer.h"

namespace lockcheck::testing {
namespace {

using check::Findings;
using check::Found;
using check::Observer;

constexpr int kDeadlockStatus = 1;       // as GoogleTest's for a failed test
constexpr unsigned kReportSeconds = 30;  // for a report, and for a child
constexpr int kChildLockedUp = 66;

char g_default_options[4096] = "";

std::string NameOf(const ::testing::TestInfo& test) {
  return std::string(test.test_suite_name()) + "." + test.name();
}

class Listener : public ::testing::EmptyTestEventListener {
 public:
  explicit Listener(Observer* observer) : observer_(observer) {}

  void OnTestStart(const ::testing::TestInfo& test) override {
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
    const Findings found = observer_->All();
    if (!found.error.empty()) return Complain(found.error);
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
    for (const Found& one : found.found) {
      AddFailure(one, file == nullptr ? file_.c_str() : file,
                 file == nullptr ? line_ : line);
    }
  }
  // A deadlock has happened, in whichever thread.
  bool OnDeadlock() {
    std::fprintf(stderr, "lockcheck: a deadlock happened in %s\n",
                 test_.c_str());
    bool told = false;
    for (const Found& one : observer_->End().found) {
      if (!one.actual) continue;
      AddFailure(one, file_.c_str(), line_);
      std::fprintf(stderr, "%s", one.text.c_str());
      told = true;
    }
    if (!told) {
      ADD_FAILURE_AT(file_.c_str(), line_)
          << "a deadlock happened in " << test_;
    }
    return told;
  }

 private:
  void AddFailure(const Found& one, const char* file, int line) {
    // A key has one value.
    ids_ += (ids_.empty() ? "" : ",") + one.id;
    ::testing::Test::RecordProperty("lockcheck_finding", ids_);
    ADD_FAILURE_AT(file, line) << one.text;
  }
  static void Complain(const std::string& error) {
    ADD_FAILURE_AT("lockcheck", 0) << error;
  }

  const std::unique_ptr<Observer> observer_;
  std::string test_, file_;
  int line_ = 0;
  std::string ids_;  // of the present test's findings
  bool failed_at_end_ = false;
};

Listener* g_listener = nullptr;
pid_t g_process = 0;  // that the listener is of

// A failed test has to be told as gtest tells it, though the test never ends.
[[noreturn]] void EndAfterDeadlock() {
  ::testing::UnitTest& unit = *::testing::UnitTest::GetInstance();
  if (auto* const xml = unit.listeners().default_xml_generator()) {
    xml->OnTestIterationEnd(unit, 0);
  }
  if (const ::testing::TestInfo* const test = unit.current_test_info()) {
    std::printf("[  FAILED  ] %s (it locked up)\n", NameOf(*test).c_str());
  }
  std::fflush(nullptr);
  _exit(kDeadlockStatus);
}

bool OnDeadlock(const void* deadlock) {
  // What tells of it needs memory, and the deadlock may be about that.
  signal(SIGALRM, SIG_DFL);
  alarm(kReportSeconds);
  if (getpid() != g_process) {
    // A child that a test has forked: its end is the test's business.
    internal::SayDeadlock(deadlock);
    _exit(kDeadlockStatus);
  }
  const bool told = g_listener->OnDeadlock();
  if (!told) internal::SayDeadlock(deadlock);
  if (!internal::ThrowsOnDeadlock()) EndAfterDeadlock();
  alarm(0);
  return true;
}

bool LocksUp(const std::function<void()>& block) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) {
    ADD_FAILURE() << "lockcheck: fork: " << std::strerror(errno);
    return false;
  }
  if (child == 0) {
    signal(SIGALRM, SIG_DFL);
    alarm(kReportSeconds);
    internal::SetDeadlockHook(
        [](const void*) -> bool { _exit(kChildLockedUp); });
    block();
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == kChildLockedUp;
}

}  // namespace

void Install() {
  if (g_listener != nullptr) return;
  std::string error;
  Observer* const observer = lockcheck_new_observer(
      {&internal::LogPath, &internal::LogTicks, &internal::MarkThreads},
      {internal::SuppressionsPath(), internal::BaselinePath()}, error);
  if (observer == nullptr) {
    std::fprintf(stderr, "lockcheck: %s\n", error.c_str());
    std::exit(2);
  }
  if (internal::LogPath() == nullptr) {
    std::fprintf(stderr,
                 "lockcheck: nothing is recorded, so nothing is checked\n");
    if (!internal::IsOffByChoice()) std::exit(2);
    return;
  }
  g_process = getpid();
  g_listener = new Listener(observer);
  ::testing::UnitTest::GetInstance()->listeners().Append(g_listener);
  internal::SetDeadlockHook(&OnDeadlock);
}

bool FailedAtEnd() {
  return g_listener != nullptr && g_listener->failed_at_end();
}

void RemoveOwnLog() {
  if (internal::HasLogByDefault()) unlink(internal::LogPath());
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
    if (!LocksUp(block)) {
      ADD_FAILURE_AT(file, line) << "no deadlock happened";
    }
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
