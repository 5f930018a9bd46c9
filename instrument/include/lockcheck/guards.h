// lock_guard, unique_lock, scoped_lock, lock() and try_lock(): std's, with two
// differences.
// The place of an acquisition is the line that made the guard, at every level
// of optimization; and they carry clang's thread safety attributes (see
// thread_annotations.h), which std's do not under libstdc++.
//
// std::lock_guard, std::unique_lock and std::scoped_lock work with every lock
// of lockcheck too.
//
// lock(a, b, ...) and scoped_lock(a, b, ...) record one request: no order among
// their members, but each member is asked for under everything held before. So
// it is of guards and of lockables that use lockcheck's locks: whatever a
// member's try_lock() tries is a member of the request.
// try_lock(a, b, ...) records a try of each member it came to.
#ifndef LOCKCHECK_GUARDS_H_
#define LOCKCHECK_GUARDS_H_

#include <chrono>
#include <cstddef>
#include <mutex>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include "lockcheck/mutex.h"

namespace lockcheck::inline LOCKCHECK_ABI {

using std::adopt_lock;
using std::adopt_lock_t;
using std::defer_lock;
using std::defer_lock_t;
using std::try_to_lock;
using std::try_to_lock_t;

namespace internal {

#if defined(LOCKCHECK_DISABLED)
struct SiteSlot {};
#define LOCKCHECK_HERE(slot) \
  ::lockcheck::internal::SiteSlot* const slot = nullptr
template <typename Lock>
LOCKCHECK_ALWAYS_INLINE void LockAt(Lock& lock, SiteSlot*)
    LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
  lock.lock();
}
template <typename Lock>
LOCKCHECK_ALWAYS_INLINE bool TryLockAt(Lock& lock, SiteSlot*)
    LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
  return lock.try_lock();
}
template <typename... Locks>
struct MemberAsker {
  template <typename Lock>
  LOCKCHECK_ALWAYS_INLINE bool LockAt(Lock& lock, SiteSlot*, uint32_t held)
      LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    if (held == 0) return lock.lock(), true;
    return lock.try_lock();
  }
};
#else
#define LOCKCHECK_HERE(slot)             \
  ::lockcheck::internal::SiteSlot* slot; \
  LOCKCHECK_SITE_SLOT(slot)
template <typename Lock>
concept Instrumented = requires {
  Lock::kLockKind;
};
template <typename Lock>
LOCKCHECK_ALWAYS_INLINE void LockAt(Lock& lock, SiteSlot* slot)
    LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
  if constexpr (Instrumented<Lock>) {
    LockAccess::LockAt(lock, slot);
  } else {
    lock.lock();
  }
}
template <typename Lock>
LOCKCHECK_ALWAYS_INLINE bool TryLockAt(Lock& lock, SiteSlot* slot)
    LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
  if constexpr (Instrumented<Lock>) {
    return LockAccess::TryLockAt(lock, slot);
  } else {
    return lock.try_lock();
  }
}
// How many locks this thread has, as far as that is recorded.
inline uint32_t HoldsOfThread() {
  const ThreadHolds* const h = HoldsOf(t_thread.state);
  return static_cast<uint32_t>(h->top - h->holds);
}

// From now on the tries of this thread are made for a member of a lock(a, b,
// ...) before which it had `before` locks. kNoCall: not any more. Returns what
// was said last.
inline constexpr uint32_t kNoCall = UINT32_MAX;
uint32_t TryForCall(uint32_t before) noexcept;

class CallsTry {
 public:
  explicit CallsTry(uint32_t before) : outer_(TryForCall(before)) {}
  ~CallsTry() { TryForCall(outer_); }
  CallsTry(const CallsTry&) = delete;
  CallsTry& operator=(const CallsTry&) = delete;

 private:
  const uint32_t outer_;
};

// Asks for the members of one lock(a, b, ...).
template <typename... Locks>
struct MemberAsker {
  template <typename Lock>
  LOCKCHECK_ALWAYS_INLINE bool LockAt(Lock& lock, SiteSlot* slot, uint32_t held)
      LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    return LockAccess::TryLockMemberAt(lock, slot, held);
  }
};

