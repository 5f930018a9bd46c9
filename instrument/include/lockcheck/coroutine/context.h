// coroutine::context: runs coroutines, on one thread or on several.
//
//   * spawn(t) makes a coroutine of a task: an actor of its own, which begins
//     when a thread in run() has a turn for it. Any thread may spawn, and any
//     coroutine;
//   * run() resumes those that can go on, first come, first served, until all
//     have ended or nobody is left who would resume one; it returns how many
//     are left. Several threads may be in it, and it may be called again. If a
//     coroutine that nobody awaits has thrown, run() throws the first of that,
//     once, when it is done;
//   * a thread that is to resume one, and is not in run() of this context, has
//     a context::work: while one lives, run() waits for that;
//   * those that are left when the context is destroyed are a deadlock if one
//     of them waits for a signal, and it is said what each awaits. So who is
//     meant to wait until then is spawned with spawn_background(t): run() does
//     not wait for its end, and nothing is said of it;
//   * the destructor destroys the coroutines that are left where they are
//     suspended, as the actors they are, so that what they hold is let go of.
//     No thread may be in run() then. So what they hold or wait for is declared
//     before the context, or it is destroyed while it is in use.
// For coroutines of a context: co_await yield() lets the others go on;
// co_await sleep_for(d) and sleep_until(t) do so for a while.
//
// A coroutine of a context awaits tasks, and at the end of those what
// lockcheck/coroutine/... has: if something else suspends it, it is left where
// it is, and run() throws std::logic_error.
// What happened before spawn() happened before the coroutine; the coroutine, if
// it has ended, before run() returns. It does not survive fork().
//
// Cost: spawn() is one allocation beside the task's own; a turn is two short
// locks, and some 40 bytes of log.
#ifndef LOCKCHECK_COROUTINE_CONTEXT_H_
#define LOCKCHECK_COROUTINE_CONTEXT_H_

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <memory>
#include <utility>

#include "lockcheck/coroutine/task.h"
#include "lockcheck/internal/coroutine_run.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

// One that nobody awaits.
template <typename T>
class Spawned final : public Chain {
 public:
  Spawned(RunCore& core, coroutine::task<T> task)
      : Chain(core), task_(std::move(task)) {
    TaskAccess::BeRoot(task_, *this);
  }
  void Finish() noexcept override {
    const auto its = TaskAccess::HandleOf(task_);
    if (its.done()) failure_ = its.promise().answer.failure();
    task_ = {};
  }
  Chain* Ended(bool*) noexcept override {
    if (failure_ != nullptr) context->Fails(std::move(failure_));
    context->HasEnded(record.actor);
    return nullptr;
  }

 private:
  coroutine::task<T> task_;
  std::exception_ptr failure_;
};

// Of what awaits nothing that has a record of its own.
LOCKCHECK_ALWAYS_INLINE void AwaitsHere(SiteSlot* slot) {
  t_chain->record.await_site = SiteOfAwait(slot, LOCKCHECK_CALLER());
}

class SleepAwaiter : private CoroutineTimer {
 public:
  SleepAwaiter(Clock::time_point time, SiteSlot* slot)
      : time_(time), slot_(slot) {}
  ~SleepAwaiter() {
    if (chain_ != nullptr) chain_->context->DropTimer(*this);
  }
  SleepAwaiter(const SleepAwaiter&) = delete;
  SleepAwaiter& operator=(const SleepAwaiter&) = delete;

  bool await_ready() const {
    ThisChain();
    return false;
  }
  LOCKCHECK_ALWAYS_INLINE void await_suspend(
      std::coroutine_handle<> handle) noexcept {
    AwaitsHere(slot_);
    SuspendHere(handle);
  }
  void await_resume() noexcept { chain_ = nullptr; }

 private:
  void SuspendHere(std::coroutine_handle<> handle) noexcept {
    chain_ = t_chain;
    fire = [](CoroutineTimer& timer) noexcept {
      return static_cast<SleepAwaiter&>(timer).chain_;
    };
    Suspend(
        handle,
        [](Chain& chain, void* awaiter) noexcept {
          auto& self = *static_cast<SleepAwaiter*>(awaiter);
          chain.context->SetTimer(self, self.time_);
          return true;
        },
        this);
  }

