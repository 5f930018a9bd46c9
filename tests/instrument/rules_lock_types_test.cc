// What the standard asks of the lock types before they run: the requirements
// they meet, how they are made, and what they do not offer. std's own types
// are in the lists too: if they passed no longer, we would have misread a rule.
#include <gtest/gtest.h>

#include <chrono>
#include <concepts>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <type_traits>

#include "lockcheck/lockcheck.h"

namespace lockcheck::testing {
namespace {

using std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;
using SystemTime = std::chrono::system_clock::time_point;

template <typename T>
concept BasicLockable = requires(T& m) {
  { m.lock() } -> std::same_as<void>;
  { m.unlock() } -> std::same_as<void>;
};
template <typename T>
concept Lockable = BasicLockable<T> && requires(T& m) {
  { m.try_lock() } -> std::same_as<bool>;
};
template <typename T>
concept TimedLockable = Lockable<T> &&
    requires(T& m, milliseconds d, SteadyTime t, SystemTime s) {
  { m.try_lock_for(d) } -> std::same_as<bool>;
  { m.try_lock_until(t) } -> std::same_as<bool>;
  { m.try_lock_until(s) } -> std::same_as<bool>;
};
template <typename T>
concept SharedLockable = requires(T& m) {
  { m.lock_shared() } -> std::same_as<void>;
  { m.unlock_shared() } -> std::same_as<void>;
  { m.try_lock_shared() } -> std::same_as<bool>;
};
template <typename T>
concept SharedTimedLockable = SharedLockable<T> &&
    requires(T& m, milliseconds d, SteadyTime t, SystemTime s) {
  { m.try_lock_shared_for(d) } -> std::same_as<bool>;
  { m.try_lock_shared_until(t) } -> std::same_as<bool>;
  { m.try_lock_shared_until(s) } -> std::same_as<bool>;
};
template <typename T>
concept HasNativeHandle = requires(T& m) {
  m.native_handle();
};

template <typename T>
class LockTypes : public ::testing::Test {};
using AllLocks = ::testing::Types<
    mutex, timed_mutex, recursive_mutex, recursive_timed_mutex, shared_mutex,
    shared_timed_mutex, std::mutex, std::timed_mutex, std::recursive_mutex,
    std::recursive_timed_mutex, std::shared_mutex, std::shared_timed_mutex>;
TYPED_TEST_SUITE(LockTypes, AllLocks);

template <typename T, typename... List>
inline constexpr bool kIsOneOf = (std::is_same_v<T, List> || ...);

TYPED_TEST(LockTypes, AreLockable) { static_assert(Lockable<TypeParam>); }

TYPED_TEST(LockTypes, TakeTimesIfTheirNameSaysSo) {
  constexpr bool kTimed =
      kIsOneOf<TypeParam, timed_mutex, recursive_timed_mutex,
               shared_timed_mutex, std::timed_mutex, std::recursive_timed_mutex,
               std::shared_timed_mutex>;
  static_assert(TimedLockable<TypeParam> == kTimed);
}

TYPED_TEST(LockTypes, AreSharedIfTheirNameSaysSo) {
  constexpr bool kTimed =
      kIsOneOf<TypeParam, shared_timed_mutex, std::shared_timed_mutex>;
  constexpr bool kShared =
      kTimed || kIsOneOf<TypeParam, shared_mutex, std::shared_mutex>;
  static_assert(SharedLockable<TypeParam> == kShared);
  static_assert(SharedTimedLockable<TypeParam> == kTimed);
}

TYPED_TEST(LockTypes, AreNeitherCopiedNorMoved) {
  static_assert(!std::is_copy_constructible_v<TypeParam>);
  static_assert(!std::is_move_constructible_v<TypeParam>);
  static_assert(!std::is_copy_assignable_v<TypeParam>);
  static_assert(!std::is_move_assignable_v<TypeParam>);
}

TYPED_TEST(LockTypes, AreMadeWithoutArgumentsAndDestroyed) {
  static_assert(std::is_default_constructible_v<TypeParam>);
  static_assert(std::is_nothrow_destructible_v<TypeParam>);
}

// std promises that of mutex alone, and of no try_lock() but in practice.
template <typename T>
class OwnLockTypes : public ::testing::Test {};
using OwnLocks =
    ::testing::Types<mutex, timed_mutex, recursive_mutex, recursive_timed_mutex,
                     shared_mutex, shared_timed_mutex>;
TYPED_TEST_SUITE(OwnLockTypes, OwnLocks);

TYPED_TEST(OwnLockTypes, AreMadeByTheCompilerAndDoNotThrow) {
  static constinit TypeParam unnamed;
  static constinit TypeParam named("name");
  static_assert(std::is_nothrow_default_constructible_v<TypeParam>);
  static_assert(noexcept(unnamed.try_lock())&& noexcept(named.try_lock()));
  unnamed.lock();
  EXPECT_TRUE(named.try_lock());
  named.unlock();
  unnamed.unlock();
}

TYPED_TEST(OwnLockTypes, HaveNoNativeHandle) {
  static_assert(!HasNativeHandle<TypeParam>);
  static_assert(HasNativeHandle<std::mutex>);
}

TEST(LockLayout, IsStandardWhereNoStateIsAdded) {
  static_assert(std::is_standard_layout_v<mutex>);
  static_assert(std::is_standard_layout_v<timed_mutex>);
  // The difference that docs/rules.md names.
  static_assert(!std::is_standard_layout_v<recursive_mutex>);
  static_assert(!std::is_standard_layout_v<shared_mutex>);
  static_assert(std::is_standard_layout_v<std::recursive_mutex>);
  static_assert(std::is_standard_layout_v<std::shared_mutex>);
}

// What a name for every guard says.
template <typename Guard>
class GuardTypes : public ::testing::Test {};
using AllGuards =
    ::testing::Types<lock_guard<mutex>, scoped_lock<mutex>, scoped_lock<>,
                     scoped_lock<mutex, timed_mutex>,
                     scoped_lock<mutex, mutex, mutex>, std::lock_guard<mutex>,
                     std::scoped_lock<mutex, std::mutex>>;
TYPED_TEST_SUITE(GuardTypes, AllGuards);

TYPED_TEST(GuardTypes, OfAScopeAreNeitherCopiedNorMoved) {
  static_assert(!std::is_copy_constructible_v<TypeParam>);
  static_assert(!std::is_move_constructible_v<TypeParam>);
  static_assert(!std::is_copy_assignable_v<TypeParam>);
  static_assert(!std::is_move_assignable_v<TypeParam>);
}

template <typename Guard>
class MovableGuardTypes : public ::testing::Test {};
using MovableGuards =
    ::testing::Types<unique_lock<mutex>, shared_lock<shared_mutex>,
                     std::unique_lock<mutex>, std::shared_lock<shared_mutex>>;
TYPED_TEST_SUITE(MovableGuardTypes, MovableGuards);

TYPED_TEST(MovableGuardTypes, AreMovedWithoutThrowingAndNotCopied) {
  static_assert(!std::is_copy_constructible_v<TypeParam>);
  static_assert(!std::is_copy_assignable_v<TypeParam>);
  static_assert(std::is_nothrow_move_constructible_v<TypeParam>);
  static_assert(std::is_nothrow_move_assignable_v<TypeParam>);
  static_assert(std::is_nothrow_default_constructible_v<TypeParam>);
  static_assert(std::is_nothrow_swappable_v<TypeParam>);
}

TYPED_TEST(MovableGuardTypes, AreBooleanOnlyWhereThatIsAsked) {
  static_assert(std::is_constructible_v<bool, TypeParam>);
  static_assert(!std::is_convertible_v<TypeParam, bool>);
}

// The lock of a one-lock guard has a name in it; a guard takes a lock only
// where it is said.
TEST(GuardTypes, NameTheirMutexAndAreNotMadeByConversion) {
  static_assert(std::is_same_v<lock_guard<mutex>::mutex_type, mutex>);
  static_assert(std::is_same_v<scoped_lock<mutex>::mutex_type, mutex>);
  static_assert(std::is_same_v<unique_lock<mutex>::mutex_type, mutex>);
  static_assert(
      std::is_same_v<shared_lock<shared_mutex>::mutex_type, shared_mutex>);
  static_assert(!std::is_convertible_v<mutex&, lock_guard<mutex>>);
  static_assert(!std::is_convertible_v<mutex&, scoped_lock<mutex>>);
  static_assert(!std::is_convertible_v<mutex&, unique_lock<mutex>>);
  static_assert(
      !std::is_convertible_v<shared_mutex&, shared_lock<shared_mutex>>);
}

template <typename T>
class ConditionTypes : public ::testing::Test {};
using AllConditions =
    ::testing::Types<condition_variable, condition_variable_any,
                     std::condition_variable, std::condition_variable_any>;
TYPED_TEST_SUITE(ConditionTypes, AllConditions);

TYPED_TEST(ConditionTypes, AreNeitherCopiedNorMoved) {
  static_assert(std::is_default_constructible_v<TypeParam>);
  static_assert(!std::is_copy_constructible_v<TypeParam>);
  static_assert(!std::is_move_constructible_v<TypeParam>);
  static_assert(!std::is_copy_assignable_v<TypeParam>);
  static_assert(!std::is_move_assignable_v<TypeParam>);
  TypeParam condition;
  static_assert(noexcept(condition.notify_one()));
  static_assert(noexcept(condition.notify_all()));
}

TEST(OwnConditionTypes, AreMadeByTheCompilerAndHaveNoNativeHandle) {
  static constinit condition_variable unnamed;
  static constinit condition_variable_any named("name");
  unnamed.notify_all();
  named.notify_one();
  static_assert(std::is_standard_layout_v<condition_variable>);
  static_assert(!HasNativeHandle<condition_variable>);
}

}  // namespace
}  // namespace lockcheck::testing
