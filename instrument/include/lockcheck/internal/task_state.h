// The states that run a function and keep what comes of it: of packaged_task,
// of async() and of a deferred call.
#ifndef LOCKCHECK_INTERNAL_TASK_STATE_H_
#define LOCKCHECK_INTERNAL_TASK_STATE_H_

#include <cxxabi.h>

#include <functional>
#include <optional>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include "lockcheck/internal/future_state.h"
#include "lockcheck/thread.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// Keeps the result of the call in the state, or what it throws.
template <typename R, typename Call>
void KeepResult(ResultState<R>& state, Call&& call) {
  if constexpr (std::is_void_v<R>) {
    std::forward<Call>(call)();
    state.Store();
  } else {
    state.Store(std::forward<Call>(call)());
  }
}
template <typename R, typename Call>
void RunAndKeep(ResultState<R>& state, Call&& call) {
  state.Keep([&] {
#if defined(__cpp_exceptions)
    try {
      KeepResult(state, std::forward<Call>(call));
    } catch (abi::__forced_unwind&) {
      throw;  // the thread is cancelled
    } catch (...) {
      state.StoreError(std::current_exception());
    }
#else
    KeepResult(state, std::forward<Call>(call));
#endif
  });
}

// ---- packaged_task ----------------------------------------------------------

template <typename R, typename... Args>
class TaskState : public ResultState<R> {
 public:
  using ResultState<R>::ResultState;
  virtual void Run(Args&&... args) = 0;
  // The function moves to a new state.
  virtual StatePtr<TaskState> Again() = 0;

 protected:
  ~TaskState() = default;
};

template <typename F, typename R, typename... Args>
class TaskOf : public TaskState<R, Args...> {
 public:
  template <typename G>
  TaskOf(G&& f, const char* name, source_location where)
      : TaskState<R, Args...>(name, where),
        f_(std::forward<G>(f)),
        name_(name),
        where_(where) {}
  void Run(Args&&... args) override {
    RunAndKeep<R>(*this, [&]() -> R {
      return static_cast<R>(std::invoke(f_, std::forward<Args>(args)...));
    });
  }
  StatePtr<TaskState<R, Args...>> Again() override {
    return Make(std::move(f_), name_, where_);
  }
  template <typename G>
  static StatePtr<TaskState<R, Args...>> Make(G&& f, const char* name,
                                              source_location where) {
    return MakeState<TaskOf>(std::forward<G>(f), name, where);
  }

 protected:
  ~TaskOf() = default;

 private:
  F f_;
  const char* name_;
  source_location where_;
};

template <typename R, typename... Args, typename F>
StatePtr<TaskState<R, Args...>> MakeTask(F&& f, const char* name,
                                         source_location where) {
  return TaskOf<std::decay_t<F>, R, Args...>::Make(std::forward<F>(f), name,
                                                   where);
}

// ---- async ------------------------------------------------------------------

// Copies of a function and its arguments, for one call.
template <typename F, typename... Args>
class Call {
 public:
  using Result = std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>;

  explicit Call(F&& f, Args&&... args)
      : parts_(std::forward<F>(f), std::forward<Args>(args)...) {}
  Result operator()() {
    return std::apply(
        [](auto&&... parts) -> Result {
          return std::invoke(std::forward<decltype(parts)>(parts)...);
        },
        std::move(parts_));
  }

 private:
  std::tuple<std::decay_t<F>, std::decay_t<Args>...> parts_;
};

// Whoever waits first runs the call.
template <typename C>
class DeferredState : public ResultState<typename C::Result> {
  using R = typename C::Result;

 public:
  template <typename... Args>
  explicit DeferredState(Args&&... args)
      : ResultState<R>(nullptr, source_location()),
        call_(std::forward<Args>(args)...) {}
  bool IsDeferred() const noexcept override {
    return !begun_.load(std::memory_order_relaxed);
  }

 protected:
  ~DeferredState() = default;
  void Complete(SiteSlot* slot, Caller caller) override {
    if (begun_.exchange(true, std::memory_order_relaxed)) return;
    RunAndKeep<R>(*this, call_);
    this->Publish(slot, caller);
  }

 private:
  C call_;
  std::atomic<bool> begun_{false};
};

// The call runs in a thread of its own, whose end whoever waits first waits
// for; if nobody does, the last owner.
template <typename C>
class AsyncState : public ResultState<typename C::Result> {
  using R = typename C::Result;

 public:
  template <typename... Args>
  explicit AsyncState(Args&&... args)
      : ResultState<R>(nullptr, source_location()),
        call_(std::in_place, std::forward<Args>(args)...) {}
  // `slot` is where async() was called. If no thread can be started, and it may
  // be deferred, whoever waits first runs the call.
  void Start(SiteSlot* slot, Caller caller,
             [[maybe_unused]] bool may_be_deferred) {
    // That frame is another thread's, and may be gone.
    const Caller called_from = {caller.return_address, nullptr};
#if defined(__cpp_exceptions)
    try {
      thread_ = thread(&AsyncState::Run, this, slot, called_from);
    } catch (const std::system_error& error) {
      if (!may_be_deferred ||
          error.code() != std::errc::resource_unavailable_try_again) {
        throw;
      }
      is_deferred_ = true;
    }
#else
    thread_ = thread(&AsyncState::Run, this, slot, called_from);
#endif
  }
  bool IsDeferred() const noexcept override {
    return is_deferred_ && !joins_.load(std::memory_order_relaxed);
  }
  // False: it is not over yet.
  bool BeforeEnd(SiteSlot* slot, Caller caller) noexcept {
    if (!thread_.joinable()) return true;
    if (thread_.get_id() != std::this_thread::get_id()) {
      JoinAccess::JoinAt(thread_, slot, caller);
      return true;
    }
    // The thread has let go of the last future of its own.
    thread_.detach();
    orphaned_ = running_;
    return !orphaned_;
  }

 protected:
  ~AsyncState() = default;
  void Complete(SiteSlot* slot, Caller caller) override {
    if (joins_.exchange(true, std::memory_order_acquire)) return;
    if (is_deferred_) {
      RunAndKeep<R>(*this, *call_);
      this->Publish(slot, caller);
      return;
    }
    // Not joined: it waits for its own end.
    struct Joining {
      AsyncState& state;
      ~Joining() {
        if (state.thread_.joinable()) state.joins_ = false;
      }
    } joining{*this};
    JoinAccess::JoinAt(thread_, slot, caller);
  }

 private:
  void Run(SiteSlot* slot, Caller called_from) {
    // Also if the thread is cancelled, or ends itself.
    struct Ending {
      AsyncState& state;
      SiteSlot* const slot;
      const Caller called_from;
      ~Ending() {
        state.Break(slot, called_from);
        state.call_.reset();
        state.running_ = false;
        if (state.orphaned_) state.End(slot, called_from);
      }
    } ending{*this, slot, called_from};
    RunAndKeep<R>(*this, *call_);
    this->Publish(slot, called_from);
  }

  std::optional<C> call_;
  bool running_ = true, orphaned_ = false;  // the thread's own
  thread thread_;
  bool is_deferred_ = false;        // there is no thread
  std::atomic<bool> joins_{false};  // or runs the call
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_TASK_STATE_H_