  const Clock::time_point time_;
  SiteSlot* const slot_;
  Chain* chain_ = nullptr;  // while it is suspended
};

struct YieldAwaiter {
  bool await_ready() const {
    ThisChain();
    return false;
  }
  LOCKCHECK_ALWAYS_INLINE void await_suspend(
      std::coroutine_handle<> handle) const noexcept {
    AwaitsHere(slot);
    Suspend(
        handle,
        [](Chain& chain, void*) noexcept {
          chain.context->Push(chain);
          return true;
        },
        nullptr);
  }
  void await_resume() const noexcept {}

  SiteSlot* slot;
};

// What is awaited; see coroutine::mutex for why there are two.
struct [[nodiscard]] SleepRequest {
  SleepAwaiter operator co_await() const { return SleepAwaiter(time, slot); }
  CoroutineTimer::Clock::time_point time;
  SiteSlot* slot;
};

// Times of other clocks are what they are on the steady one now.
template <typename AnyClock, typename Duration>
CoroutineTimer::Clock::time_point SteadyTime(
    const std::chrono::time_point<AnyClock, Duration>& time) {
  using Clock = CoroutineTimer::Clock;
  if constexpr (std::is_same_v<AnyClock, Clock>) {
    return std::chrono::time_point_cast<Clock::duration>(time);
  } else {
    return Clock::now() +
           std::chrono::ceil<Clock::duration>(time - AnyClock::now());
  }
}
template <typename Rep, typename Period>
CoroutineTimer::Clock::time_point TimeAfter(
    const std::chrono::duration<Rep, Period>& duration) {
  using Clock = CoroutineTimer::Clock;
  constexpr std::chrono::hours kForEver(24 * 365 * 100);
  if (duration > kForEver) return Clock::now() + kForEver;
  return Clock::now() + std::chrono::ceil<Clock::duration>(duration);
}

}  // namespace internal

namespace coroutine {

class context {
 public:
  context() : core_(0) {}
  // At most so many threads are in run() at once, which makes it certain who
  // could resume a coroutine. No more than a hint: nothing enforces it.
  explicit context(unsigned most_threads) : core_(most_threads) {}
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  // The name, in reports, if any, must outlive the log's process.
  template <typename T>
  void spawn(task<T> t, const char* name = nullptr) {
    Spawn(std::move(t), name, false);
  }
  template <typename T>
  void spawn_background(task<T> t, const char* name = nullptr) {
    Spawn(std::move(t), name, true);
  }

 private:
  template <typename T>
  void Spawn(task<T> t, const char* name, bool in_background) {
    auto chain = std::make_unique<internal::Spawned<T>>(core_, std::move(t));
    chain->record.name = name;
    chain->is_background = in_background;
    internal::ForkCoroutine(chain->record);
    core_.Add(*chain.release());
  }

 public:
  LOCKCHECK_ALWAYS_INLINE size_t run() {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return core_.Run(slot, LOCKCHECK_CALLER());
  }

  class work {
   public:
    explicit work(context& c) : core_(c.core_) { core_.BeginWork(); }
    ~work() { core_.EndWork(); }
    work(const work&) = delete;
    work& operator=(const work&) = delete;

   private:
    internal::RunCore& core_;
  };

 private:
  template <typename T>
  friend class task_group;

  internal::RunCore core_;
};

LOCKCHECK_ALWAYS_INLINE internal::YieldAwaiter yield() noexcept {
  internal::SiteSlot* slot;
  LOCKCHECK_SITE_SLOT(slot);
  return {slot};
}

template <typename Rep, typename Period>
LOCKCHECK_ALWAYS_INLINE internal::SleepRequest sleep_for(
    const std::chrono::duration<Rep, Period>& duration) {
  internal::SiteSlot* slot;
  LOCKCHECK_SITE_SLOT(slot);
  return {internal::TimeAfter(duration), slot};
}
template <typename Clock, typename Duration>
LOCKCHECK_ALWAYS_INLINE internal::SleepRequest sleep_until(
    const std::chrono::time_point<Clock, Duration>& time) {
  internal::SiteSlot* slot;
  LOCKCHECK_SITE_SLOT(slot);
  return {internal::SteadyTime(time), slot};
}

}  // namespace coroutine
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_COROUTINE_CONTEXT_H_
