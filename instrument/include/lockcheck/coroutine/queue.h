// coroutine::queue, lifo_queue, priority_queue: items handed from coroutines to
// coroutines; Python's asyncio.Queue, LifoQueue and PriorityQueue in std's
// spelling, and lockcheck::queue and its like for coroutines.
//
//   queue<T>                    gives the oldest item first
//   lifo_queue<T>               the newest
//   priority_queue<T, Compare>  the greatest by Compare (std::less<T>), as
//                               std::priority_queue; of equals the oldest
//
// `maxsize` is the number of items it has room for; 0, the default: no bound.
//   * co_await put(item) suspends the coroutine while it is full, co_await
//   get()
//     while it is empty;
//   * the forms that end in _for and _until do so until the time is over: they
//     give false, and leave the item where it was, or an empty optional. So do
//     put_nowait() and get_nowait(), at once, which are not awaited;
//   * task_done() says that an item that was got is dealt with; co_await join()
//     suspends until that was said once for every item that was put; join_for()
//     and join_until() give false when the time is over;
//   * close() is for ever, and may be called again. From then on putting
//     throws queue_closed, also for those who wait in put(); getting gives what
//     is left, and throws queue_closed when nothing is.
// Who has waited longest in put() or get() has its turn first, and goes on when
// its context has a turn for it. A coroutine that is destroyed while it waits
// does not wait any more; an item or room that was meant for it is another's.
// What happens before what is as of lockcheck::queue.
//
// What is put is awaited in the same expression: a request refers to its item.
// T need not be copyable. Its moves and comparisons are run inside, and must
// not use the queue; if one throws, the item stays where it was, as whole as T
// leaves it, and the queue goes on. Other exceptions: std::logic_error by a
// task_done() too many, std::bad_alloc.
//
// What is awaited is for coroutines of a context; the rest may be called by any
// thread: one that is not in run() has a context::work meanwhile.
// The name, if any, must outlive the queue. In the log it is up to four
// objects, and its misuse is reported, as of lockcheck::queue. Cost: as
// lockcheck::queue; a wait needs no memory.
#ifndef LOCKCHECK_COROUTINE_QUEUE_H_
#define LOCKCHECK_COROUTINE_QUEUE_H_

#include <chrono>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <functional>
#include <mutex>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "lockcheck/coroutine/context.h"
#include "lockcheck/internal/coroutine_signal_wait.h"
#include "lockcheck/internal/queue_closed.h"
#include "lockcheck/internal/queue_order.h"
#include "lockcheck/source_location.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/coroutine_queue_disabled.h"
#else
#include "lockcheck/internal/coroutine_queue.h"
#endif

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

// Where it is asked for what, and for how long.
struct QueueAsked {
  SiteSlot* slot;
  Caller caller;
  How how;
  SignalWait::Time time;
};

// A request for what kKind says. If that is there, the queue stays locked from
// await_ready() to the end of await_resume(): nothing is in between.
template <WaitKind kKind>
class QueueAwaiter {
 public:
  QueueAwaiter(CoroutineQueueState& queue, const QueueAsked& asked)
      : queue_(queue), asked_(asked) {}
  ~QueueAwaiter() {
    if (is_waiting_) Abandon();
  }
  QueueAwaiter(const QueueAwaiter&) = delete;
  QueueAwaiter& operator=(const QueueAwaiter&) = delete;

  bool await_ready() {
    section_.emplace(queue_, asked_.slot, asked_.caller);
    return section_->template Finds<kKind>(asked_.how);
  }
  void await_suspend(std::coroutine_handle<> handle) {
    SignalWait& wait = *new (&wait_) SignalWait(WaitersOf<kKind>(queue_));
    section_->template Enter<kKind>(wait.waiter);
    is_waiting_ = true;
    // From here on another one may wake it.
    section_.reset();
    BeginQueueWait(wait.waiter, asked_.how);
    wait.Suspend(handle, kKind, asked_.how, asked_.time);
  }

 protected:
  // Whether it is there, and the caller's; then the queue is locked.
  bool Find() {
    if (!is_waiting_) return true;
    is_waiting_ = false;
    const bool was_woken = wait_.End();
    EndQueueWait(wait_.waiter, was_woken ? CoroutineOutcome::kSignalled
                                         : CoroutineOutcome::kTimedOut);
    section_.emplace(queue_, asked_.slot, asked_.caller);
    return section_->template FindsAfterWait<kKind>(asked_.how, was_woken);
  }
  CoroutineQueueSection& section() { return *section_; }
  How how() const { return asked_.how; }
  void Unlock() { section_.reset(); }

 private:
  // The coroutine is destroyed while it waits.
  void Abandon() {
    const bool was_woken = wait_.Abandon();
    EndQueueWait(wait_.waiter, CoroutineOutcome::kInterrupted);
    if (!was_woken) return;
    CoroutineQueueSection section(queue_, asked_.slot, asked_.caller);
    section.template PassOnFound<kKind>();
  }

