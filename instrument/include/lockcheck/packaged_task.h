// packaged_task: std's, recorded. A function whose result, or what it throws, a
// future gets; see future.h.
//
// Interface, blocking behaviour and exceptions are std's. The constructor takes
// an optional name behind the function, which must outlive the task and its
// futures. Cost: one allocation, as std's.
#ifndef LOCKCHECK_PACKAGED_TASK_H_
#define LOCKCHECK_PACKAGED_TASK_H_

#include "lockcheck/future.h"
#include "lockcheck/internal/signature.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/packaged_task_disabled.h"
#else
#include "lockcheck/internal/task_state.h"

namespace lockcheck::inline LOCKCHECK_ABI {

template <typename Signature>
class packaged_task;

template <typename R, typename... Args>
class packaged_task<R(Args...)> {
  using State = internal::TaskState<R, Args...>;
  template <typename F>
  static constexpr bool kIsFunction =
      !std::is_same_v<std::remove_cvref_t<F>, packaged_task> &&
      std::is_invocable_r_v<R, std::decay_t<F>&, Args...>;

 public:
  packaged_task() noexcept = default;
  // NOLINTBEGIN(bugprone-forwarding-reference-overload): of a packaged_task
  // kIsFunction is false, so it is moved by no template.
  template <typename F>
  requires kIsFunction<F>
  explicit packaged_task(F&& f,
                         source_location where = source_location::current())
      : packaged_task(std::forward<F>(f), nullptr, where) {}
  template <typename F>
  requires kIsFunction<F> packaged_task(
      F&& f, const char* name,
      source_location where = source_location::current())
      : state_(
            internal::MakeTask<R, Args...>(std::forward<F>(f), name, where)) {}
  // NOLINTEND(bugprone-forwarding-reference-overload)
  packaged_task(packaged_task&&) noexcept = default;
  LOCKCHECK_ALWAYS_INLINE packaged_task& operator=(
      packaged_task&& other) noexcept {
    packaged_task(std::move(other)).swap(*this);
    return *this;
  }
  // Its future, if the function was not called, gets the error broken_promise.
  LOCKCHECK_ALWAYS_INLINE ~packaged_task() {
    if (!state_ || !state_->HasOtherOwners()) return;
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    state_->Break(slot, LOCKCHECK_CALLER());
  }
  void swap(packaged_task& other) noexcept { state_.swap(other.state_); }

  bool valid() const noexcept { return static_cast<bool>(state_); }
  future<R> get_future() {
    if (!(*state_).GiveFuture()) {
      internal::ThrowFutureError(std::future_errc::future_already_retrieved);
    }
    return internal::FutureAccess::FutureOf<R>(state_);
  }

  // Who has got the result may destroy the task at once.
  LOCKCHECK_ALWAYS_INLINE void operator()(Args... args) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const internal::StatePtr<State> state = state_;
    (*state).Run(std::forward<Args>(args)...);
    state->Publish(slot, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE void make_ready_at_thread_exit(Args... args) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    (*state_).Run(std::forward<Args>(args)...);
    state_->PublishAtThreadExit(slot);
  }
  // From now on it is a new task of the same function.
  LOCKCHECK_ALWAYS_INLINE void reset() {
    packaged_task fresh;
    (*state_).Again().swap(fresh.state_);
    *this = std::move(fresh);
  }

 private:
  internal::StatePtr<State> state_;
};

template <typename Signature>
void swap(packaged_task<Signature>& a, packaged_task<Signature>& b) noexcept {
  a.swap(b);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_DISABLED

namespace lockcheck::inline LOCKCHECK_ABI {

template <typename R, typename... Args>
packaged_task(R (*)(Args...)) -> packaged_task<R(Args...)>;
template <typename F, typename Signature = typename internal::SignatureOf<
                          decltype(&F::operator())>::type>
packaged_task(F) -> packaged_task<Signature>;

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_PACKAGED_TASK_H_
