// The rules of unique_lock and shared_lock: ours and std's, over our locks and
// over std's.
#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <system_error>
#include <utility>

#include "lockcheck/guards.h"
#include "lockcheck/shared_lock.h"
#include "lockcheck/shared_mutex.h"
#include "tests/instrument/other_thread.h"

namespace lockcheck::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

template <typename Guard>
class MovableGuard : public ::testing::Test {
 protected:
  using Mutex = typename Guard::mutex_type;
  bool IsFree() { return OtherGets(mutex_); }
  // What `act` gives while another thread has the mutex for itself.
  template <typename Act>
  bool WhileTaken(Act act) {
    bool got = true;
    mutex_.lock();
    thread([&] { got = act(); }).join();
    mutex_.unlock();
    return got;
  }
  Mutex mutex_;
};
template <typename... Guards>
using AndOthers = ::testing::Types<
    unique_lock<timed_mutex>, unique_lock<recursive_timed_mutex>,
    unique_lock<shared_timed_mutex>, shared_lock<shared_timed_mutex>,
    shared_lock<std::shared_timed_mutex>, std::unique_lock<timed_mutex>,
    std::shared_lock<shared_timed_mutex>,
    std::shared_lock<std::shared_timed_mutex>, Guards...>;
// g++'s ThreadSanitizer does not see pthread_mutex_clocklock().
#if defined(__SANITIZE_THREAD__)
using Guards = AndOthers<>;
#else
using Guards = AndOthers<unique_lock<std::timed_mutex>,
                         std::unique_lock<std::timed_mutex>>;
#endif
TYPED_TEST_SUITE(MovableGuard, Guards);

TYPED_TEST(MovableGuard, WithoutAMutexItOwnsNothing) {
  const TypeParam guard;
  EXPECT_EQ(guard.mutex(), nullptr);
  EXPECT_FALSE(guard.owns_lock());
  EXPECT_FALSE(guard);
}

TYPED_TEST(MovableGuard, LocksWhenItIsMadeAndUnlocksAtItsEnd) {
  {
    const TypeParam guard(this->mutex_);
    EXPECT_EQ(guard.mutex(), &this->mutex_);
    EXPECT_TRUE(guard.owns_lock());
    EXPECT_TRUE(guard);
    EXPECT_FALSE(this->IsFree());
  }
  EXPECT_TRUE(this->IsFree());
}

TYPED_TEST(MovableGuard, DeferredItLocksNothing) {
  {
    const TypeParam guard(this->mutex_, std::defer_lock);
    EXPECT_EQ(guard.mutex(), &this->mutex_);
    EXPECT_FALSE(guard.owns_lock());
    EXPECT_TRUE(this->IsFree());
  }
  EXPECT_TRUE(this->IsFree());
}

TYPED_TEST(MovableGuard, ToldToTryItDoesNotWait) {
  {
    const TypeParam guard(this->mutex_, std::try_to_lock);
    EXPECT_TRUE(guard.owns_lock());
    EXPECT_FALSE(this->IsFree());
  }
  EXPECT_FALSE(this->WhileTaken([&] {
    const TypeParam guard(this->mutex_, std::try_to_lock);
    EXPECT_EQ(guard.mutex(), &this->mutex_);
    return guard.owns_lock();
  }));
  EXPECT_TRUE(this->IsFree());
}

TYPED_TEST(MovableGuard, AdoptsWhatTheThreadHas) {
  TypeParam first(this->mutex_);
  first.release();
  {
    const TypeParam guard(this->mutex_, std::adopt_lock);
    EXPECT_TRUE(guard.owns_lock());
    EXPECT_FALSE(this->IsFree());
  }
  EXPECT_TRUE(this->IsFree());
}

