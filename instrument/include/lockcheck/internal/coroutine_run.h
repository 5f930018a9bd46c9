// What lockcheck/coroutine/context.h stands on: who is to be resumed, and the
// threads that do it.
//
// One lock guards the lists, the timers and the counts. It is a std::mutex, in
// no log, and not held while a coroutine runs. Waiters of a lock have a lock of
// their own, which may be taken with this one held, and not the reverse.
#ifndef LOCKCHECK_INTERNAL_COROUTINE_RUN_H_
#define LOCKCHECK_INTERNAL_COROUTINE_RUN_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "lockcheck/internal/coroutine_chain.h"
#include "lockcheck/internal/tsan.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// First come, first served.
class ChainList {
 public:
  bool IsEmpty() const { return first_ == nullptr; }
  void Push(Chain& chain) {
    chain.next = nullptr;
    (last_ == nullptr ? first_ : last_->next) = &chain;
    last_ = &chain;
  }
  Chain* Pop() {
    Chain* const chain = first_;
    if (chain == nullptr) return nullptr;
    first_ = chain->next;
    if (first_ == nullptr) last_ = nullptr;
    return chain;
  }

 private:
  Chain* first_ = nullptr;
  Chain* last_ = nullptr;
};

// Who fires the timers of a context that nobody runs with run().
class TimersOutside {
 public:
  // The time of the earliest one is another, perhaps. With the context locked.
  virtual void TimeChanged() noexcept = 0;

 protected:
  ~TimersOutside() = default;
};

class RunCore {
 public:
  using Clock = CoroutineTimer::Clock;

  explicit RunCore(uint32_t most_carriers, TimersOutside* outside = nullptr)
      : outside_(outside) {
    record_.most_carriers = most_carriers;
  }
  RunCore(const RunCore&) = delete;
  RunCore& operator=(const RunCore&) = delete;
  // What is suspended is destroyed where it stands, as the coroutine that it
  // is.
  ~RunCore() {
    if (left_ != 0) TellLeft();
    Carrier carrier;
    while (all_ != nullptr) Destroy(carrier, *all_);
  }

  // A new one, which is to be resumed first.
  void Add(Chain& chain) {
    // A frame begins with the function that resumes it, as compilers agree.
    std::memcpy(&chain.record.function, chain.root.address(),
                sizeof(chain.record.function));
    const std::lock_guard guard(guard_);
    Link(chain);
    PushLocked(chain);
  }
  // One that others resume, and that it has ended, or is destroyed.
  void Know(Chain& chain) {
    const std::lock_guard guard(guard_);
    Link(chain);
  }
  void Forget(Chain& chain, bool has_ended) {
    const std::lock_guard guard(guard_);
    Unlink(chain);
    if (has_ended) HasEnded(chain.record.actor);
  }
  // By anybody, of one that is suspended.
  void Push(Chain& chain) {
    const std::lock_guard guard(guard_);
    PushLocked(chain);
  }
  std::mutex& guard() { return guard_; }
  ContextRecord& record() { return record_; }
  size_t CountLeft() {
    const std::lock_guard guard(guard_);
    return left_;
  }

  void SetTimer(CoroutineTimer& timer, Clock::time_point time) {
    const std::lock_guard guard(guard_);
    timer.place = timers_.emplace(time, &timer);
    timer.is_set = true;
    if (timer.place == timers_.begin()) TimeChanged();
  }
  // Afterwards it neither fires nor does so now.
  void DropTimer(CoroutineTimer& timer) {
    const std::lock_guard guard(guard_);
    if (!timer.is_set) return;
    const bool was_first = timer.place == timers_.begin();
    timers_.erase(timer.place);
    timer.is_set = false;
    if (was_first && outside_ != nullptr) outside_->TimeChanged();
  }
  // By who fires them, of a context that nobody runs. Returns when it is to
  // come again, if ever.
  std::optional<Clock::time_point> FireDue() {
    const std::lock_guard guard(guard_);
    FireTimers();
    if (timers_.empty()) return std::nullopt;
    return timers_.begin()->first;
  }

  // Somebody outside is going to resume a coroutine.
  void BeginWork() {
    const std::lock_guard guard(guard_);
    ++work_;
  }
  void EndWork() {
    const std::lock_guard guard(guard_);
    if (--work_ == 0) woken_.notify_all();
  }

  // Returns how many are left, none of which can go on.
  size_t Run(SiteSlot* slot, Caller caller) {
    std::exception_ptr failure;
    size_t left;
    {
      Carrier carrier;
      carrier.Enter(record_);
      std::unique_lock lock(guard_);
      while (Chain* const chain = Next(carrier, lock)) {
        ++running_;
        lock.unlock();
        if (Step(carrier, *chain)) End(*chain);
        lock.lock();
        if (--running_ == 0) woken_.notify_all();
      }
      left = left_;
      std::swap(failure, failure_);
      carrier.Leave();
      carrier.Exit();
    }
    JoinEnded(slot, caller);
    if (failure != nullptr) std::rethrow_exception(failure);
    return left;
  }

  // What they did comes before what the thread does from now on.
  void JoinEnded(SiteSlot* slot, Caller caller) {
    std::vector<uint32_t> ended;
    {
      const std::lock_guard guard(guard_);
      std::swap(ended, ended_);
    }
    for (const uint32_t actor : ended) TaskJoined(actor, slot, caller);
  }
  // Each of them is suspended, and is going to be destroyed.
  void TellLeft() {
    std::vector<CoroutineRecord*> records;
    records.reserve(left_);
    for (Chain* chain = all_; chain != nullptr; chain = chain->next_of_all) {
      if (!chain->is_background) records.push_back(&chain->record);
    }
    CoroutinesAreLeft(records.data(), records.size());
  }

