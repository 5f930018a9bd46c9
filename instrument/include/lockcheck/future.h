// promise, future, shared_future: std's, recorded.
//
// Interface, blocking behaviour, memory order and exceptions are std's: errors
// are std::future_error with std's codes, and the types that <future> has
// beside these are used as they are (std::future_status, std::launch). Each
// constructor of a promise takes an optional name, which must outlive the
// promise and its futures; else the place where it was made names it.
//
// A promise may be destroyed as soon as a wait for its future has returned,
// whoever is still within set_value().
//
// In the log: that the promise is fulfilled, by a value or an exception or by
// its end (broken_promise), each wait that blocks, and of each thread that it
// found the future ready. See async.h for what is particular to its futures.
//
// Cost: one allocation for a promise, as std's; one call to fulfil it and one
// to get. Any thread may use the state that they share; a promise or a future
// itself is used by one at a time.
#ifndef LOCKCHECK_FUTURE_H_
#define LOCKCHECK_FUTURE_H_

#include <future>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI {

using std::future_category;
using std::future_errc;
using std::future_error;
using std::future_status;
using std::launch;

}  // namespace lockcheck::inline LOCKCHECK_ABI

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/future_disabled.h"
#else
#include "lockcheck/internal/future_state.h"

namespace lockcheck::inline LOCKCHECK_ABI {

template <typename R>
class future;
template <typename R>
class shared_future;

namespace internal {

// What both kinds of future have.
template <typename R>
class FutureBase {
 public:
  bool valid() const noexcept { return static_cast<bool>(state_); }
  // Blocks until it is ready. A deferred function is run by the first who
  // waits.
  LOCKCHECK_ALWAYS_INLINE void wait() const {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    (*state_).WaitAt(slot, LOCKCHECK_CALLER());
  }
  // Blocks for at most `duration`; not at all if it is not positive.
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE std::future_status wait_for(
      const std::chrono::duration<Rep, Period>& duration) const {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return (*state_).WaitForAt(slot, LOCKCHECK_CALLER(), duration);
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE std::future_status wait_until(
      const std::chrono::time_point<Clock, Duration>& time) const {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return (*state_).WaitUntilAt(slot, LOCKCHECK_CALLER(), time);
  }

 protected:
  using State = ResultState<R>;

  FutureBase() noexcept = default;
  explicit FutureBase(StatePtr<State> state) noexcept
      : state_(std::move(state)) {}
  FutureBase(const FutureBase&) noexcept = default;
  FutureBase(FutureBase&&) noexcept = default;
  LOCKCHECK_ALWAYS_INLINE ~FutureBase() {}

  // Blocks until there is a result; what was thrown instead is thrown again.
  LOCKCHECK_ALWAYS_INLINE State& Await(SiteSlot* slot, Caller caller) const {
    State& state = *state_;
    state.WaitAt(slot, caller);
    state.RethrowError();
    return state;
  }

  StatePtr<State> state_;
};

// Makes futures of states.
struct FutureAccess {
  template <typename R>
  static future<R> FutureOf(StatePtr<ResultState<R>> state) {
    return future<R>(std::move(state));
  }
};

// What no value of a promise<void> is.
struct NoValue {
  NoValue() = delete;
};
template <typename R>
using ObjectOf = std::conditional_t<std::is_void_v<R> || std::is_reference_v<R>,
                                    NoValue, std::remove_reference_t<R>>;
template <typename R>
using ReferenceOf =
    std::conditional_t<std::is_reference_v<R>, R, const NoValue&>;
// What get() of a shared_future gives.
template <typename R>
using SharedResultOf =
    std::conditional_t<std::is_void_v<R> || std::is_reference_v<R>, R,
                       std::add_lvalue_reference_t<const R>>;

}  // namespace internal

// Its last owner may block in the destructor: only if it is async()'s.
template <typename R>
class future : public internal::FutureBase<R> {
  using Base = internal::FutureBase<R>;

 public:
  future() noexcept = default;
  future(future&&) noexcept = default;
  LOCKCHECK_ALWAYS_INLINE future& operator=(future&& other) noexcept {
    future(std::move(other)).state_.swap(this->state_);
    return *this;
  }
  LOCKCHECK_ALWAYS_INLINE ~future() {}

  // Blocks until it is ready, and is not valid then. The result is moved.
  LOCKCHECK_ALWAYS_INLINE R get() {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const future taken(std::move(*this));
    return static_cast<R>(static_cast<std::add_rvalue_reference_t<R>>(
        taken.Await(slot, LOCKCHECK_CALLER()).Value()));
  }
  shared_future<R> share() noexcept {
    return shared_future<R>(std::move(*this));
  }

 private:
  friend struct internal::FutureAccess;
  friend class shared_future<R>;
  explicit future(internal::StatePtr<internal::ResultState<R>> state) noexcept
      : Base(std::move(state)) {}
};

template <typename R>
class shared_future : public internal::FutureBase<R> {
  using Base = internal::FutureBase<R>;