TYPED_TEST(MovableGuard, ToldATimeItWaitsThatLong) {
  {
    const TypeParam guard(this->mutex_, hours(1));
    EXPECT_TRUE(guard.owns_lock());
  }
  {
    const TypeParam guard(this->mutex_, steady_clock::now() + hours(1));
    EXPECT_TRUE(guard.owns_lock());
  }
  EXPECT_FALSE(this->WhileTaken([&] {
    const TypeParam guard(this->mutex_, milliseconds(1));
    return guard.owns_lock();
  }));
  EXPECT_FALSE(this->WhileTaken([&] {
    const TypeParam guard(this->mutex_, system_clock::now());
    return guard.owns_lock();
  }));
  EXPECT_TRUE(this->IsFree());
}

TYPED_TEST(MovableGuard, LocksAndUnlocksWhenItIsAsked) {
  TypeParam guard(this->mutex_, std::defer_lock);
  guard.lock();
  EXPECT_TRUE(guard.owns_lock());
  EXPECT_FALSE(this->IsFree());
  guard.unlock();
  EXPECT_FALSE(guard.owns_lock());
  EXPECT_TRUE(this->IsFree());
  EXPECT_TRUE(guard.try_lock());
  EXPECT_TRUE(guard.owns_lock());
  guard.unlock();
  EXPECT_TRUE(guard.try_lock_for(milliseconds(-1)));
  guard.unlock();
  EXPECT_TRUE(guard.try_lock_until(steady_clock::time_point()));
  EXPECT_FALSE(this->IsFree());
}

TYPED_TEST(MovableGuard, OwnsNothingAfterATryThatFailed) {
  EXPECT_FALSE(this->WhileTaken([&] {
    TypeParam guard(this->mutex_, std::defer_lock);
    const bool got = guard.try_lock() || guard.try_lock_for(milliseconds(1)) ||
                     guard.try_lock_until(system_clock::now());
    EXPECT_EQ(got, guard.owns_lock());
    return got;
  }));
  EXPECT_TRUE(this->IsFree());
}

TYPED_TEST(MovableGuard, IsNotPermittedToLockWithoutAMutex) {
  TypeParam guard;
  const std::errc error = std::errc::operation_not_permitted;
  EXPECT_EQ(ErrorOf([&] { guard.lock(); }), error);
  EXPECT_EQ(ErrorOf([&] { (void)guard.try_lock(); }), error);
  EXPECT_EQ(ErrorOf([&] { (void)guard.try_lock_for(milliseconds(1)); }), error);
  EXPECT_EQ(ErrorOf([&] { (void)guard.try_lock_until(system_clock::now()); }),
            error);
  EXPECT_FALSE(guard.owns_lock());
}

TYPED_TEST(MovableGuard, RefusesToLockWhatItOwns) {
  TypeParam guard(this->mutex_);
  const std::errc error = std::errc::resource_deadlock_would_occur;
  EXPECT_EQ(ErrorOf([&] { guard.lock(); }), error);
  EXPECT_EQ(ErrorOf([&] { (void)guard.try_lock(); }), error);
  EXPECT_EQ(ErrorOf([&] { (void)guard.try_lock_for(milliseconds(1)); }), error);
  EXPECT_EQ(ErrorOf([&] { (void)guard.try_lock_until(system_clock::now()); }),
            error);
  EXPECT_TRUE(guard.owns_lock());
  EXPECT_FALSE(this->IsFree());
}

// libstdc++'s shared_lock says otherwise than the standard.
template <typename Guard>
inline constexpr std::errc kNotOwned = std::errc::operation_not_permitted;
#if defined(__GLIBCXX__)
template <typename Mutex>
inline constexpr std::errc kNotOwned<std::shared_lock<Mutex>> =
    std::errc::resource_deadlock_would_occur;
#endif

TYPED_TEST(MovableGuard, RefusesToUnlockWhatItDoesNotOwn) {
  const std::errc error = kNotOwned<TypeParam>;
  TypeParam empty;
  EXPECT_EQ(ErrorOf([&] { empty.unlock(); }), error);
  TypeParam guard(this->mutex_);
  guard.unlock();
  EXPECT_EQ(ErrorOf([&] { guard.unlock(); }), error);
  EXPECT_TRUE(this->IsFree());
}

