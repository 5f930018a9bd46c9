// LOCKCHECK_DISABLED: what coroutines wait for, without records.
#ifndef LOCKCHECK_INTERNAL_COROUTINE_SIGNAL_DISABLED_H_
#define LOCKCHECK_INTERNAL_COROUTINE_SIGNAL_DISABLED_H_

#include <atomic>
#include <cstdint>
#include <mutex>

#include "lockcheck/internal/coroutine_run.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

enum class WaitKind : uint8_t { kEvent };
enum class PostKind : uint8_t { kSet, kClear };
struct PostFacts {
  PostKind post;
  uint32_t wakes, sequence, value;
};
inline constexpr uint32_t kAllWaiters = UINT32_MAX;

struct CoroutineWaiter {
  enum State : uint8_t { kWaits, kClaimed, kGaveUp };

  bool IsSecond() { return came.fetch_add(1, std::memory_order_acq_rel) == 1; }
  bool HasGivenUp() const { return state == kGaveUp; }

  Chain* chain = nullptr;
  std::atomic<uint32_t> came{0};
  State state = kWaits;  // with the next two, guarded by the signal
  CoroutineWaiter* next = nullptr;
  CoroutineWaiter* previous = nullptr;
};

template <WaitKind kKind>
class CoroutineSignal {
 public:
  constexpr CoroutineSignal(const char*, source_location) noexcept {}
  CoroutineSignal(const CoroutineSignal&) = delete;
  CoroutineSignal& operator=(const CoroutineSignal&) = delete;

  struct Use {
    explicit Use(CoroutineSignal&) {}
  };

  void Post(const PostFacts& facts, SiteSlot*, Caller) {
    CoroutineWaiter* waiter = TakeOut(facts.wakes);
    while (waiter != nullptr) {
      CoroutineWaiter& its = *waiter;
      waiter = waiter->next;
      Chain* const chain = its.chain;
      if (its.IsSecond()) PushIfAny(chain);
    }
  }
  void Took(uint32_t, How, SiteSlot*, Caller) {}
  void Enter(CoroutineWaiter& waiter, SiteSlot*, Caller) {
    const std::lock_guard guard(guard_);
    waiter.previous = last_;
    (last_ == nullptr ? first_ : last_->next) = &waiter;
    last_ = &waiter;
  }
  bool Leave(CoroutineWaiter& waiter) {
    const std::lock_guard guard(guard_);
    if (waiter.state != CoroutineWaiter::kWaits) return false;
    Unlink(waiter);
    waiter.state = CoroutineWaiter::kGaveUp;
    return true;
  }
  void BeginWait(CoroutineWaiter&, bool, CoroutineWait&) {}
  void EndWait(CoroutineWaiter&, CoroutineOutcome) {}

 private:
  void Unlink(CoroutineWaiter& waiter) {
    (waiter.previous == nullptr ? first_ : waiter.previous->next) = waiter.next;
    (waiter.next == nullptr ? last_ : waiter.next->previous) = waiter.previous;
  }
  // Those that have waited longest; they stay linked.
  CoroutineWaiter* TakeOut(uint32_t most) {
    const std::lock_guard guard(guard_);
    CoroutineWaiter* const taken = most == 0 ? nullptr : first_;
    CoroutineWaiter* last = nullptr;
    for (uint32_t i = 0; i < most && first_ != nullptr; ++i) {
      last = first_;
      Unlink(*last);
      last->state = CoroutineWaiter::kClaimed;
    }
    if (last != nullptr) last->next = nullptr;
    return taken;
  }

  std::mutex guard_;
  CoroutineWaiter* first_ = nullptr;
  CoroutineWaiter* last_ = nullptr;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_COROUTINE_SIGNAL_DISABLED_H_
