// GoogleTest's side of lockcheck/gtest.h.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "lockcheck/gtest.h"
#include "tools/check/block_in_child.h"
#include "tools/check/listener.h"
#include "tools/check/observer.h"

namespace lockcheck::testing {
namespace {

using check::Findings;
using check::Found;
using check::Observer;
using internal::LockUp;

constexpr unsigned kReportSeconds = 30;

char g_default_options[4096] = "";

Listener* g_listener = nullptr;
pid_t g_process = 0;  // that the listener is of

// What fails after main() has its status, or because a test ended the program.
// Linux goes on with the remaining handlers if one of them calls exit().
void OnExit(int status, void*) {
  // A child that a test has forked ends as the test wants it.
  if (getpid() != g_process || ::testing::internal::InDeathTestChild()) return;
  const bool fails = g_listener->FailsAtExit(status);
  if (internal::HasLogByDefault()) unlink(internal::LogPath());
  if (fails && status == 0) std::exit(kFailedStatus);
}

// Ends the process if it lasts too long, whatever the program does with the
// signal; if not, leaves all as it was, but for an alarm of the program's.
class ReportLimit {
 public:
  ReportLimit() {
    struct sigaction dies = {};
    dies.sa_handler = SIG_DFL;
    sigaction(SIGALRM, &dies, &action_);
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarms, &mask_);
    alarm(kReportSeconds);
  }
  ~ReportLimit() {
    alarm(0);
    pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    sigaction(SIGALRM, &action_, nullptr);
  }
  ReportLimit(const ReportLimit&) = delete;
  ReportLimit& operator=(const ReportLimit&) = delete;

 private:
  struct sigaction action_;
  sigset_t mask_;
};

bool OnDeadlock(LockUp how, const void* deadlock) {
  const bool is_child = getpid() != g_process;
  // Its end is its parent's business, which may know how to end the wait.
  if (is_child && how == LockUp::kStall) return false;
  // What tells of it needs memory, and the deadlock may be about that.
  const ReportLimit limit;
  if (is_child) {
    // A child that a test has forked: its end is the test's business.
    internal::SayDeadlock(deadlock);
    _exit(kFailedStatus);
  }
  // Where nobody closed it, nobody throws.
  const bool goes_on = how == LockUp::kClosed && internal::ThrowsOnDeadlock();
  g_listener->OnDeadlock(how, deadlock, goes_on);
  if (!goes_on) _exit(kFailedStatus);
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

// False: nothing is, which fails the test unless somebody has said mode=off.
bool IsChecked(const char* file, int line) {
  if (g_listener != nullptr) return true;
  if (!internal::IsOffByChoice()) {
    ADD_FAILURE_AT(file, line)
        << "lockcheck: nothing is checked: main() has not called "
           "lockcheck::testing::Install()";
  }
  return false;
}

}  // namespace

inline namespace LOCKCHECK_ABI {

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
  if (!IsChecked(file, line)) return block();
  g_listener->Fail(g_listener->FoundIn(block), file, line);
}

void ExpectDeadlock(Deadlock kind, const char* file, int line,
                    const std::function<void()>& block) {
  if (!IsChecked(file, line)) return;
  if (kind == Deadlock::kActual) {
    ExpectLockUp(file, line, block);
    return;
  }
  Findings found = g_listener->FoundIn(block);
  const size_t deadlocks =
      std::erase_if(found.found, [](const Found& one) { return one.deadlock; });
  g_listener->Fail(found, file, line);
  if (deadlocks == 0) ADD_FAILURE_AT(file, line) << "no deadlock is possible";
}

}  // namespace LOCKCHECK_ABI
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