// A guard, or a lock of the user's own, may take any number of locks: what it
// waits for is a request of its own, with nothing of the call in hand, and what
// it tries is tried for the call.
template <typename... Locks>
requires(!(Instrumented<Locks> && ...)) struct MemberAsker<Locks...> {
  template <typename Lock>
  LOCKCHECK_ALWAYS_INLINE bool LockAt(Lock& lock, SiteSlot* slot, uint32_t held)
      LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    if (held == 0) return LockFirstAt(lock, slot), true;
    const CallsTry calls_try(before);
    return TryLockAt(lock, slot);
  }
  template <typename Lock>
  LOCKCHECK_ALWAYS_INLINE static void LockFirstAt(Lock& lock, SiteSlot* slot)
      LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    if constexpr (Instrumented<Lock>) {
      LockAccess::TryLockMemberAt(lock, slot, 0);
    } else {
      lock.lock();
    }
  }
  const uint32_t before = HoldsOfThread();
};
#endif

template <typename Lock>
LOCKCHECK_ALWAYS_INLINE bool Release(Lock& lock)
    LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
  lock.unlock();
  return true;
}

// Acts when a scope ends, also by an exception: a catch would not compile with
// -fno-exceptions.
template <typename Act>
struct AtEnd {
  const Act& act;
  LOCKCHECK_ALWAYS_INLINE ~AtEnd() noexcept(false) { act(); }
};

// Takes members first, first + 1, ... (mod n) by ask(member, how many it has)
// and returns how many it got. What it got is unlocked again unless it got all.
template <size_t... kIndex, typename Locks, typename Ask>
LOCKCHECK_ALWAYS_INLINE size_t TryRound(std::index_sequence<kIndex...>,
                                        Locks& locks, size_t first, Ask ask) {
  constexpr size_t kCount = sizeof...(kIndex);
  const auto with = [&](size_t i, auto&& act) LOCKCHECK_INLINE_LAMBDA {
    bool result = false;
    (void)((i == kIndex && (result = act(std::get<kIndex>(locks)), true)) ||
           ...);
    return result;
  };
  size_t held = 0;
  const auto undo = [&] {
    while (held < kCount && held > 0) {
      with((first + --held) % kCount, [](auto& l) { return Release(l); });
    }
  };
  const AtEnd<decltype(undo)> at_end{undo};
  while (held < kCount &&
         with((first + held) % kCount, [&](auto& l) LOCKCHECK_INLINE_LAMBDA {
           return ask(l, static_cast<uint32_t>(held));
         })) {
    ++held;
  }
  return held;
}

// The algorithm of std::lock as Howard Hinnant measured it ("Dining
// Philosophers Rebooted", 2013: smart and polite): block on one, try the
// others, and on failure begin anew by blocking on the one that was taken.
template <typename... Locks>
LOCKCHECK_ALWAYS_INLINE void LockAllAt(SiteSlot* slot, Locks&... locks) {
  constexpr size_t kCount = sizeof...(Locks);
  auto all = std::tie(locks...);
  MemberAsker<Locks...> asker;
  size_t first = 0;
  while (true) {
    const size_t got = TryRound(
        std::make_index_sequence<kCount>(), all, first,
        [slot, &asker](auto& l, uint32_t held)
            LOCKCHECK_INLINE_LAMBDA { return asker.LockAt(l, slot, held); });
    if (got == kCount) return;
    first = (first + got) % kCount;
    __builtin_ia32_pause();
  }
}

// In the library, or in libstdc++: a program that is compiled with
// -fno-exceptions cannot throw.
#if defined(LOCKCHECK_DISABLED)
[[noreturn]] inline void ThrowLockError(std::errc code, const char*) {
  std::__throw_system_error(static_cast<int>(code));
}
#else
[[noreturn]] void ThrowLockError(std::errc code, const char* what);
#endif

}  // namespace internal

// Takes all of them, in no particular order, without deadlock among its
// members. Blocks. If one of the operations throws, what was taken is released
// again.
template <typename L1, typename L2, typename... Ls>
LOCKCHECK_ALWAYS_INLINE void lock(L1& l1, L2& l2, Ls&... ls)
    LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
  LOCKCHECK_HERE(slot);
  internal::LockAllAt(slot, l1, l2, ls...);
}

// Tries each in the order given, without blocking. Returns -1 if it got all;
// else the index of the one that it did not get, and it holds none. If one of
// the operations throws, what was taken is released again.
template <typename L1, typename L2, typename... Ls>
[[nodiscard]] LOCKCHECK_ALWAYS_INLINE int try_lock(L1& l1, L2& l2, Ls&... ls)
    LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
  LOCKCHECK_HERE(slot);
  constexpr size_t kCount = sizeof...(Ls) + 2;
  auto all = std::tie(l1, l2, ls...);
  const size_t got = internal::TryRound(
      std::make_index_sequence<kCount>(), all, 0,
      [slot](auto& l, uint32_t)
          LOCKCHECK_INLINE_LAMBDA { return internal::TryLockAt(l, slot); });
  return got == kCount ? -1 : static_cast<int>(got);
}

