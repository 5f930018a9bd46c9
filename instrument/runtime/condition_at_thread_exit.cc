// notify_all_at_thread_exit().

#include "instrument/runtime/at_thread_exit.h"
#include "lockcheck/condition_variable.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

class UnlockAndNotify : public runtime::ExitAct {
 public:
  UnlockAndNotify(WaitQueue& condition, WaitKind kind, mutex& lock,
                  SiteSlot* slot)
      : condition_(condition), kind_(kind), lock_(lock), slot_(slot) {}
  void Run() override LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    lock_.unlock();
    Post(condition_, kind_, {PostKind::kNotifyAll, kAllWaiters, 0, 0}, slot_,
         LOCKCHECK_CALLER());
  }

 private:
  WaitQueue& condition_;
  const WaitKind kind_;
  mutex& lock_;
  SiteSlot* const slot_;
};

}  // namespace

void NotifyAllAtThreadExit(WaitQueue& condition, WaitKind kind, mutex& lock,
                           SiteSlot* slot) {
  runtime::AtThreadExit(
      std::make_unique<UnlockAndNotify>(condition, kind, lock, slot));
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal
