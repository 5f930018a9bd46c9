// queue, lifo_queue, priority_queue: items handed from threads to threads;
// Python's queue.Queue, LifoQueue and PriorityQueue in std's spelling.
//
//   queue<T>                    gives the oldest item first
//   lifo_queue<T>               the newest
//   priority_queue<T, Compare>  the greatest by Compare (std::less<T>), as
//                               std::priority_queue; of equals the oldest
//
// `maxsize` is the number of items it has room for; 0, the default: no bound.
//   * put() blocks while it is full, get() while it is empty;
//   * put_nowait() and get_nowait() do not block; the forms that end in _for
//     and _until block until the time is over. They give false, and leave the
//     item where it was, or an empty optional;
//   * task_done() says that an item that was got is dealt with; join() blocks
//     until that was said once for every item that was put; join_for() and
//     join_until() give false when the time is over;
//   * close() is for ever, and may be called again. From then on putting
//     throws queue_closed, also for those who wait in put(); getting gives what
//     is left, and throws queue_closed when nothing is.
// Who has waited longest in put() or get() has its turn first. What happened
// before an item was put happened before it is got; what before a task_done(),
// before the return of a join() that waited for it; what before the first
// close(), before it is thrown or found in a get that the queue is closed.
//
// T need not be copyable. Its moves and comparisons are run inside, and must
// not use the queue; if one throws, the item stays where it was, as whole as T
// leaves it, and the queue goes on. Other exceptions: std::logic_error by a
// task_done() too many, std::bad_alloc.
//
// The name, if any, must outlive the queue. In the log a queue is up to four
// objects: "name", its items, which getters wait for; with a bound
// "name (room)", which putters wait for; "name (end)", for join(); and
// "name (close)", for who finds it closed.
// Misuse: task_done() more often than put(); putting after close();
// destruction while somebody waits.
//
// Cost: a put or a get is a call, and a few ns for its record;
// nothing more is shared than one short lock. Size: 376 bytes. Any
// thread may use it; signal handlers may not.
#ifndef LOCKCHECK_QUEUE_H_
#define LOCKCHECK_QUEUE_H_

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/queue_closed.h"
#include "lockcheck/internal/queue_order.h"
#include "lockcheck/source_location.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/queue_disabled.h"
#else
#include "lockcheck/internal/queue.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

// Order is one of queue_order.h's.
template <typename T, typename Order>
class BasicQueue {
 public:
  using value_type = T;

  explicit BasicQueue(size_t maxsize = 0, const char* name = nullptr,
                      source_location where = source_location::current())
      : state_(maxsize, name, where) {}
  BasicQueue(size_t maxsize, source_location where)
      : BasicQueue(maxsize, nullptr, where) {}
  // Of an unbounded one. A template, so that 0 is no name.
  template <std::convertible_to<const char*> Name>
  explicit BasicQueue(Name name,
                      source_location where = source_location::current())
      : BasicQueue(0, name, where) {}
  BasicQueue(const BasicQueue&) = delete;
  BasicQueue& operator=(const BasicQueue&) = delete;