 public:
  shared_future() noexcept = default;
  shared_future(const shared_future&) noexcept = default;
  shared_future(shared_future&&) noexcept = default;
  shared_future(future<R>&& other) noexcept : Base(std::move(other.state_)) {}
  LOCKCHECK_ALWAYS_INLINE shared_future& operator=(
      const shared_future& other) noexcept {
    shared_future(other).state_.swap(this->state_);
    return *this;
  }
  LOCKCHECK_ALWAYS_INLINE shared_future& operator=(
      shared_future&& other) noexcept {
    shared_future(std::move(other)).state_.swap(this->state_);
    return *this;
  }
  LOCKCHECK_ALWAYS_INLINE ~shared_future() {}

  // Blocks until it is ready. The result stays.
  LOCKCHECK_ALWAYS_INLINE internal::SharedResultOf<R> get() const {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return this->Await(slot, LOCKCHECK_CALLER()).Value();
  }
};

template <typename R>
class promise {
  using State = internal::ResultState<R>;
  using SiteSlot = internal::SiteSlot;
  using Caller = internal::Caller;
  using Object = internal::ObjectOf<R>;
  static constexpr bool kIsObject =
      !std::is_void_v<R> && !std::is_reference_v<R>;

 public:
  promise(source_location where = source_location::current())
      : state_(internal::MakeState<State>(nullptr, where)) {}
  explicit promise(const char* name,
                   source_location where = source_location::current())
      : state_(internal::MakeState<State>(name, where)) {}
  template <typename Allocator>
  promise(std::allocator_arg_t, const Allocator& allocator,
          source_location where = source_location::current())
      : state_(internal::AllocatedState<State, Allocator>::Make(
            allocator, nullptr, where)) {}
  promise(promise&&) noexcept = default;
  LOCKCHECK_ALWAYS_INLINE promise& operator=(promise&& other) noexcept {
    promise(std::move(other)).swap(*this);
    return *this;
  }
  // Its future, if it has nothing, gets the error broken_promise.
  LOCKCHECK_ALWAYS_INLINE ~promise() {
    if (!state_ || !state_->HasOtherOwners()) return;
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    state_->Break(slot, LOCKCHECK_CALLER());
  }
  void swap(promise& other) noexcept { state_.swap(other.state_); }

  future<R> get_future() {
    if (!(*state_).GiveFuture()) {
      internal::ThrowFutureError(std::future_errc::future_already_retrieved);
    }
    return internal::FutureAccess::FutureOf<R>(state_);
  }

  LOCKCHECK_ALWAYS_INLINE void set_value(
      const Object& value) requires kIsObject {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    FulfilAt(slot, LOCKCHECK_CALLER(), value);
  }
  LOCKCHECK_ALWAYS_INLINE void set_value(Object&& value) requires kIsObject {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    FulfilAt(slot, LOCKCHECK_CALLER(), std::move(value));
  }
  LOCKCHECK_ALWAYS_INLINE void set_value(
      internal::ReferenceOf<R> value) requires std::is_reference_v<R> {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    FulfilAt(slot, LOCKCHECK_CALLER(), value);
  }
  LOCKCHECK_ALWAYS_INLINE void set_value() requires std::is_void_v<R> {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    FulfilAt(slot, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE void set_exception(std::exception_ptr error) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const internal::StatePtr<State> state = state_;
    (*state).KeepError(std::move(error));
    state->Publish(slot, LOCKCHECK_CALLER());
  }

  // It is ready when the calling thread ends and its thread_local objects are
  // gone.
  LOCKCHECK_ALWAYS_INLINE void set_value_at_thread_exit(
      const Object& value) requires kIsObject {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    FulfilAtThreadExit(slot, value);
  }
  LOCKCHECK_ALWAYS_INLINE void set_value_at_thread_exit(
      Object&& value) requires kIsObject {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    FulfilAtThreadExit(slot, std::move(value));
  }
  LOCKCHECK_ALWAYS_INLINE void set_value_at_thread_exit(
      internal::ReferenceOf<R> value) requires std::is_reference_v<R> {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    FulfilAtThreadExit(slot, value);
  }
  LOCKCHECK_ALWAYS_INLINE void set_value_at_thread_exit() requires
      std::is_void_v<R> {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    FulfilAtThreadExit(slot);
  }
  LOCKCHECK_ALWAYS_INLINE void set_exception_at_thread_exit(
      std::exception_ptr error) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    (*state_).KeepError(std::move(error));
    state_->PublishAtThreadExit(slot);
  }

 private:
  // Who has got the value may destroy the promise at once.
  template <typename... Value>
  void FulfilAt(SiteSlot* slot, Caller caller, Value&&... value) {
    const internal::StatePtr<State> state = state_;
    (*state).Keep([&] { state->Store(std::forward<Value>(value)...); });
    state->Publish(slot, caller);
  }
  template <typename... Value>
  void FulfilAtThreadExit(SiteSlot* slot, Value&&... value) {
    (*state_).Keep([&] { state_->Store(std::forward<Value>(value)...); });
    state_->PublishAtThreadExit(slot);
  }

  internal::StatePtr<State> state_;
};

template <typename R>
void swap(promise<R>& a, promise<R>& b) noexcept {
  a.swap(b);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI

template <typename R, typename Allocator>
struct std::uses_allocator<lockcheck::promise<R>, Allocator> : std::true_type {
};

#endif  // !LOCKCHECK_DISABLED
#endif  // LOCKCHECK_FUTURE_H_
