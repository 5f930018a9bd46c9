// LOCKCHECK_DISABLED: the plain twins of queue.h, as one would write them with
// std::mutex. Who has waited longest need not have its turn first.
#ifndef LOCKCHECK_INTERNAL_QUEUE_DISABLED_H_
#define LOCKCHECK_INTERNAL_QUEUE_DISABLED_H_

#include <chrono>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/queue_closed.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI {
class thread_pool;
}

namespace lockcheck::inline LOCKCHECK_ABI::internal {

template <typename Exception, typename... Args>
[[noreturn]] void ThrowOrAbort([[maybe_unused]] Args... args) {
#if defined(__cpp_exceptions)
  throw Exception(args...);
#else
  std::abort();
#endif
}

template <typename T, typename Order>
class BasicQueue {
 public:
  using value_type = T;

  explicit BasicQueue(size_t maxsize = 0, const char* = nullptr,
                      source_location = {})
      : maxsize_(maxsize) {}
  BasicQueue(size_t maxsize, source_location) : maxsize_(maxsize) {}
  template <std::convertible_to<const char*> Name>
  explicit BasicQueue(Name, source_location = {}) : BasicQueue(0) {}
  BasicQueue(const BasicQueue&) = delete;
  BasicQueue& operator=(const BasicQueue&) = delete;

  void put(T&& item) { Put(ForEver(), std::move(item)); }
  void put(const T& item) { Put(ForEver(), item); }
  bool put_nowait(T&& item) { return Put(NotAtAll(), std::move(item)); }
  bool put_nowait(const T& item) { return Put(NotAtAll(), item); }
  template <typename Rep, typename Period>
  bool put_for(T&& item, const std::chrono::duration<Rep, Period>& duration) {
    return Put(For(duration), std::move(item));
  }
  template <typename Rep, typename Period>
  bool put_for(const T& item,
               const std::chrono::duration<Rep, Period>& duration) {
    return Put(For(duration), item);
  }
  template <typename Clock, typename Duration>
  bool put_until(T&& item,
                 const std::chrono::time_point<Clock, Duration>& time) {
    return Put(UntilTime(time), std::move(item));
  }
  template <typename Clock, typename Duration>
  bool put_until(const T& item,
                 const std::chrono::time_point<Clock, Duration>& time) {
    return Put(UntilTime(time), item);
  }

  T get() {
    Section section(mutex_, room_);
    AwaitItem(section, ForEver());
    return TakeNext<T>(section);
  }
  std::optional<T> get_nowait() { return Get(NotAtAll()); }
  template <typename Rep, typename Period>
  std::optional<T> get_for(const std::chrono::duration<Rep, Period>& duration) {
    return Get(For(duration));
  }
  template <typename Clock, typename Duration>
  std::optional<T> get_until(
      const std::chrono::time_point<Clock, Duration>& time) {
    return Get(UntilTime(time));
  }

  void task_done() {
    const std::lock_guard lock(mutex_);
    if (unfinished_ == 0) {
      ThrowOrAbort<std::logic_error>(
          "lockcheck: task_done() more often than put()");
    }
    if (--unfinished_ != 0) return;
    ++ends_;
    done_.notify_all();
  }
  void join() noexcept { Join(ForEver()); }
  template <typename Rep, typename Period>
  bool join_for(const std::chrono::duration<Rep, Period>& duration) {
    return Join(For(duration));
  }
  template <typename Clock, typename Duration>
  bool join_until(const std::chrono::time_point<Clock, Duration>& time) {
    return Join(UntilTime(time));
  }
  void close() noexcept {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    items_.notify_all();
    room_.notify_all();
  }

  size_t size() const {
    const std::lock_guard lock(mutex_);
    return size_;
  }
  bool empty() const { return size() == 0; }
  bool full() const { return maxsize() != 0 && size() >= maxsize(); }
  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  size_t maxsize() const noexcept { return maxsize_; }

 private:
  friend class ::lockcheck::thread_pool;

  // Empty: it is closed, and nothing is left.
  std::optional<T> NextOrEnd() {
    Section section(mutex_, items_);
    items_.wait(section.lock, [this] { return closed_ || size_ != 0; });
    if (size_ == 0) return std::nullopt;
    return TakeNext<std::optional<T>>(section, std::in_place);
  }

  // Behind it another is notified: of what was done, or, if a move threw, of
  // what could not be used.
  struct Section {
    Section(std::mutex& mutex, std::condition_variable& if_unused)
        : lock(mutex), changed(&if_unused) {}
    ~Section() {
      lock.unlock();
      changed->notify_one();
    }
    std::unique_lock<std::mutex> lock;
    std::condition_variable* changed;
  };

  // How long to wait for what.
  static auto ForEver() {
    return [](auto& condition, auto& lock, auto is_so) {
      condition.wait(lock, is_so);
      return true;
    };
  }
  static auto NotAtAll() {
    return [](auto&, auto&, auto is_so) { return is_so(); };
  }
  template <typename Rep, typename Period>
  static auto For(const std::chrono::duration<Rep, Period>& duration) {
    return [duration](auto& condition, auto& lock, auto is_so) {
      return condition.wait_for(lock, duration, is_so);
    };
  }
  template <typename Clock, typename Duration>
  static auto UntilTime(const std::chrono::time_point<Clock, Duration>& time) {
    return [time](auto& condition, auto& lock, auto is_so) {
      return condition.wait_until(lock, time, is_so);
    };
  }

  // New items after the end do not matter.
  template <typename Wait>
  bool Join(Wait wait) {
    std::unique_lock lock(mutex_);
    return wait(done_, lock, [this, before = ends_] {
      return unfinished_ == 0 || ends_ != before;
    });
  }
  template <typename Wait, typename U>
  bool Put(Wait wait, U&& item) {
    Section section(mutex_, room_);
    const auto has_room = [this] {
      return closed_ || maxsize_ == 0 || size_ < maxsize_;
    };
    if (!wait(room_, section.lock, has_room)) return false;
    if (closed_) ThrowOrAbort<queue_closed>();
    order_.Add(std::forward<U>(item));
    ++size_;
    ++unfinished_;
    section.changed = &items_;
    return true;
  }
  template <typename Wait>
  bool AwaitItem(Section& section, Wait wait) {
    section.changed = &items_;
    const auto has_item = [this] { return closed_ || size_ != 0; };
    if (!wait(items_, section.lock, has_item)) return false;
    if (size_ == 0) ThrowOrAbort<queue_closed>();
    return true;
  }
  template <typename Result, typename... Tag>
  Result TakeNext(Section& section, Tag... tag) {
    Result item(tag..., std::move(order_.Next()));
    order_.RemoveNext();
    --size_;
    section.changed = &room_;
    return item;
  }
  template <typename Wait>
  std::optional<T> Get(Wait wait) {
    Section section(mutex_, items_);
    if (!AwaitItem(section, wait)) return std::nullopt;
    return TakeNext<std::optional<T>>(section, std::in_place);
  }

  const size_t maxsize_;
  mutable std::mutex mutex_;  // of all that follows
  std::condition_variable items_, room_, done_;
  Order order_;
  size_t size_ = 0;
  size_t unfinished_ = 0;
  uint64_t ends_ = 0;  // times that nothing was unfinished any more
  bool closed_ = false;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_QUEUE_DISABLED_H_