  LOCKCHECK_ALWAYS_INLINE void put(T&& item) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    PutAt(slot, LOCKCHECK_CALLER(), How::kBlocking, nullptr, std::move(item));
  }
  LOCKCHECK_ALWAYS_INLINE void put(const T& item) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    PutAt(slot, LOCKCHECK_CALLER(), How::kBlocking, nullptr, item);
  }
  LOCKCHECK_ALWAYS_INLINE bool put_nowait(T&& item) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return PutAt(slot, LOCKCHECK_CALLER(), How::kTry, nullptr, std::move(item));
  }
  LOCKCHECK_ALWAYS_INLINE bool put_nowait(const T& item) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return PutAt(slot, LOCKCHECK_CALLER(), How::kTry, nullptr, item);
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool put_for(
      T&& item, const std::chrono::duration<Rep, Period>& duration) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return PutForAt(slot, LOCKCHECK_CALLER(), duration, std::move(item));
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool put_for(
      const T& item, const std::chrono::duration<Rep, Period>& duration) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return PutForAt(slot, LOCKCHECK_CALLER(), duration, item);
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool put_until(
      T&& item, const std::chrono::time_point<Clock, Duration>& time) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return PutUntilAt(slot, LOCKCHECK_CALLER(), time, std::move(item));
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool put_until(
      const T& item, const std::chrono::time_point<Clock, Duration>& time) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return PutUntilAt(slot, LOCKCHECK_CALLER(), time, item);
  }

  LOCKCHECK_ALWAYS_INLINE T get() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return GetAt(slot, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE std::optional<T> get_nowait() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return TryGetAt(slot, LOCKCHECK_CALLER(), How::kTry, nullptr);
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE std::optional<T> get_for(
      const std::chrono::duration<Rep, Period>& duration) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Deadline deadline = DeadlineAfter(duration);
    return TryGetAt(slot, LOCKCHECK_CALLER(), How::kTimed, &deadline);
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE std::optional<T> get_until(
      const std::chrono::time_point<Clock, Duration>& time) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return GetUntilAt(slot, LOCKCHECK_CALLER(), time);
  }

  LOCKCHECK_ALWAYS_INLINE void task_done() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    AnnounceRelease(&state_.done);
    QueueTaskDone(state_, slot, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE void join() noexcept {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    JoinQueue(state_, {slot, LOCKCHECK_CALLER()});
    AnnounceAcquired(&state_.done);
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool join_for(
      const std::chrono::duration<Rep, Period>& duration) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Deadline deadline = DeadlineAfter(duration);
    return JoinBefore(slot, LOCKCHECK_CALLER(), &deadline);
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool join_until(
      const std::chrono::time_point<Clock, Duration>& time) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    return Until(time, [&](const Deadline& deadline) {
      return JoinBefore(slot, caller, &deadline);
    });
  }
  LOCKCHECK_ALWAYS_INLINE void close() noexcept {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    AnnounceRelease(&state_);
    CloseQueue(state_, slot, LOCKCHECK_CALLER());
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
  void Add(QueueSection& section, How how, U&& item) {
    order_.Add(std::forward<U>(item));
    section.IsAdded(how);
  }
  template <typename U>
  bool PutAt(SiteSlot* slot, Caller caller, How how, const Deadline* deadline,
             U&& item) {
    QueueSection section(state_, slot, caller);
    if (!section.HasRoom(how, deadline)) return false;
    Add(section, how, std::forward<U>(item));
    return true;
  }
  template <typename Rep, typename Period, typename U>
  bool PutForAt(SiteSlot* slot, Caller caller,
                const std::chrono::duration<Rep, Period>& duration, U&& item) {
    const Deadline deadline = DeadlineAfter(duration);
    return PutAt(slot, caller, How::kTimed, &deadline, std::forward<U>(item));
  }
  template <typename Clock, typename Duration, typename U>
  bool PutUntilAt(SiteSlot* slot, Caller caller,
                  const std::chrono::time_point<Clock, Duration>& time,
                  U&& item) {
    QueueSection section(state_, slot, caller);
    if (!Until(time, [&](const Deadline& deadline) {
          return section.HasRoom(How::kTimed, &deadline);
        })) {
      return false;
    }
    Add(section, How::kTimed, std::forward<U>(item));
    return true;
  }

  bool JoinBefore(SiteSlot* slot, Caller caller, const Deadline* deadline) {
    const bool joined = JoinQueue(state_, {slot, caller, true, deadline});
    if (joined) AnnounceAcquired(&state_.done);
    return joined;
  }

  // Made in place of what is returned: once it is out of the queue nothing can
  // throw any more.
  template <typename Result, typename... Tag>
  Result TakeNext(QueueSection& section, How how, Tag... tag) {
    Result item(tag..., std::move(order_.Next()));
    order_.RemoveNext();
    section.IsTaken(how);
    return item;
  }
  T GetAt(SiteSlot* slot, Caller caller) {
    QueueSection section(state_, slot, caller);
    section.HasItem(How::kBlocking, nullptr);
    return TakeNext<T>(section, How::kBlocking);
  }
  std::optional<T> TryGetAt(SiteSlot* slot, Caller caller, How how,
                            const Deadline* deadline) {
    QueueSection section(state_, slot, caller);
    if (!section.HasItem(how, deadline)) return std::nullopt;
    return TakeNext<std::optional<T>>(section, how, std::in_place);
  }
  template <typename Clock, typename Duration>
  std::optional<T> GetUntilAt(
      SiteSlot* slot, Caller caller,
      const std::chrono::time_point<Clock, Duration>& time) {
    QueueSection section(state_, slot, caller);
    if (!Until(time, [&](const Deadline& deadline) {
          return section.HasItem(How::kTimed, &deadline);
        })) {
      return std::nullopt;
    }
    return TakeNext<std::optional<T>>(section, How::kTimed, std::in_place);
  }

  Order order_;
  mutable QueueState state_;
};

}  // namespace internal
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // !LOCKCHECK_DISABLED

namespace lockcheck::inline LOCKCHECK_ABI {

template <typename T>
using queue = internal::BasicQueue<T, internal::OldestFirst<T>>;
template <typename T>
using lifo_queue = internal::BasicQueue<T, internal::NewestFirst<T>>;
template <typename T, typename Compare = std::less<T>>
using priority_queue =
    internal::BasicQueue<T, internal::GreatestFirst<T, Compare>>;

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_QUEUE_H_
