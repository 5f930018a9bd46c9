// thread_pool: threads that run tasks; Python's multiprocessing.pool.ThreadPool
// in std's spelling.
//
//   * submit(f, args...) gives a future of f(args...), both copied or moved
//     into the task, as std::async does; what f throws, get() throws;
//   * map(f, range) runs f for each item, and gives the answers in the items'
//     order; map_unordered(f, range) in the order in which they come. Both
//     block, and throw what the first task throws whose turn it is; the others
//     go on;
//   * close(): no more tasks. May be called again. Those submitted are run;
//   * join() blocks until all tasks and workers have ended; after close();
//     join_for() and join_until() give false when the time is over, and the
//     pool is as before;
//   * terminate() closes, and drops the tasks that have not begun: their
//     futures throw std::future_error (broken_promise). Those that run go on.
// The destructor closes and joins.
//
// A pool of `size` threads, 0, the default: as many as processors that this
// process may use. Tasks begin in the order in which they were submitted. What
// happened before submit() happened before the task; the task, before the
// return of a wait for its future. A future is a lockcheck::future, and unlike
// that of async() it does not wait when it is destroyed.
//
// Throws std::logic_error: submit() and the maps after close(), a join before
// it, and one in a task of the pool itself, which would wait for its own
// end. All three are reported as misuse. A task that waits for one submitted
// later may wait for ever, if all workers do; that is reported as a deadlock
// when nothing else in the process could end it.
//
// The name, if any, must outlive the pool and its futures; the workers have it,
// too. In the log a pool is a queue of tasks, where workers that have nothing
// to do wait; the workers' slots, where each task takes one and gives it back;
// and futures that somebody had to wait for. Each task is an actor of its own.
//
// Cost: submit() is two allocations, a put and some 300 bytes of log. Any
// thread may use it, also a task.
#ifndef LOCKCHECK_THREAD_POOL_H_
#define LOCKCHECK_THREAD_POOL_H_

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "lockcheck/future.h"
#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/deadline.h"
#include "lockcheck/internal/pool_maps.h"
#include "lockcheck/source_location.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/thread_pool_disabled.h"
#else
#include "lockcheck/internal/task_answer.h"
#include "lockcheck/internal/task_state.h"
#include "lockcheck/internal/thread_pool.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

// A call whose answer goes into the state of a future.
template <typename R, typename... Parts>
class Job final : public PoolJob {
 public:
  template <typename... Ts>
  explicit Job(StatePtr<TaskAnswer<R>> answer, Ts&&... parts)
      : answer_(std::move(answer)),
        call_(std::in_place, std::forward<Ts>(parts)...) {}

  void Run(SiteSlot* slot, Caller caller) noexcept override {
    AnnounceAcquired(this);
    RunAndKeep<R>(*answer_, [this]() -> R {
      return std::apply(
          [](auto&... parts) -> R { return std::invoke(std::move(parts)...); },
          *call_);
    });
    // What the task has in it ends with it, and not with whoever looks last.
    call_.reset();
    answer_->Publish(slot, caller);
  }
  void Drop(SiteSlot* slot, Caller caller) noexcept override {
    AnnounceAcquired(this);
    call_.reset();
    answer_->Drop(slot, caller);
  }

 private:
  const StatePtr<TaskAnswer<R>> answer_;
  std::optional<std::tuple<Parts...>> call_;
};

}  // namespace internal

class thread_pool {
  using SiteSlot = internal::SiteSlot;
  using Caller = internal::Caller;

 public:
  template <typename R>
  using future = lockcheck::future<R>;

  explicit thread_pool(size_t size = 0, const char* name = nullptr,
                       source_location where = source_location::current())
      : pool_(size, name, where) {}
  thread_pool(size_t size, source_location where)
      : thread_pool(size, nullptr, where) {}
  // Of the default size. A template, so that 0 is no name.
  template <std::convertible_to<const char*> Name>
  explicit thread_pool(Name name,
                       source_location where = source_location::current())
      : thread_pool(0, name, where) {}
  LOCKCHECK_ALWAYS_INLINE ~thread_pool() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    pool_.Close(slot, caller);
    pool_.Join(slot, caller);
  }
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;

 private:
  // Here because their types are deduced.
  template <typename F, typename... Args>
  auto SubmitAt(SiteSlot* slot, Caller caller, F&& f, Args&&... args) {
    using R = std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>;
    using Job = internal::Job<R, std::decay_t<F>, std::decay_t<Args>...>;
    auto answer = internal::MakeState<internal::TaskAnswer<R>>(pool_.name(),
                                                               pool_.where());
    auto job = std::make_unique<Job>(answer, std::forward<F>(f),
                                     std::forward<Args>(args)...);
    job->start.task = internal::ForkTask();
    answer->SetTask(job->start.task);
    internal::AnnounceRelease(static_cast<internal::PoolJob*>(job.get()));
    pool_.Submit(std::move(job), slot, caller);
    return internal::FutureAccess::FutureOf<R>(std::move(answer));
  }
  auto Submitter(SiteSlot* slot, Caller caller) {
    return [this, slot, caller](auto&& f, auto&& item) {
      return SubmitAt(slot, caller, std::forward<decltype(f)>(f),
                      std::forward<decltype(item)>(item));
    };
  }

 public:
  template <typename F, typename... Args>
  LOCKCHECK_ALWAYS_INLINE auto submit(F&& f, Args&&... args) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return SubmitAt(slot, LOCKCHECK_CALLER(), std::forward<F>(f),
                    std::forward<Args>(args)...);
  }
  template <typename F, typename Range>
  LOCKCHECK_ALWAYS_INLINE auto map(F&& f, Range&& range) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return internal::MapInOrder<std::decay_t<F>>(
        f, std::forward<Range>(range), Submitter(slot, LOCKCHECK_CALLER()));
  }
  template <typename F, typename Range>
  LOCKCHECK_ALWAYS_INLINE auto map_unordered(F&& f, Range&& range) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return internal::MapAsTheyEnd<std::decay_t<F>>(
        f, std::forward<Range>(range), pool_.name(),
        Submitter(slot, LOCKCHECK_CALLER()));
  }
  LOCKCHECK_ALWAYS_INLINE void close() noexcept {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    pool_.Close(slot, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE void join() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    pool_.Join(slot, LOCKCHECK_CALLER());
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool join_for(
      const std::chrono::duration<Rep, Period>& duration) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return pool_.JoinBefore(internal::DeadlineAfter(duration), slot,
                            LOCKCHECK_CALLER());
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool join_until(
      const std::chrono::time_point<Clock, Duration>& time) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    return internal::Until(time, [&](const internal::Deadline& deadline) {
      return pool_.JoinBefore(deadline, slot, caller);
    });
  }
  LOCKCHECK_ALWAYS_INLINE void terminate() noexcept {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    pool_.Terminate(slot, LOCKCHECK_CALLER());
  }
  size_t size() const noexcept { return pool_.size(); }

 private:
  internal::Pool pool_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // !LOCKCHECK_DISABLED
#endif  // LOCKCHECK_THREAD_POOL_H_
