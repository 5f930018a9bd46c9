// What the future of a task of a pool shares with it.
//
// Problem: a pool may run very many tasks, most of which nobody has to wait
// for. Who has the answer of one joins it, which is in the log already; so its
// state is recorded only if somebody waits.
#ifndef LOCKCHECK_INTERNAL_TASK_ANSWER_H_
#define LOCKCHECK_INTERNAL_TASK_ANSWER_H_

#include <atomic>
#include <cstdint>

#include "lockcheck/internal/future_state.h"
#include "lockcheck/internal/task_hooks.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

template <typename R>
class TaskAnswer : public ResultState<R> {
 public:
  using ResultState<R>::ResultState;
  // Before it is submitted.
  void SetTask(uint32_t actor) noexcept {
    task_.store(actor, std::memory_order_relaxed);
  }
  void Publish(SiteSlot* slot, Caller caller) noexcept {
    this->PublishIfAwaited(slot, caller);
  }
  // The task has not begun, and will not.
  void Drop(SiteSlot* slot, Caller caller) noexcept {
    SetTask(0);
    this->KeepError(BrokenPromise());
    Publish(slot, caller);
  }

 protected:
  ~TaskAnswer() = default;
  void Found(How, SiteSlot* slot, Caller caller) noexcept override {
    TaskJoined(task_.load(std::memory_order_relaxed), slot, caller);
  }

 private:
  std::atomic<uint32_t> task_{0};  // actor id; 0: none
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_TASK_ANSWER_H_