  // Of one that nobody awaits; with the context locked.
  void Fails(std::exception_ptr failure) noexcept {
    if (failure_ == nullptr) failure_ = std::move(failure);
  }
  void HasEnded(uint32_t actor) {
    if (actor != 0) ended_.push_back(actor);
  }

 private:
  void TimeChanged() {
    if (outside_ != nullptr) outside_->TimeChanged();
    woken_.notify_all();
  }

  void Link(Chain& chain) {
    chain.record.context = &record_;
    chain.next_of_all = all_;
    if (all_ != nullptr) all_->previous_of_all = &chain;
    all_ = &chain;
    if (!chain.is_background) ++left_;
  }

  void PushLocked(Chain& chain) {
    if (chain.GoOn()) return;
    ready_.Push(chain);
    CountReady(1);
    if (sleepers_ != 0) woken_.notify_one();
  }

  // Others look at it without the lock.
  void CountReady(uint32_t more) {
    const uint32_t count = record_.ready.load(std::memory_order_relaxed);
    record_.ready.store(count + more, std::memory_order_relaxed);
  }

  void FireTimers() {
    if (timers_.empty()) return;
    const auto now = Clock::now();
    while (!timers_.empty() && timers_.begin()->first <= now) {
      CoroutineTimer& timer = *timers_.begin()->second;
      timers_.erase(timers_.begin());
      timer.is_set = false;
      if (Chain* const chain = timer.fire(timer)) PushLocked(*chain);
    }
  }

  // Nobody runs, nor will.
  bool IsOver() const {
    return ready_.IsEmpty() && running_ == 0 &&
           (left_ == 0 || (timers_.empty() && work_ == 0));
  }

  // Null: none of those that are left can go on.
  Chain* Next(Carrier& carrier, std::unique_lock<std::mutex>& lock) {
    while (true) {
      FireTimers();
      if (Chain* const chain = ready_.Pop()) {
        CountReady(-1u);
        return chain;
      }
      if (IsOver()) return nullptr;
      // The thread is itself while it sleeps.
      lock.unlock();
      carrier.Leave();
      lock.lock();
      FireTimers();
      if (!ready_.IsEmpty() || IsOver()) continue;
      ++sleepers_;
      if (timers_.empty()) {
        woken_.wait(lock);
      } else {
        // Another thread may take that timer meanwhile.
        const Clock::time_point time = timers_.begin()->first;
        woken_.wait_until(lock, time);
      }
      --sleepers_;
    }
  }

  // True: the coroutine has ended. False: it is somebody else's.
  bool Step(Carrier& carrier, Chain& chain) {
    Chain* const before = std::exchange(t_chain, &chain);
    bool has_ended = false, is_parked = false;
    while (!has_ended && !is_parked) {
      AnnounceAcquired(&chain);
      carrier.Resume(chain.record);
      chain.park = nullptr;
      chain.handle.resume();
      if (chain.park == nullptr && !chain.root.done()) {
        carrier.Suspend(chain.record);
        FailAsUnknown();
        is_parked = true;
      } else if (chain.park == nullptr) {
        chain.Finish();
        carrier.End(chain.record);
        has_ended = true;
      } else {
        carrier.Suspend(chain.record);
        AnnounceRelease(&chain);
        is_parked = chain.park(chain, chain.awaiter);
      }
    }
    t_chain = before;
    return has_ended;
  }

  // A coroutine has been suspended by what leaves no Park: it stays where it
  // is.
  void FailAsUnknown() {
#if defined(__cpp_exceptions)
    const std::lock_guard guard(guard_);
    Fails(std::make_exception_ptr(std::logic_error(
        "lockcheck: a coroutine of a coroutine::context awaits what is none of "
        "lockcheck's: nobody there resumes it")));
#endif
  }

  void Unlink(Chain& chain) {
    if (chain.next_of_all != nullptr) {
      chain.next_of_all->previous_of_all = chain.previous_of_all;
    }
    (chain.previous_of_all == nullptr ? all_
                                      : chain.previous_of_all->next_of_all) =
        chain.next_of_all;
    if (!chain.is_background) --left_;
  }

  // Nothing is locked when what the user wrote is destroyed.
  void End(Chain& chain) {
    bool is_owned = false;
    Chain* awaiting;
    {
      const std::lock_guard guard(guard_);
      Unlink(chain);
      awaiting = chain.Ended(&is_owned);
      if (awaiting != nullptr && awaiting->context == this) {
        PushLocked(*std::exchange(awaiting, nullptr));
      }
    }
    if (awaiting != nullptr) awaiting->context->Push(*awaiting);
    if (!is_owned) delete &chain;
  }

  void Destroy(Carrier& carrier, Chain& chain) {
    Chain* const before = std::exchange(t_chain, &chain);
    carrier.Resume(chain.record);
    chain.Finish();
    carrier.End(chain.record);
    t_chain = before;
    End(chain);
  }

  std::mutex guard_;
  std::condition_variable woken_;
  TimersOutside* const outside_;
  ContextRecord record_;
  ChainList ready_;
  Chain* all_ = nullptr;  // that have not ended
  size_t left_ = 0;       // how many these are, without the background
  size_t running_ = 0;
  size_t sleepers_ = 0;
  size_t work_ = 0;
  std::multimap<Clock::time_point, CoroutineTimer*> timers_;
  std::vector<uint32_t> ended_;  // actors that nobody has joined
  std::exception_ptr failure_;
};

inline void PushIfAny(Chain* chain) {
  if (chain != nullptr) chain->context->Push(*chain);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_COROUTINE_RUN_H_
