// coroutine::task<T>: a coroutine that begins when it is awaited, and gives its
// value, or what it throws, to who awaits it.
//
// co_await runs it at once, in the same actor: to lockcheck a task is a part of
// the coroutine that was spawned (coroutine/context.h), as a function is of its
// thread. When it is done, who awaits it goes on at once. It is awaited once.
//
// T may be void, a reference, or a type that can be moved. A task that was not
// awaited has not run, and is destroyed.
#ifndef LOCKCHECK_COROUTINE_TASK_H_
#define LOCKCHECK_COROUTINE_TASK_H_

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/coroutine_chain.h"

namespace lockcheck::inline LOCKCHECK_ABI::coroutine {

template <typename T = void>
class task;

}  // namespace lockcheck::inline LOCKCHECK_ABI::coroutine

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// A value, or what was thrown.
template <typename T>
class Answer {
 public:
  template <typename U>
  void Set(U&& value) {
    if constexpr (std::is_reference_v<T>) {
      value_ = std::addressof(value);
    } else {
      value_.emplace(std::forward<U>(value));
    }
  }
  void SetFailure() noexcept { failure_ = std::current_exception(); }
  const std::exception_ptr& failure() const { return failure_; }
  T Take() {
    if (failure_ != nullptr) std::rethrow_exception(std::move(failure_));
    if constexpr (std::is_reference_v<T>) {
      return static_cast<T>(*value_);
    } else {
      return std::move(*value_);
    }
  }

 private:
  std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*,
                     std::optional<T>>
      value_{};
  std::exception_ptr failure_;
};

template <>
class Answer<void> {
 public:
  void SetFailure() noexcept { failure_ = std::current_exception(); }
  const std::exception_ptr& failure() const { return failure_; }
  void Take() {
    if (failure_ != nullptr) std::rethrow_exception(std::move(failure_));
  }

 private:
  std::exception_ptr failure_;
};

// Who awaited the task goes on; of one that was spawned, nobody.
struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  std::coroutine_handle<> await_suspend(
      std::coroutine_handle<Promise> handle) const noexcept {
    handle.promise().Ends();
    const std::coroutine_handle<> next = handle.promise().awaiting;
    return next != nullptr ? next : std::noop_coroutine();
  }
  void await_resume() const noexcept {}
};

struct TaskPromiseBase : AwaitFrame {
  ~TaskPromiseBase() { Ends(); }
  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }

  // By a coroutine of a context, or, null, by another one.
  void Begins(TaskPromiseBase* by, SiteSlot* slot) noexcept {
    outer = by;
    awaited_at = slot;
    chain = t_chain;
    if (chain != nullptr) chain->record.innermost = this;
  }
  void Ends() noexcept {
    if (chain == nullptr) return;
    if (chain->record.innermost == this) chain->record.innermost = outer;
    chain = nullptr;
  }

  std::coroutine_handle<> awaiting;
  Chain* chain = nullptr;  // that it is a part of, until its end
};

template <typename T>
struct TaskPromise : TaskPromiseBase {
  coroutine::task<T> get_return_object() noexcept;
  template <typename U = T>
  requires std::is_convertible_v<U&&, T>
  void return_value(U&& value) { answer.Set(std::forward<U>(value)); }
  void unhandled_exception() noexcept { answer.SetFailure(); }

  Answer<T> answer;
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
  coroutine::task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void unhandled_exception() noexcept { answer.SetFailure(); }

  Answer<void> answer;
};

struct TaskAccess;

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

namespace lockcheck::inline LOCKCHECK_ABI::coroutine {

template <typename T>
class [[nodiscard]] task {
 public:
  using promise_type = internal::TaskPromise<T>;
  using value_type = T;

  task() noexcept = default;
  task(task&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)) {}
  task& operator=(task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~task() {
    if (handle_ != nullptr) handle_.destroy();
  }

  struct Awaiter {
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(
        std::coroutine_handle<Promise> by) const noexcept {
      internal::TaskPromiseBase& its = handle.promise();
      its.awaiting = by;
      if constexpr (std::is_base_of_v<internal::TaskPromiseBase, Promise>) {
        its.Begins(&by.promise(), slot);
      } else {
        its.Begins(nullptr, slot);
      }
      return handle;
    }
    T await_resume() const { return handle.promise().answer.Take(); }

    std::coroutine_handle<promise_type> handle;
    internal::SiteSlot* slot;
  };
  LOCKCHECK_ALWAYS_INLINE Awaiter operator co_await() && noexcept {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return Awaiter{handle_, slot};
  }

 private:
  friend promise_type;
  friend internal::TaskAccess;
  explicit task(std::coroutine_handle<promise_type> handle) noexcept
      : handle_(handle) {}

  std::coroutine_handle<promise_type> handle_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::coroutine

namespace lockcheck::inline LOCKCHECK_ABI::internal {

template <typename T>
coroutine::task<T> TaskPromise<T>::get_return_object() noexcept {
  return coroutine::task<T>(
      std::coroutine_handle<TaskPromise>::from_promise(*this));
}

inline coroutine::task<void> TaskPromise<void>::get_return_object() noexcept {
  return coroutine::task<void>(
      std::coroutine_handle<TaskPromise>::from_promise(*this));
}

struct TaskAccess {
  template <typename T>
  static std::coroutine_handle<TaskPromise<T>> HandleOf(
      const coroutine::task<T>& task) noexcept {
    return task.handle_;
  }
  // The first task of a coroutine that is spawned.
  template <typename T>
  static void BeRoot(const coroutine::task<T>& task, Chain& chain) noexcept {
    chain.root = chain.handle = task.handle_;
    task.handle_.promise().chain = &chain;
    chain.record.innermost = &task.handle_.promise();
  }
};

// Of a task that nobody else has.
template <typename T>
class OwnedAwaiter {
 public:
  explicit OwnedAwaiter(coroutine::task<T> task)
      : task_(std::move(task)),
        awaiter_{TaskAccess::HandleOf(task_), nullptr} {}
  OwnedAwaiter(const OwnedAwaiter&) = delete;
  OwnedAwaiter& operator=(const OwnedAwaiter&) = delete;

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  std::coroutine_handle<> await_suspend(
      std::coroutine_handle<Promise> awaiting) const noexcept {
    return awaiter_.await_suspend(awaiting);
  }
  T await_resume() const { return awaiter_.await_resume(); }

 private:
  coroutine::task<T> task_;
  typename coroutine::task<T>::Awaiter awaiter_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_COROUTINE_TASK_H_
