// The rules of packaged_task and async().
#include "lockcheck/async.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

#include "lockcheck/packaged_task.h"
#include "lockcheck/thread.h"
#include "tests/instrument/future_errors.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ErrorOfFuture;
using testing::Sleeper;

static_assert(!std::is_copy_constructible_v<packaged_task<void()>> &&
              std::is_nothrow_move_constructible_v<packaged_task<void()>>);

int AddOne(int n) { return n + 1; }

// What std's do, too.
struct Ours {
  template <typename S>
  using Task = packaged_task<S>;
  template <typename R>
  using Promise = promise<R>;
  static auto Async(auto&&... args) {
    return lockcheck::async(std::forward<decltype(args)>(args)...);
  }
};
struct Stds {
  template <typename S>
  using Task = std::packaged_task<S>;
  template <typename R>
  using Promise = std::promise<R>;
  static auto Async(auto&&... args) {
    return std::async(std::forward<decltype(args)>(args)...);
  }
};
using Kinds = ::testing::Types<Ours, Stds>;
template <typename Types>
class AnyTask : public ::testing::Test {};
TYPED_TEST_SUITE(AnyTask, Kinds);
template <typename Types>
class AnyAsync : public ::testing::Test {};
TYPED_TEST_SUITE(AnyAsync, Kinds);

// ---- packaged_task ----------------------------------------------------------

TYPED_TEST(AnyTask, GivesTheResultToItsFuture) {
  typename TypeParam::template Task<int(int)> task(AddOne);
  EXPECT_TRUE(task.valid());
  auto f = task.get_future();
  EXPECT_EQ(f.wait_for(milliseconds(0)), std::future_status::timeout);
  task(3);
  EXPECT_EQ(f.get(), 4);
}

TYPED_TEST(AnyTask, GivesWhatTheFunctionThrowsToItsFuture) {
  typename TypeParam::template Task<void()> task(
      [] { throw std::runtime_error(""); });
  auto f = task.get_future();
  task();
  EXPECT_THROW(f.get(), std::runtime_error);
}

TYPED_TEST(AnyTask, TakesWhatCanOnlyBeMovedAndReferences) {
  typename TypeParam::template Task<std::unique_ptr<int>(std::unique_ptr<int>)>
      moves([own = std::make_unique<int>(1)](std::unique_ptr<int> p) {
        *p += *own;
        return p;
      });
  auto moved = moves.get_future();
  moves(std::make_unique<int>(2));
  EXPECT_EQ(*moved.get(), 3);
  typename TypeParam::template Task<int&(int&)> refers(
      [](int& n) -> int& { return n; });
  auto referred = refers.get_future();
  int n = 0;
  refers(n);
  EXPECT_EQ(&referred.get(), &n);
}

TYPED_TEST(AnyTask, RunsOnceUntilItIsReset) {
  int calls = 0;
  typename TypeParam::template Task<int()> task([&] { return ++calls; });
  auto first = task.get_future();
  task();
  EXPECT_EQ(ErrorOfFuture([&] { task(); }),
            std::future_errc::promise_already_satisfied);
  EXPECT_EQ(ErrorOfFuture([&] { task.get_future(); }),
            std::future_errc::future_already_retrieved);
  EXPECT_EQ(calls, 1);
  task.reset();
  auto second = task.get_future();
  task();
  EXPECT_EQ(first.get(), 1);
  EXPECT_EQ(second.get(), 2);
}

TYPED_TEST(AnyTask, ASecondCallSleepsWhileTheFirstOneRuns) {
  typename TypeParam::template Promise<void> go;
  typename TypeParam::template Task<void()> task(
      [&] { go.get_future().wait(); });
  Sleeper first([&] { task(); });
  ASSERT_TRUE(first.UntilAsleep());
  std::optional<std::future_errc> error;
  Sleeper second([&] { error = ErrorOfFuture([&] { task(); }); });
  EXPECT_TRUE(second.UntilAsleep());
  go.set_value();
  second.Join();
  EXPECT_EQ(error, std::future_errc::promise_already_satisfied);
}

TYPED_TEST(AnyTask, WithoutAFunctionNothingCanBeDone) {
  typename TypeParam::template Task<void()> none;
  EXPECT_FALSE(none.valid());
  const auto no_state = std::future_errc::no_state;
  EXPECT_EQ(ErrorOfFuture([&] { none(); }), no_state);
  EXPECT_EQ(ErrorOfFuture([&] { none.get_future(); }), no_state);
  EXPECT_EQ(ErrorOfFuture([&] { none.reset(); }), no_state);
}