  CoroutineQueueState& queue_;
  const QueueAsked asked_;
  bool is_waiting_ = false;
  std::optional<CoroutineQueueSection> section_;
  union {
    SignalWait wait_;  // is there while it waits
  };
};

template <typename Result>
class QueueJoinAwaiter : public QueueAwaiter<WaitKind::kQueueDone> {
 public:
  using QueueAwaiter::QueueAwaiter;
  Result await_resume() {
    const bool is_over = this->Find();
    this->Unlock();
    return static_cast<Result>(is_over);
  }
};

// The types' common part. Order is one of queue_order.h's.
template <typename T, typename Order>
class CoroutineQueue {
  using Time = SignalWait::Time;

  // U is T&& or const T&; Result void, or bool with a time limit.
  template <typename Result, typename U>
  class PutAwaiter : public QueueAwaiter<WaitKind::kQueueSlots> {
   public:
    PutAwaiter(CoroutineQueue& queue, const QueueAsked& asked, U item)
        : QueueAwaiter(queue.state_, asked),
          order_(queue.order_),
          item_(std::forward<U>(item)) {}
    Result await_resume() {
      const bool has_room = this->Find();
      if (has_room) {
        order_.Add(std::forward<U>(item_));
        this->section().IsAdded(this->how());
      }
      this->Unlock();
      return static_cast<Result>(has_room);
    }

   private:
    Order& order_;
    U item_;
  };
  // Result is T, or an optional one with a time limit.
  template <typename Result>
  class GetAwaiter : public QueueAwaiter<WaitKind::kQueue> {
   public:
    GetAwaiter(CoroutineQueue& queue, const QueueAsked& asked)
        : QueueAwaiter(queue.state_, asked), order_(queue.order_) {}
    // Made in place of what is returned: once it is out of the queue nothing
    // can throw any more.
    Result await_resume() {
      if constexpr (std::is_same_v<Result, T>) {
        this->Find();
        Result item(std::move(order_.Next()));
        Remove();
        return item;
      } else {
        Result item;
        if (this->Find()) {
          item.emplace(std::move(order_.Next()));
          Remove();
        }
        this->Unlock();
        return item;
      }
    }

   private:
    void Remove() {
      order_.RemoveNext();
      this->section().IsTaken(this->how());
      this->Unlock();
    }
    Order& order_;
  };

  template <typename Result, typename U>
  struct [[nodiscard]] PutRequest {
    PutAwaiter<Result, U> operator co_await() const {
      return PutAwaiter<Result, U>(*queue, asked, static_cast<U>(*item));
    }
    CoroutineQueue* queue;
    std::remove_reference_t<U>* item;
    QueueAsked asked;
  };
  template <typename Result>
  struct [[nodiscard]] GetRequest {
    GetAwaiter<Result> operator co_await() const {
      return GetAwaiter<Result>(*queue, asked);
    }
    CoroutineQueue* queue;
    QueueAsked asked;
  };
  template <typename Result>
  struct [[nodiscard]] JoinRequest {
    QueueJoinAwaiter<Result> operator co_await() const {
      return QueueJoinAwaiter<Result>(*state, asked);
    }
    CoroutineQueueState* state;
    QueueAsked asked;
  };

 public:
  using value_type = T;

  explicit CoroutineQueue(size_t maxsize = 0, const char* name = nullptr,
                          source_location where = source_location::current())
      : state_(maxsize, name, where) {}
  CoroutineQueue(size_t maxsize, source_location where)
      : CoroutineQueue(maxsize, nullptr, where) {}
  // Of an unbounded one. A template, so that 0 is no name.
  template <std::convertible_to<const char*> Name>
  explicit CoroutineQueue(Name name,
                          source_location where = source_location::current())
      : CoroutineQueue(0, name, where) {}
  CoroutineQueue(const CoroutineQueue&) = delete;
  CoroutineQueue& operator=(const CoroutineQueue&) = delete;

#define LOCKCHECK_QUEUE_ASKED(how, time) \
  SiteSlot* slot;                        \
  LOCKCHECK_SITE_SLOT(slot);             \
  const QueueAsked asked { slot, LOCKCHECK_CALLER(), how, time }

