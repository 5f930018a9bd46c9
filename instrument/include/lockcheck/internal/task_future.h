// The answer of a task of a pool, and who waits for it; std::future's
// interface.
//
// Threading: one thread uses the future, one fulfils the state; the state lives
// as long as either.
#ifndef LOCKCHECK_INTERNAL_TASK_FUTURE_H_
#define LOCKCHECK_INTERNAL_TASK_FUTURE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "lockcheck/internal/deadline.h"
#include "lockcheck/internal/task_hooks.h"
#include "lockcheck/internal/tsan.h"
#include "lockcheck/internal/wait_queue.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

[[noreturn]] void ThrowFutureError(std::future_errc code);
// What get() throws when a task was dropped.
std::exception_ptr BrokenPromise() noexcept;

// What does not depend on the type of the answer.
class TaskState {
 public:
  TaskState(const char* name, source_location where) noexcept
      : queue_(name, where) {}
  ~TaskState() { DestroyWaitQueue(queue_); }
  TaskState(const TaskState&) = delete;
  TaskState& operator=(const TaskState&) = delete;

  bool IsReady() const {
    return progress_.load(std::memory_order_acquire) == Progress::kReady;
  }
  // True: it is ready. False: the deadline has passed. Null: none.
  bool Await(SiteSlot* slot, Caller caller, const Deadline* deadline) noexcept;
  void Fulfil(SiteSlot* slot, Caller caller) noexcept;

  uint32_t task = 0;         // actor id; 0: none
  std::exception_ptr error;  // before it is ready, as is the answer

 private:
  enum class Progress : uint8_t { kRuns, kWaitedFor, kReady };
  std::atomic<Progress> progress_{Progress::kRuns};
  WaitQueue queue_;
};

struct NoAnswer {};
template <typename R>
using AnswerOf = std::conditional_t<
    std::is_void_v<R>, NoAnswer,
    std::conditional_t<std::is_reference_v<R>,
                       std::reference_wrapper<std::remove_reference_t<R>>, R>>;

template <typename R>
struct AnswerState : TaskState {
  using TaskState::TaskState;
  std::optional<AnswerOf<R>> answer;
};

template <typename R>
class task_future {
 public:
  task_future() noexcept = default;
  explicit task_future(std::shared_ptr<AnswerState<R>> state) noexcept
      : state_(std::move(state)) {}
  task_future(task_future&&) noexcept = default;
  task_future& operator=(task_future&&) noexcept = default;

  bool valid() const noexcept { return state_ != nullptr; }
  // Waits; gives the answer, or throws what the task threw. Not valid then.
  LOCKCHECK_ALWAYS_INLINE R get() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return GetAt(slot, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE void wait() const {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    WaitAt(slot, LOCKCHECK_CALLER(), nullptr);
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE std::future_status wait_for(
      const std::chrono::duration<Rep, Period>& duration) const {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Deadline deadline = DeadlineAfter(duration);
    return StatusOf(WaitAt(slot, LOCKCHECK_CALLER(), &deadline));
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE std::future_status wait_until(
      const std::chrono::time_point<Clock, Duration>& time) const {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return WaitUntilAt(slot, LOCKCHECK_CALLER(), time);
  }

 private:
  static std::future_status StatusOf(bool ready) {
    return ready ? std::future_status::ready : std::future_status::timeout;
  }
  bool WaitAt(SiteSlot* slot, Caller caller, const Deadline* deadline) const {
    if (!valid()) ThrowFutureError(std::future_errc::no_state);
    const bool ready = state_->Await(slot, caller, deadline);
    if (ready) AnnounceAcquired(state_.get());
    return ready;
  }
  template <typename Clock, typename Duration>
  std::future_status WaitUntilAt(
      SiteSlot* slot, Caller caller,
      const std::chrono::time_point<Clock, Duration>& time) const {
    return StatusOf(Until(time, [&](const Deadline& deadline) {
      return WaitAt(slot, caller, &deadline);
    }));
  }
  R GetAt(SiteSlot* slot, Caller caller) {
    WaitAt(slot, caller, nullptr);
    const std::shared_ptr<AnswerState<R>> state = std::move(state_);
    if (state->error != nullptr) std::rethrow_exception(state->error);
    if constexpr (std::is_reference_v<R>) {
      return state->answer->get();
    } else if constexpr (!std::is_void_v<R>) {
      return std::move(*state->answer);
    }
  }

  std::shared_ptr<AnswerState<R>> state_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_TASK_FUTURE_H_