TYPED_TEST(AnyTask, BreaksItsPromiseIfItIsNotCalled) {
  using Task = typename TypeParam::template Task<void()>;
  auto f = Task([] {}).get_future();
  EXPECT_EQ(ErrorOfFuture([&] { f.get(); }), std::future_errc::broken_promise);
  Task task([] {});
  auto g = task.get_future();
  task.reset();
  EXPECT_EQ(ErrorOfFuture([&] { g.get(); }), std::future_errc::broken_promise);
}

TYPED_TEST(AnyTask, IsReadyAtTheEndOfItsThreadIfItIsTold) {
  typename TypeParam::template Task<int(int)> task(AddOne);
  auto f = task.get_future();
  thread other([&] {
    task.make_ready_at_thread_exit(1);
    EXPECT_EQ(f.wait_for(milliseconds(0)), std::future_status::timeout);
  });
  f.wait();
  other.join();
  EXPECT_EQ(f.get(), 2);
}

TYPED_TEST(AnyTask, IsMovedSwappedAndRunByAnother) {
  typename TypeParam::template Task<int(int)> one(AddOne), two;
  auto f = one.get_future();
  swap(one, two);
  EXPECT_FALSE(one.valid());
  thread(std::move(two), 5).join();
  EXPECT_EQ(f.get(), 6);
}

TEST(Task, IsDeducedFromItsFunctionAndMayHaveAName) {
  packaged_task pointer(AddOne);
  static_assert(std::is_same_v<decltype(pointer), packaged_task<int(int)>>);
  packaged_task lambda([](int, const std::string&) {});
  static_assert(std::is_same_v<decltype(lambda),
                               packaged_task<void(int, const std::string&)>>);
  packaged_task<int(int)> named(AddOne, "name");
  auto f = named.get_future();
  named(1);
  EXPECT_EQ(f.get(), 2);
}

// ---- async ------------------------------------------------------------------

TYPED_TEST(AnyAsync, RunsAFunctionInAThreadOfItsOwn) {
  auto f = TypeParam::Async(std::launch::async,
                            [] { return std::this_thread::get_id(); });
  EXPECT_NE(f.get(), std::this_thread::get_id());
}

TYPED_TEST(AnyAsync, TakesCopiesOfItsArguments) {
  std::string text = "text";
  int changed = 0;
  auto f = TypeParam::Async(
      [](std::string s, std::unique_ptr<int> p, int& n) {
        n = *p;
        return s + "!";
      },
      text, std::make_unique<int>(3), std::ref(changed));
  EXPECT_EQ(f.get(), "text!");
  EXPECT_EQ(changed, 3);
  struct Counter {
    int Twice() const { return 2 * count; }
    int count;
  };
  EXPECT_EQ(TypeParam::Async(&Counter::Twice, Counter{4}).get(), 8);
}

TYPED_TEST(AnyAsync, GivesResultsErrorsReferencesAndNothing) {
  int it = 0;
  EXPECT_EQ(&TypeParam::Async([&]() -> int& { return it; }).get(), &it);
  TypeParam::Async([&] { it = 1; }).get();
  EXPECT_EQ(it, 1);
  auto f = TypeParam::Async([] { throw std::runtime_error(""); });
  EXPECT_THROW(f.get(), std::runtime_error);
}

TYPED_TEST(AnyAsync, DeferredIsRunByWhoWaitsFirst) {
  int calls = 0;
  auto f = TypeParam::Async(std::launch::deferred, [&] {
             ++calls;
             return std::this_thread::get_id();
           }).share();
  EXPECT_EQ(f.wait_for(hours(1)), std::future_status::deferred);
  EXPECT_EQ(calls, 0);
  f.wait();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(f.get(), std::this_thread::get_id());
  EXPECT_EQ(f.wait_for(hours(0)), std::future_status::ready);
  EXPECT_EQ(calls, 1);
}

TYPED_TEST(AnyAsync, DeferredIsNotRunIfNobodyWaits) {
  bool ran = false;
  {
    auto f = TypeParam::Async(std::launch::deferred, [&] { ran = true; });
  }
  EXPECT_FALSE(ran);
}

TYPED_TEST(AnyAsync, AnotherWaiterWaitsForTheDeferredFunction) {
  typename TypeParam::template Promise<void> go;
  auto f = TypeParam::Async(std::launch::deferred, [&] {
             go.get_future().wait();
             return 1;
           }).share();
  std::atomic<int> sum = 0;
  Sleeper one([&, f] { sum += f.get(); });
  ASSERT_TRUE(one.UntilAsleep());
  Sleeper two([&, f] { sum += f.get(); });
  ASSERT_TRUE(two.UntilAsleep());
  EXPECT_EQ(sum, 0);
  go.set_value();
  one.Join();
  two.Join();
  EXPECT_EQ(sum, 2);
}

