// GoogleTest's listener: judges each test when it ends, all of them at the
// program's end, and tells of a deadlock at once.
//
// Threading: the events come from the thread that runs the tests, OnDeadlock()
// from any; see turn.h.
#ifndef LOCKCHECK_TOOLS_CHECK_LISTENER_H_
#define LOCKCHECK_TOOLS_CHECK_LISTENER_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "lockcheck/internal/observe.h"
#include "tools/check/frames.h"
#include "tools/check/observer.h"
#include "tools/check/turn.h"

namespace lockcheck::testing {

inline constexpr int kFailedStatus = 1;  // as GoogleTest's for a failed test

class Listener : public ::testing::EmptyTestEventListener {
 public:
  explicit Listener(check::Observer* observer)
      : observer_(observer), frames_(*observer) {}

  void OnTestProgramStart(const ::testing::UnitTest&) override;
  void OnTestIterationStart(const ::testing::UnitTest&, int) override;
  void OnTestStart(const ::testing::TestInfo& test) override;
  void OnTestEnd(const ::testing::TestInfo& test) override;
  void OnTestProgramEnd(const ::testing::UnitTest& unit) override;

  // Of the block alone, and not of the blocks in it.
  check::Findings FoundIn(const std::function<void()>& block);
  // Fails the test for them; null: in the test's line.
  void Fail(const check::Findings& found, const char* file, int line);

  // Tells of a deadlock and, unless the program goes on, how the tests ended,
  // and ends it.
  void OnDeadlock(internal::LockUp how, const void* deadlock, bool goes_on);
  // The program ends with that status; nothing is said to GoogleTest later.
  // True: it has failed.
  bool FailsAtExit(int status);

 private:
  // The tests end here, in the middle of one or between two, and no more of
  // them will run: a failure, told as GoogleTest tells it.
  void EndBefore(const char* how);
  void AddFailure(const check::Found& one, const char* file, int line);
  // Of the test that runs, or of no test.
  void AddText(const std::string& text);
  std::string Where() const;

  const std::unique_ptr<check::Observer> observer_;
  Turns turns_;
  Frames frames_;
  std::string test_, file_;
  int line_ = 0;
  bool in_test_ = false;
  std::string ids_;             // of the present test's findings
  std::set<std::string> told_;  // the same
  std::set<const ::testing::TestInfo*> begun_;  // in this iteration
  bool is_running_ = false;  // from before the first test until the last one
  bool is_over_ = false;     // GoogleTest is perhaps not there any more
  bool failed_at_end_ = false;
};

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TOOLS_CHECK_LISTENER_H_
