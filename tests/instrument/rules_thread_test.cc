// The rules of thread and jthread, for std's as well.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

#include "lockcheck/thread.h"
#include "tests/instrument/other_thread.h"

namespace lockcheck::testing {
namespace {

// Counts what is made of it; throws when it is copied if it is told to.
struct Argument {
  explicit Argument(bool throws_now = false) : throws(throws_now) {}
  Argument(const Argument& other) : throws(other.throws), copies(other.copies) {
    if (throws) throw std::runtime_error("no");
    ++copies;
  }
  Argument(Argument&& other) noexcept
      : throws(other.throws), copies(other.copies), moves(other.moves + 1) {}
  Argument& operator=(const Argument&) = delete;
  bool throws;
  int copies = 0, moves = 0;
};

template <typename Thread>
class AnyThread : public ::testing::Test {};
using AllThreads = ::testing::Types<thread, jthread, std::thread, std::jthread>;
TYPED_TEST_SUITE(AnyThread, AllThreads);

TYPED_TEST(AnyThread, IsMovedAndNotCopied) {
  static_assert(!std::is_copy_constructible_v<TypeParam>);
  static_assert(!std::is_copy_assignable_v<TypeParam>);
  static_assert(std::is_nothrow_move_constructible_v<TypeParam>);
  static_assert(std::is_nothrow_move_assignable_v<TypeParam>);
  static_assert(std::is_nothrow_default_constructible_v<TypeParam>);
  static_assert(std::is_nothrow_swappable_v<TypeParam>);
  static_assert(!std::is_convertible_v<void (*)(), TypeParam>);
}

TYPED_TEST(AnyThread, WithoutAFunctionItIsNoThread) {
  TypeParam none;
  EXPECT_FALSE(none.joinable());
  EXPECT_EQ(none.get_id(), typename TypeParam::id());
}

TYPED_TEST(AnyThread, RunsInAThreadOfItsOwnThatItNames) {
  std::thread::id inside;
  TypeParam t([&] { inside = this_thread::get_id(); });
  const auto id = t.get_id();
  EXPECT_NE(id, this_thread::get_id());
  EXPECT_TRUE(t.joinable());
  t.join();
  EXPECT_EQ(inside, id);
  EXPECT_EQ(t.get_id(), typename TypeParam::id());
  EXPECT_FALSE(t.joinable());
}

// Not atomic: the start and the end order it.
TYPED_TEST(AnyThread, SeesWhatWasBeforeItAndIsSeenAfterTheJoin) {
  int value = 1;
  TypeParam t([&] { value *= 10; });
  t.join();
  EXPECT_EQ(value, 10);
}

TYPED_TEST(AnyThread, CopiesItsArgumentsInTheThreadThatMakesIt) {
  const Argument argument;
  int copies = -1;
  bool moved_more_than_std = true;
  const auto look = [&](const Argument& mine) {
    copies = mine.copies;
    moved_more_than_std = mine.moves > 0;
  };
  TypeParam(look, argument).join();
  EXPECT_EQ(copies, 1);
  EXPECT_FALSE(moved_more_than_std);
}

TYPED_TEST(AnyThread, GivesItsArgumentsAsRvaluesAndReferencesIfWrapped) {
  int outside = 0;
  TypeParam(
      [](std::unique_ptr<int> mine, int& theirs, std::string&& text) {
        theirs = *mine + static_cast<int>(text.size());
      },
      std::make_unique<int>(3), std::ref(outside), "four")
      .join();
  EXPECT_EQ(outside, 7);
}

TYPED_TEST(AnyThread, ThrowsWhatCopyingAnArgumentThrowsAndStartsNothing) {
  const Argument argument(true);
  std::atomic<bool> ran = false;
  EXPECT_THROW(TypeParam([&](const Argument&) { ran = true; }, argument),
               std::runtime_error);
  EXPECT_FALSE(ran);
}

TYPED_TEST(AnyThread, RefusesToJoinOrDetachWhatIsNotJoinable) {
  TypeParam none, joined([] {});
  joined.join();
  for (TypeParam* t : {&none, &joined}) {
    EXPECT_EQ(ErrorOf([&] { t->join(); }), std::errc::invalid_argument);
    EXPECT_EQ(ErrorOf([&] { t->detach(); }), std::errc::invalid_argument);
  }
}

TYPED_TEST(AnyThread, GoesOnWithoutItsObjectWhenDetached) {
  auto may_end = std::make_shared<std::atomic<bool>>(false);
  auto ended = std::make_shared<std::atomic<bool>>(false);
  {
    TypeParam t([may_end, ended] {
      while (!*may_end) this_thread::yield();
      *ended = true;
    });
    t.detach();
    EXPECT_FALSE(t.joinable());
    EXPECT_EQ(t.get_id(), typename TypeParam::id());
  }
  EXPECT_FALSE(*ended);
  *may_end = true;
  while (!*ended) this_thread::yield();
}

TYPED_TEST(AnyThread, GivesItsThreadAwayWhenMovedAndSwapped) {
  TypeParam a([] {});
  const auto id = a.get_id();
  TypeParam b(std::move(a));
  EXPECT_FALSE(a.joinable());
  EXPECT_EQ(b.get_id(), id);
  a = std::move(b);
  EXPECT_EQ(a.get_id(), id);
  a.swap(b);
  EXPECT_EQ(b.get_id(), id);
  swap(a, b);
  EXPECT_EQ(a.get_id(), id);
  EXPECT_FALSE(b.joinable());
  a.join();
}

TYPED_TEST(AnyThread, HasIdsThatAreComparedHashedAndWritten) {
  TypeParam t([] {});
  const typename TypeParam::id id = t.get_id(), none;
  EXPECT_TRUE(id == t.get_id() && id != none);
  EXPECT_TRUE((id < none) != (none < id));
  EXPECT_EQ(std::hash<typename TypeParam::id>()(id),
            std::hash<typename TypeParam::id>()(t.get_id()));
  std::ostringstream written, again;
  written << id;
  again << t.get_id();
  EXPECT_EQ(written.str(), again.str());
  t.join();
}

TYPED_TEST(AnyThread, KnowsHowManyThreadsCanRun) {
  EXPECT_EQ(TypeParam::hardware_concurrency(),
            std::thread::hardware_concurrency());
  static_assert(noexcept(TypeParam::hardware_concurrency()));
}

// Each ends the program, so each is done by a child of its own; the alarm ends
// one that does not. In the style that starts the program anew: after a fork
// from a program with threads little is allowed.
template <typename Thread>
class ThreadThatEndsTheProgram : public ::testing::Test {
 protected:
  void SetUp() override {
    ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  }
};
using PlainThreads = ::testing::Types<thread, std::thread>;
TYPED_TEST_SUITE(ThreadThatEndsTheProgram, PlainThreads);

constexpr unsigned kSeconds = 240;  // a hang's end
const auto kAborted = ::testing::KilledBySignal(SIGABRT);

TYPED_TEST(ThreadThatEndsTheProgram, ByItsDestructionWhileJoinable) {
  EXPECT_EXIT(
      {
        alarm(kSeconds);
        TypeParam t([] {});
      },
      kAborted, "");
}

TYPED_TEST(ThreadThatEndsTheProgram, ByAnAssignmentWhileJoinable) {
  EXPECT_EXIT(
      {
        alarm(kSeconds);
        TypeParam t([] {});
        t = TypeParam();
      },
      kAborted, "");
}

TYPED_TEST(ThreadThatEndsTheProgram, ByAnExceptionThatLeavesItsFunction) {
  EXPECT_EXIT(
      {
        alarm(kSeconds);
        TypeParam([] { throw 1; }).join();
      },
      kAborted, "");
}

template <typename Thread>
class AnyJthread : public ::testing::Test {};
using Jthreads = ::testing::Types<jthread, std::jthread>;
TYPED_TEST_SUITE(AnyJthread, Jthreads);

TYPED_TEST(AnyJthread, HandsItsTokenToWhoTakesOneFirst) {
  int got = 0;
  {
    TypeParam t([&](std::stop_token token,
                    int n) { got = token.stop_possible() ? n : -1; },
                5);
  }
  EXPECT_EQ(got, 5);
  {
    const TypeParam t([&](int n) { got = n; }, 6);
  }
  EXPECT_EQ(got, 6);
}

TYPED_TEST(AnyJthread, StopsAndJoinsAtItsEndAndWhenAssignedTo) {
  int ended = 0;
  const auto until_stopped = [&](std::stop_token token) {
    while (!token.stop_requested()) this_thread::yield();
    ++ended;
  };
  {
    TypeParam t(until_stopped);
    t = TypeParam(until_stopped);
    EXPECT_TRUE(t.joinable());
    EXPECT_FALSE(t.get_stop_token().stop_requested());
  }
  EXPECT_EQ(ended, 2);
}

TYPED_TEST(AnyJthread, AssignedToItselfItGoesOn) {
  TypeParam t([](std::stop_token token) {
    while (!token.stop_requested()) this_thread::yield();
  });
  TypeParam& same = t;
  t = std::move(same);
  EXPECT_TRUE(t.joinable());
  EXPECT_TRUE(t.get_stop_source().stop_possible());
  EXPECT_FALSE(t.get_stop_token().stop_requested());
}

TYPED_TEST(AnyJthread, HasAStopSourceIfItHasAThread) {
  TypeParam none;
  EXPECT_FALSE(none.get_stop_source().stop_possible());
  EXPECT_FALSE(none.get_stop_token().stop_possible());
  EXPECT_FALSE(none.request_stop());
  TypeParam t([] {});
  EXPECT_TRUE(t.get_stop_token().stop_possible());
  EXPECT_EQ(t.get_stop_source().get_token(), t.get_stop_token());
  EXPECT_TRUE(t.request_stop());
  EXPECT_FALSE(t.request_stop());
  EXPECT_TRUE(t.get_stop_token().stop_requested());
}

TYPED_TEST(AnyJthread, TakesItsStopSourceAlongWhenMovedAndSwapped) {
  TypeParam a([] {}), b;
  const std::stop_token token = a.get_stop_token();
  a.swap(b);
  EXPECT_FALSE(a.get_stop_source().stop_possible());
  EXPECT_EQ(b.get_stop_token(), token);
  TypeParam c(std::move(b));
  EXPECT_FALSE(b.get_stop_source().stop_possible());
  EXPECT_EQ(c.get_stop_token(), token);
}

}  // namespace
}  // namespace lockcheck::testing