  LOCKCHECK_ALWAYS_INLINE PutRequest<void, T&&> put(T&& item) {
    LOCKCHECK_QUEUE_ASKED(How::kBlocking, {});
    return {this, &item, asked};
  }
  LOCKCHECK_ALWAYS_INLINE PutRequest<void, const T&> put(const T& item) {
    LOCKCHECK_QUEUE_ASKED(How::kBlocking, {});
    return {this, &item, asked};
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE PutRequest<bool, T&&> put_for(
      T&& item, const std::chrono::duration<Rep, Period>& duration) {
    LOCKCHECK_QUEUE_ASKED(How::kTimed, TimeAfter(duration));
    return {this, &item, asked};
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE PutRequest<bool, const T&> put_for(
      const T& item, const std::chrono::duration<Rep, Period>& duration) {
    LOCKCHECK_QUEUE_ASKED(How::kTimed, TimeAfter(duration));
    return {this, &item, asked};
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE PutRequest<bool, T&&> put_until(
      T&& item, const std::chrono::time_point<Clock, Duration>& time) {
    LOCKCHECK_QUEUE_ASKED(How::kTimed, SteadyTime(time));
    return {this, &item, asked};
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE PutRequest<bool, const T&> put_until(
      const T& item, const std::chrono::time_point<Clock, Duration>& time) {
    LOCKCHECK_QUEUE_ASKED(How::kTimed, SteadyTime(time));
    return {this, &item, asked};
  }
  LOCKCHECK_ALWAYS_INLINE bool put_nowait(T&& item) {
    LOCKCHECK_QUEUE_ASKED(How::kTry, {});
    return PutNow(asked, std::move(item));
  }
  LOCKCHECK_ALWAYS_INLINE bool put_nowait(const T& item) {
    LOCKCHECK_QUEUE_ASKED(How::kTry, {});
    return PutNow(asked, item);
  }

  LOCKCHECK_ALWAYS_INLINE GetRequest<T> get() {
    LOCKCHECK_QUEUE_ASKED(How::kBlocking, {});
    return {this, asked};
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE GetRequest<std::optional<T>> get_for(
      const std::chrono::duration<Rep, Period>& duration) {
    LOCKCHECK_QUEUE_ASKED(How::kTimed, TimeAfter(duration));
    return {this, asked};
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE GetRequest<std::optional<T>> get_until(
      const std::chrono::time_point<Clock, Duration>& time) {
    LOCKCHECK_QUEUE_ASKED(How::kTimed, SteadyTime(time));
    return {this, asked};
  }
  LOCKCHECK_ALWAYS_INLINE std::optional<T> get_nowait() {
    LOCKCHECK_QUEUE_ASKED(How::kTry, {});
    return GetNow(asked);
  }

  LOCKCHECK_ALWAYS_INLINE JoinRequest<void> join() {
    LOCKCHECK_QUEUE_ASKED(How::kBlocking, {});
    return {&state_, asked};
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE JoinRequest<bool> join_for(
      const std::chrono::duration<Rep, Period>& duration) {
    LOCKCHECK_QUEUE_ASKED(How::kTimed, TimeAfter(duration));
    return {&state_, asked};
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE JoinRequest<bool> join_until(
      const std::chrono::time_point<Clock, Duration>& time) {
    LOCKCHECK_QUEUE_ASKED(How::kTimed, SteadyTime(time));
    return {&state_, asked};
  }
#undef LOCKCHECK_QUEUE_ASKED

  LOCKCHECK_ALWAYS_INLINE void task_done() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    FinishTask(state_, slot, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE void close() noexcept {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    Close(state_, slot, LOCKCHECK_CALLER());
  }

  // What is so when it is said; others may change it at once.
  size_t size() const {
    const std::lock_guard lock(state_.lock);
    return state_.size;
  }
  bool empty() const { return size() == 0; }
  bool full() const { return maxsize() != 0 && size() >= maxsize(); }
  bool closed() const {
    const std::lock_guard lock(state_.lock);
    return state_.closed;
  }
  size_t maxsize() const noexcept { return state_.maxsize; }

 private:
  template <typename U>
  bool PutNow(const QueueAsked& asked, U&& item) {
    CoroutineQueueSection section(state_, asked.slot, asked.caller);
    if (!section.Finds<WaitKind::kQueueSlots>(asked.how)) return false;
    order_.Add(std::forward<U>(item));
    section.IsAdded(asked.how);
    return true;
  }
  std::optional<T> GetNow(const QueueAsked& asked) {
    CoroutineQueueSection section(state_, asked.slot, asked.caller);
    std::optional<T> item;
    if (section.Finds<WaitKind::kQueue>(asked.how)) {
      item.emplace(std::move(order_.Next()));
      order_.RemoveNext();
      section.IsTaken(asked.how);
    }
    return item;
  }

  Order order_;
  mutable CoroutineQueueState state_;
};

}  // namespace internal

namespace coroutine {

template <typename T>
using queue = internal::CoroutineQueue<T, internal::OldestFirst<T>>;
template <typename T>
using lifo_queue = internal::CoroutineQueue<T, internal::NewestFirst<T>>;
template <typename T, typename Compare = std::less<T>>
using priority_queue =
    internal::CoroutineQueue<T, internal::GreatestFirst<T, Compare>>;

}  // namespace coroutine
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_COROUTINE_QUEUE_H_