template <typename Mutex>
class LOCKCHECK_SCOPED_CAPABILITY [[nodiscard]] lock_guard {
 public:
  using mutex_type = Mutex;
  LOCKCHECK_ALWAYS_INLINE explicit lock_guard(Mutex& m) LOCKCHECK_ACQUIRE(m)
      : mutex_(m) {
    LOCKCHECK_HERE(slot);
    internal::LockAt(m, slot);
  }
  lock_guard(Mutex& m, adopt_lock_t) noexcept LOCKCHECK_REQUIRES(m)
      : mutex_(m) {}
  LOCKCHECK_ALWAYS_INLINE ~lock_guard() LOCKCHECK_RELEASE() { mutex_.unlock(); }
  lock_guard(const lock_guard&) = delete;
  lock_guard& operator=(const lock_guard&) = delete;

 private:
  Mutex& mutex_;
};

// clang's attributes take no parameter packs: two mutexes are checked, more are
// not.
template <typename... Mutexes>
class [[nodiscard]] scoped_lock {
 public:
  LOCKCHECK_ALWAYS_INLINE explicit scoped_lock(Mutexes&... ms)
      : mutexes_(ms...) {
    LOCKCHECK_HERE(slot);
    internal::LockAllAt(slot, ms...);
  }
  explicit scoped_lock(adopt_lock_t, Mutexes&... ms) noexcept
      : mutexes_(ms...) {}
  LOCKCHECK_ALWAYS_INLINE ~scoped_lock() LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    std::apply([](auto&... m) { (m.unlock(), ...); }, mutexes_);
  }
  scoped_lock(const scoped_lock&) = delete;
  scoped_lock& operator=(const scoped_lock&) = delete;

 private:
  std::tuple<Mutexes&...> mutexes_;
};

template <>
class scoped_lock<> {
 public:
  explicit scoped_lock() = default;
  explicit scoped_lock(adopt_lock_t) noexcept {}
  scoped_lock(const scoped_lock&) = delete;
  scoped_lock& operator=(const scoped_lock&) = delete;
};

template <typename M1, typename M2>
class LOCKCHECK_SCOPED_CAPABILITY [[nodiscard]] scoped_lock<M1, M2> {
 public:
  LOCKCHECK_ALWAYS_INLINE explicit scoped_lock(M1& m1, M2& m2)
      LOCKCHECK_ACQUIRE(m1, m2)
      : m1_(m1), m2_(m2) {
    LOCKCHECK_HERE(slot);
    internal::LockAllAt(slot, m1, m2);
  }
  explicit scoped_lock(adopt_lock_t, M1& m1, M2& m2) noexcept
      LOCKCHECK_REQUIRES(m1, m2)
      : m1_(m1), m2_(m2) {}
  LOCKCHECK_ALWAYS_INLINE ~scoped_lock() LOCKCHECK_RELEASE() {
    m1_.unlock();
    m2_.unlock();
  }
  scoped_lock(const scoped_lock&) = delete;
  scoped_lock& operator=(const scoped_lock&) = delete;

 private:
  M1& m1_;
  M2& m2_;
};

template <typename Mutex>
class LOCKCHECK_SCOPED_CAPABILITY [[nodiscard]] scoped_lock<Mutex> {
 public:
  using mutex_type = Mutex;
  LOCKCHECK_ALWAYS_INLINE explicit scoped_lock(Mutex& m) LOCKCHECK_ACQUIRE(m)
      : mutex_(m) {
    LOCKCHECK_HERE(slot);
    internal::LockAt(m, slot);
  }
  explicit scoped_lock(adopt_lock_t, Mutex& m) noexcept LOCKCHECK_REQUIRES(m)
      : mutex_(m) {}
  LOCKCHECK_ALWAYS_INLINE ~scoped_lock() LOCKCHECK_RELEASE() {
    mutex_.unlock();
  }
  scoped_lock(const scoped_lock&) = delete;
  scoped_lock& operator=(const scoped_lock&) = delete;

 private:
  Mutex& mutex_;
};

template <typename... Mutexes>
scoped_lock(Mutexes&...) -> scoped_lock<Mutexes...>;
template <typename... Mutexes>
scoped_lock(adopt_lock_t, Mutexes&...) -> scoped_lock<Mutexes...>;