TYPED_TEST(MovableGuard, MovedFromItHasNeitherMutexNorLock) {
  TypeParam from(this->mutex_);
  TypeParam to(std::move(from));
  EXPECT_EQ(from.mutex(), nullptr);
  EXPECT_FALSE(from.owns_lock());
  EXPECT_EQ(to.mutex(), &this->mutex_);
  EXPECT_TRUE(to.owns_lock());
  EXPECT_FALSE(this->IsFree());
}

TYPED_TEST(MovableGuard, AssignedToItUnlocksWhatItHadFirst) {
  typename TestFixture::Mutex other;
  TypeParam guard(this->mutex_);
  guard = TypeParam(other);
  EXPECT_TRUE(this->IsFree());
  EXPECT_FALSE(OtherGets(other));
  EXPECT_EQ(guard.mutex(), &other);
  TypeParam deferred(this->mutex_, std::defer_lock);
  guard = std::move(deferred);
  EXPECT_TRUE(OtherGets(other));
  EXPECT_FALSE(guard.owns_lock());
  EXPECT_EQ(guard.mutex(), &this->mutex_);
}

TYPED_TEST(MovableGuard, SwapsBothMutexAndOwnership) {
  typename TestFixture::Mutex other;
  TypeParam owner(this->mutex_), deferred(other, std::defer_lock);
  owner.swap(deferred);
  EXPECT_EQ(owner.mutex(), &other);
  EXPECT_FALSE(owner.owns_lock());
  EXPECT_EQ(deferred.mutex(), &this->mutex_);
  EXPECT_TRUE(deferred.owns_lock());
  swap(owner, deferred);
  EXPECT_EQ(owner.mutex(), &this->mutex_);
  EXPECT_TRUE(owner.owns_lock());
  EXPECT_FALSE(this->IsFree());
}

TYPED_TEST(MovableGuard, ReleasedItLeavesTheMutexLocked) {
  {
    TypeParam guard(this->mutex_);
    EXPECT_EQ(guard.release(), &this->mutex_);
    EXPECT_EQ(guard.mutex(), nullptr);
    EXPECT_FALSE(guard.owns_lock());
    EXPECT_EQ(guard.release(), nullptr);
  }
  EXPECT_FALSE(this->IsFree());
  { const TypeParam again(this->mutex_, std::adopt_lock); }
  EXPECT_TRUE(this->IsFree());
}

TYPED_TEST(MovableGuard, UnlocksWhenAnExceptionLeavesItsScope) {
  try {
    const TypeParam guard(this->mutex_);
    throw 1;
  } catch (int) {
  }
  EXPECT_TRUE(this->IsFree());
}

template <typename Guard>
class ReadingGuard : public MovableGuard<Guard> {};
using ReadingGuards =
    ::testing::Types<shared_lock<shared_timed_mutex>,
                     shared_lock<std::shared_timed_mutex>,
                     std::shared_lock<shared_timed_mutex>,
                     std::shared_lock<std::shared_timed_mutex>>;
TYPED_TEST_SUITE(ReadingGuard, ReadingGuards);

TYPED_TEST(ReadingGuard, LetsOthersReadHoweverItWasMade) {
  const auto reads_along = [&](const TypeParam& guard) {
    return guard.owns_lock() && OtherReads(this->mutex_) && !this->IsFree();
  };
  EXPECT_TRUE(reads_along(TypeParam(this->mutex_)));
  EXPECT_TRUE(reads_along(TypeParam(this->mutex_, std::try_to_lock)));
  EXPECT_TRUE(reads_along(TypeParam(this->mutex_, hours(1))));
  EXPECT_TRUE(reads_along(TypeParam(this->mutex_, system_clock::now())));
  this->mutex_.lock_shared();
  EXPECT_TRUE(reads_along(TypeParam(this->mutex_, std::adopt_lock)));
  TypeParam guard(this->mutex_, std::defer_lock);
  guard.lock();
  EXPECT_TRUE(reads_along(guard));
}

}  // namespace
}  // namespace lockcheck::testing
