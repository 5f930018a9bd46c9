// async(): std's, recorded: the thread that it starts is an actor, as one that
// lockcheck::thread starts. See future.h.
//
// As std says, who waits first for a future with launch::async waits for the
// end of its thread, and so does the last of its futures when it is destroyed.
// So these are joins in the log: to wait with a lock held that the thread needs
// is found as any join under a lock is, and stands in reports as such.
#ifndef LOCKCHECK_ASYNC_H_
#define LOCKCHECK_ASYNC_H_

#include "lockcheck/future.h"

#if defined(LOCKCHECK_DISABLED)

namespace lockcheck::inline LOCKCHECK_ABI {
using std::async;
}  // namespace lockcheck::inline LOCKCHECK_ABI

#else
#include "lockcheck/internal/task_state.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

template <typename F, typename... Args>
using AsyncResult =
    std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>;

template <typename F, typename... Args>
auto StartAsync(SiteSlot* slot, Caller caller, bool may_be_deferred, F&& f,
                Args&&... args) {
  StatePtr state = MakeState<AsyncState<Call<F, Args...>>>(
      std::forward<F>(f), std::forward<Args>(args)...);
  state->MadeAt(slot, caller);
  state->Start(slot, caller, may_be_deferred);
  return FutureAccess::FutureOf<AsyncResult<F, Args...>>(std::move(state));
}
template <typename F, typename... Args>
auto Defer(SiteSlot* slot, Caller caller, F&& f, Args&&... args) {
  StatePtr state = MakeState<DeferredState<Call<F, Args...>>>(
      std::forward<F>(f), std::forward<Args>(args)...);
  state->MadeAt(slot, caller);
  return FutureAccess::FutureOf<AsyncResult<F, Args...>>(std::move(state));
}

}  // namespace internal

// Either policy, or both: then a thread, and if none can be started the call is
// deferred. Throws std::system_error if it may not be.
template <typename F, typename... Args>
[[nodiscard]] LOCKCHECK_ALWAYS_INLINE future<internal::AsyncResult<F, Args...>>
async(std::launch policy, F&& f, Args&&... args) {
  internal::SiteSlot* slot;
  LOCKCHECK_SITE_SLOT(slot);
  if ((policy & std::launch::async) == std::launch::async) {
    const bool may_be_deferred =
        (policy & std::launch::deferred) == std::launch::deferred;
    return internal::StartAsync(slot, LOCKCHECK_CALLER(), may_be_deferred,
                                std::forward<F>(f),
                                std::forward<Args>(args)...);
  }
  return internal::Defer(slot, LOCKCHECK_CALLER(), std::forward<F>(f),
                         std::forward<Args>(args)...);
}
template <typename F, typename... Args>
[[nodiscard]] LOCKCHECK_ALWAYS_INLINE future<internal::AsyncResult<F, Args...>>
async(F&& f, Args&&... args) {
  return lockcheck::async(std::launch::async | std::launch::deferred,
                          std::forward<F>(f), std::forward<Args>(args)...);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_DISABLED
#endif  // LOCKCHECK_ASYNC_H_
