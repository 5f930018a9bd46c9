// GoogleTest: findings fail the test in which they were seen.
//
// Link lockcheck::gtest_main instead of GTest::gtest_main, or, with a main() of
// your own, link lockcheck::gtest and call lockcheck::testing::Install() after
// testing::InitGoogleTest(). Then
//   * a test fails if what any thread did since the test began shows a deadlock
//     that can happen, or misuse; the report is its failure message, and the
//     property lockcheck_finding has the findings' ids;
//   * a deadlock that happens fails the test, writes the XML, and ends the
//     program: never a hang (under on_deadlock=throw it goes on); so does a
//     wait to be signalled if nobody is left who could do it;
//   * what only several tests together show fails the program at its end, and
//     names them;
//   * a test that ends the program by exit(0) fails it.
// Neither the order of the tests nor their repetition changes a verdict.
//
// The program records without being told to, into a file in $TMPDIR that it
// removes when it ends normally; LOCKCHECK_OPTIONS may say log= (the file
// stays), suppressions= and baseline= (known findings, the files that
// `lockcheck analyze` takes) or mode=off (nothing is checked). If it cannot
// record, the program ends with status 2; if recording stops later, the tests
// from then on fail. lockcheck_default_options() is taken:
// set the variable instead. Not for death tests' children, which are processes
// of their own. docs/gtest.md says more.
#ifndef LOCKCHECK_GTEST_H_
#define LOCKCHECK_GTEST_H_

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <functional>

#include "lockcheck/internal/observe.h"
#include "lockcheck/lockcheck.h"

namespace lockcheck::testing::inline LOCKCHECK_ABI {

// Adds the listener. Once, after testing::InitGoogleTest().
void Install();

enum class Deadlock { kPossible, kActual };
inline constexpr Deadlock possible = Deadlock::kPossible;
inline constexpr Deadlock actual = Deadlock::kActual;

// How long a block of LOCKCHECK_EXPECT_DEADLOCK(actual) may take to lock up;
// what has not done so by then is killed, and the test fails. 30 s by default.
void SetActualDeadlockLimit(std::chrono::milliseconds limit);

// The macros' parts.
void ExpectNoDeadlock(const char* file, int line,
                      const std::function<void()>& block);
void ExpectDeadlock(Deadlock kind, const char* file, int line,
                    const std::function<void()>& block);
struct NoDeadlockAt {
  const char* file;
  int line;
  template <typename F>
  void operator+(F block) const {
    ExpectNoDeadlock(file, line, block);
  }
};
struct DeadlockAt {
  Deadlock kind;
  const char* file;
  int line;
  template <typename F>
  void operator+(F block) const {
    ExpectDeadlock(kind, file, line, block);
  }
};

#if defined(LOCKCHECK_DISABLED)
inline void Install() {
  std::fputs(
      "lockcheck: built with LOCKCHECK_DISABLED, so nothing is checked\n",
      stderr);
}
inline void SetActualDeadlockLimit(std::chrono::milliseconds) {}
inline void ExpectNoDeadlock(const char*, int,
                             const std::function<void()>& block) {
  block();
}
// Who locks up never comes back.
inline void ExpectDeadlock(Deadlock kind, const char*, int,
                           const std::function<void()>& block) {
  if (kind == Deadlock::kPossible) block();
}
#endif

}  // namespace lockcheck::testing::inline LOCKCHECK_ABI

// NOLINTBEGIN(bugprone-macro-parentheses): a block follows.
// LOCKCHECK_EXPECT_NO_DEADLOCK { ... };
// The block shows no deadlock; what the test did before does not count here.
#define LOCKCHECK_EXPECT_NO_DEADLOCK \
  ::lockcheck::testing::NoDeadlockAt{__FILE__, __LINE__} + [&]

// LOCKCHECK_EXPECT_DEADLOCK(possible) { ... };
// The block shows a deadlock that can happen, or several, and does not fail for
// it; for misuse it does.
// LOCKCHECK_EXPECT_DEADLOCK(actual) { ... };
// The block locks up: it runs in a forked child, whose writes are not seen
// here, and which has none of the test's other threads. An assertion that fails
// there fails the test.
#define LOCKCHECK_EXPECT_DEADLOCK(kind)                                  \
  ::lockcheck::testing::DeadlockAt{::lockcheck::testing::kind, __FILE__, \
                                   __LINE__} +                           \
      [&]

// NOLINTEND(bugprone-macro-parentheses)

namespace lockcheck {

// The calling thread holds the lock, one of lockcheck's, or the test fails.
// Where nothing is recorded, nothing is known, and it does not.
template <typename Lock>
void assert_held(
    [[maybe_unused]] const Lock& lock,
    [[maybe_unused]] source_location where = source_location::current()) {
#if !defined(LOCKCHECK_DISABLED)
  static_assert(
      !requires(Lock & any) { any.mutex(); } &&
          !requires(Lock & any) { any.native_handle(); },
      "a lock of lockcheck's is wanted, no guard and none of std's");
  if (internal::LogPath() != nullptr && !internal::IsHeldByThisThread(&lock)) {
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
        << "lockcheck: the calling thread does not hold the lock";
  }
#endif
}
// The calling thread holds no lock at all, or the test fails. A semaphore's
// permit is none: another thread may release it.
inline void assert_none_held(
    [[maybe_unused]] source_location where = source_location::current()) {
#if !defined(LOCKCHECK_DISABLED)
  if (internal::HeldByThisThread() != 0) {
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
        << "lockcheck: the calling thread holds locks";
  }
#endif
}

}  // namespace lockcheck

#endif  // LOCKCHECK_GTEST_H_