// std::unique_lock: movable, may own or not. Throws std::system_error:
// operation_not_permitted without a mutex, or on unlock() of what it does not
// own; resource_deadlock_would_occur on lock() of what it owns.
template <typename Mutex>
class LOCKCHECK_SCOPED_CAPABILITY [[nodiscard]] unique_lock {
 public:
  using mutex_type = Mutex;

  unique_lock() noexcept = default;
  LOCKCHECK_ALWAYS_INLINE explicit unique_lock(Mutex& m) LOCKCHECK_ACQUIRE(m)
      : mutex_(&m) {
    LOCKCHECK_HERE(slot);
    internal::LockAt(m, slot);
    owns_ = true;
  }
  unique_lock(Mutex& m, defer_lock_t) noexcept LOCKCHECK_EXCLUDES(m)
      : mutex_(&m) {}
  LOCKCHECK_ALWAYS_INLINE unique_lock(Mutex& m, try_to_lock_t)
      LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS : mutex_(&m),
                                            owns_(m.try_lock()) {}
  unique_lock(Mutex& m, adopt_lock_t) noexcept LOCKCHECK_REQUIRES(m)
      : mutex_(&m), owns_(true) {}
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE unique_lock(
      Mutex& m, const std::chrono::duration<Rep, Period>& duration)
      LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS : mutex_(&m),
                                            owns_(m.try_lock_for(duration)) {}
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE unique_lock(
      Mutex& m, const std::chrono::time_point<Clock, Duration>& time)
      LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS : mutex_(&m),
                                            owns_(m.try_lock_until(time)) {}
  LOCKCHECK_ALWAYS_INLINE ~unique_lock() LOCKCHECK_RELEASE() {
    if (owns_) mutex_->unlock();
  }

  unique_lock(unique_lock&& other) noexcept LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS
      : mutex_(std::exchange(other.mutex_, nullptr)),
        owns_(std::exchange(other.owns_, false)) {}
  unique_lock& operator=(unique_lock&& other) noexcept
      LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    if (owns_) mutex_->unlock();
    owns_ = false;
    unique_lock(std::move(other)).swap(*this);
    return *this;
  }

  LOCKCHECK_ALWAYS_INLINE void lock() LOCKCHECK_ACQUIRE() {
    CheckLockable();
    LOCKCHECK_HERE(slot);
    internal::LockAt(*mutex_, slot);
    owns_ = true;
  }
  LOCKCHECK_ALWAYS_INLINE bool try_lock() LOCKCHECK_TRY_ACQUIRE(true) {
    CheckLockable();
    return owns_ = mutex_->try_lock();
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_for(
      const std::chrono::duration<Rep, Period>& duration)
      LOCKCHECK_TRY_ACQUIRE(true) {
    CheckLockable();
    return owns_ = mutex_->try_lock_for(duration);
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_until(
      const std::chrono::time_point<Clock, Duration>& time)
      LOCKCHECK_TRY_ACQUIRE(true) {
    CheckLockable();
    return owns_ = mutex_->try_lock_until(time);
  }
  LOCKCHECK_ALWAYS_INLINE void unlock() LOCKCHECK_RELEASE() {
    if (!owns_) {
      internal::ThrowLockError(std::errc::operation_not_permitted,
                               "lockcheck::unique_lock::unlock");
    }
    owns_ = false;
    mutex_->unlock();
  }

  void swap(unique_lock& other) noexcept LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    std::swap(mutex_, other.mutex_);
    std::swap(owns_, other.owns_);
  }
  Mutex* release() noexcept LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    owns_ = false;
    return std::exchange(mutex_, nullptr);
  }
  bool owns_lock() const noexcept { return owns_; }
  explicit operator bool() const noexcept { return owns_; }
  Mutex* mutex() const noexcept { return mutex_; }

 private:
  void CheckLockable() const {
    if (mutex_ == nullptr) {
      internal::ThrowLockError(std::errc::operation_not_permitted,
                               "lockcheck::unique_lock: no mutex");
    }
    if (owns_) {
      internal::ThrowLockError(std::errc::resource_deadlock_would_occur,
                               "lockcheck::unique_lock: already owned");
    }
  }

  Mutex* mutex_ = nullptr;
  bool owns_ = false;
};

template <typename Mutex>
void swap(unique_lock<Mutex>& a, unique_lock<Mutex>& b) noexcept {
  a.swap(b);
}

#undef LOCKCHECK_HERE

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_GUARDS_H_