TYPED_TEST(AnyAsync, TheLastFutureWaitsForTheEnd) {
  typename TypeParam::template Promise<void> go;
  std::atomic<bool> over = false;
  auto f = std::make_unique<decltype(TypeParam::Async([] {}))>(
      TypeParam::Async(std::launch::async, [&] {
        go.get_future().wait();
        over = true;
      }));
  Sleeper drops([&] {
    f.reset();
    EXPECT_TRUE(over);
  });
  ASSERT_TRUE(drops.UntilAsleep());
  go.set_value();
}

TYPED_TEST(AnyAsync, AWaitIsOverWhenTheThreadHasEnded) {
  static std::atomic<bool> destroyed;
  destroyed = false;
  struct ThreadLocal {
    ~ThreadLocal() { destroyed = true; }
    int used = 0;
  };
  auto f = TypeParam::Async(std::launch::async, [] {
    static thread_local ThreadLocal object;
    object.used = 1;
  });
  f.wait();
  EXPECT_TRUE(destroyed);
}

TYPED_TEST(AnyAsync, TimedWaitsGiveUpInTime) {
  typename TypeParam::template Promise<void> go;
  auto f =
      TypeParam::Async(std::launch::async, [&] { go.get_future().wait(); });
  EXPECT_EQ(f.wait_for(milliseconds(1)), std::future_status::timeout);
  go.set_value();
  EXPECT_EQ(f.wait_for(hours(1)), std::future_status::ready);
  f.get();
}

// While one of these lives no thread can be started: its stack would be larger
// than what there is to address.
class NoNewThreads {
 public:
  NoNewThreads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t huge;
    pthread_attr_init(&huge);
    pthread_attr_setstacksize(&huge, size_t{1} << 47);
    EXPECT_EQ(pthread_setattr_default_np(&huge), 0);
    pthread_attr_destroy(&huge);
  }
  ~NoNewThreads() {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }
  NoNewThreads(const NoNewThreads&) = delete;
  NoNewThreads& operator=(const NoNewThreads&) = delete;

 private:
  pthread_attr_t before_;
};

TYPED_TEST(AnyAsync, IsDeferredIfItMayBeAndNoThreadCanBeStarted) {
  const NoNewThreads none;
  const auto either = std::launch::async | std::launch::deferred;
  auto f = TypeParam::Async(either, AddOne, 1);
  EXPECT_EQ(f.wait_for(hours(1)), std::future_status::deferred);
  EXPECT_EQ(f.get(), 2);
  auto g = TypeParam::Async(either, []() -> int { throw 1; });
  EXPECT_THROW(g.get(), int);
  (void)TypeParam::Async(either, AddOne, 1);  // nobody waits
  EXPECT_THROW((void)TypeParam::Async(std::launch::async, AddOne, 1),
               std::system_error);
}

// A sanitizer takes the unwinding of such a thread for an error of its own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(Async, AThreadThatEndsItselfBreaksItsPromise) {
  future<int> f = lockcheck::async(std::launch::async,
                                   []() -> int { pthread_exit(nullptr); });
  try {
    f.get();
    ADD_FAILURE() << "there is no result";
  } catch (const future_error& error) {
    EXPECT_EQ(error.code(), future_errc::broken_promise);
  }
}
#endif

// The state would be for ever, if the function was kept in it.
TEST(Async, AFunctionMayOwnItsOwnFuture) {
  const auto counted = std::make_shared<int>();
  {
    promise<shared_future<int>> own;
    shared_future<int> f = lockcheck::async(
        std::launch::async, [counted, mine = own.get_future().share()] {
          mine.wait();
          return 1;
        });
    own.set_value(f);
    EXPECT_EQ(f.get(), 1);
  }
  while (counted.use_count() != 1) std::this_thread::yield();
}

TEST(Async, AFunctionMayLetGoOfTheLastOfItsOwnFutures) {
  std::latch has_it(1);
  std::atomic<bool> gone = false, over = false;
  {
    promise<shared_future<std::string>> own;
    shared_future<std::string> f = lockcheck::async(
        std::launch::async, [&, mine = own.get_future()]() mutable {
          {
            const shared_future<std::string> it = mine.get();
            has_it.count_down();
            while (!gone) std::this_thread::yield();
          }
          over = true;
          return std::string(1'000, 'x');
        });
    own.set_value(f);
    has_it.wait();
  }
  gone = true;
  while (!over) std::this_thread::yield();
}

}  // namespace
}  // namespace lockcheck
