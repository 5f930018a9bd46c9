// thread and jthread: std's, with their start, end and join in the log, so that
// what happened before a start or after a join is known to be ordered, and a
// join while holding a lock that the thread needs is found.
//
// Interface, blocking behaviour and exceptions are std's. A thread started any
// other way (std::thread, std::async, a library) is recorded too, from its
// first lock on; nothing is then known about its start and end.
#ifndef LOCKCHECK_THREAD_H_
#define LOCKCHECK_THREAD_H_

#include <functional>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <utility>

#include "lockcheck/internal/abi.h"

#if !defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/thread_hooks.h"
#endif

namespace lockcheck::inline LOCKCHECK_ABI {

#if defined(LOCKCHECK_DISABLED)

using std::jthread;
using std::thread;
namespace this_thread {
using namespace std::this_thread;
inline void set_name(const char*) noexcept {}
}  // namespace this_thread

#else

namespace this_thread {
using namespace std::this_thread;
// Names the calling thread in reports; at most 255 bytes are kept.
inline void set_name(const char* name) noexcept { internal::NameThread(name); }
}  // namespace this_thread

namespace internal {
struct JoinAccess;
}

class thread {
 public:
  using id = std::thread::id;
  using native_handle_type = std::thread::native_handle_type;

  thread() noexcept = default;
  template <typename F, typename... Args>
  requires(!std::is_same_v<std::remove_cvref_t<F>, thread>) explicit thread(
      F&& f, Args&&... args)
      : actor_(internal::ForkThread()),
        thread_(
            [actor = actor_, parent = internal::SelfActor()](
                std::decay_t<F>&& call, std::decay_t<Args>&&... values) {
              internal::BeginThread(actor, parent);
              std::invoke(std::move(call), std::move(values)...);
            },
            std::forward<F>(f), std::forward<Args>(args)...) {}
  thread(thread&& other) noexcept
      : actor_(std::exchange(other.actor_, 0)),
        thread_(std::move(other.thread_)) {}
  thread& operator=(thread&& other) noexcept {
    thread_ = std::move(other.thread_);  // terminates if joinable, as std's
    actor_ = std::exchange(other.actor_, 0);
    return *this;
  }
  thread(const thread&) = delete;
  thread& operator=(const thread&) = delete;

  void swap(thread& other) noexcept {
    thread_.swap(other.thread_);
    std::swap(actor_, other.actor_);
  }
  bool joinable() const noexcept { return thread_.joinable(); }

  // Blocks until the thread has ended. Throws std::system_error as std's does.
  LOCKCHECK_ALWAYS_INLINE void join() {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    JoinAt(slot, LOCKCHECK_CALLER());
  }
  void detach() {
    thread_.detach();
    actor_ = 0;
  }
  id get_id() const noexcept { return thread_.get_id(); }
  native_handle_type native_handle() { return thread_.native_handle(); }
  static unsigned hardware_concurrency() noexcept {
    return std::thread::hardware_concurrency();
  }

 private:
  friend class jthread;
  friend struct internal::JoinAccess;
  void JoinAt(internal::SiteSlot* slot, internal::Caller caller) {
    // Also by an exception; a catch would not compile with -fno-exceptions.
    struct End {
      const uint32_t actor;
      internal::Joined joined = internal::Joined::kFailed;
      ~End() {
        if (actor != 0) internal::JoinEnd(actor, joined);
      }
    } end{thread_.joinable() ? actor_ : 0};
    if (end.actor != 0) {
      internal::JoinBlock(end.actor, internal::How::kBlocking, slot, caller);
    }
    thread_.join();
    end.joined = internal::Joined::kYes;
    actor_ = 0;
  }

  uint32_t actor_ = 0;
  std::thread thread_;
};

inline void swap(thread& a, thread& b) noexcept { a.swap(b); }

namespace internal {
// A join at a place of the caller's.
struct JoinAccess {
  static void JoinAt(thread& joined, SiteSlot* slot, Caller caller) {
    joined.JoinAt(slot, caller);
  }
};
}  // namespace internal

class jthread {
 public:
  using id = thread::id;
  using native_handle_type = thread::native_handle_type;

  jthread() noexcept : stop_(std::nostopstate) {}
  template <typename F, typename... Args>
  requires(!std::is_same_v<std::remove_cvref_t<F>, jthread>) explicit jthread(
      F&& f, Args&&... args)
      : thread_(Start(stop_, std::forward<F>(f), std::forward<Args>(args)...)) {
  }
  jthread(jthread&&) noexcept = default;
  LOCKCHECK_ALWAYS_INLINE jthread& operator=(jthread&& other) noexcept {
    if (this == &other) return *this;
    if (joinable()) {
      request_stop();
      join();
    }
    thread_ = std::move(other.thread_);
    stop_ = std::exchange(other.stop_, std::stop_source(std::nostopstate));
    return *this;
  }
  jthread(const jthread&) = delete;
  jthread& operator=(const jthread&) = delete;
  LOCKCHECK_ALWAYS_INLINE ~jthread() {
    if (joinable()) {
      request_stop();
      join();
    }
  }

  void swap(jthread& other) noexcept {
    thread_.swap(other.thread_);
    std::swap(stop_, other.stop_);
  }
  bool joinable() const noexcept { return thread_.joinable(); }
  LOCKCHECK_ALWAYS_INLINE void join() {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    thread_.JoinAt(slot, LOCKCHECK_CALLER());
  }
  void detach() { thread_.detach(); }
  id get_id() const noexcept { return thread_.get_id(); }
  native_handle_type native_handle() { return thread_.native_handle(); }
  std::stop_source get_stop_source() noexcept { return stop_; }
  std::stop_token get_stop_token() const noexcept { return stop_.get_token(); }
  bool request_stop() noexcept { return stop_.request_stop(); }
  static unsigned hardware_concurrency() noexcept {
    return thread::hardware_concurrency();
  }

 private:
  template <typename F, typename... Args>
  static thread Start(std::stop_source& stop, F&& f, Args&&... args) {
    if constexpr (std::is_invocable_v<std::decay_t<F>, std::stop_token,
                                      std::decay_t<Args>...>) {
      return thread(std::forward<F>(f), stop.get_token(),
                    std::forward<Args>(args)...);
    } else {
      static_assert(std::is_invocable_v<std::decay_t<F>, std::decay_t<Args>...>,
                    "jthread: not callable with these arguments as rvalues");
      return thread(std::forward<F>(f), std::forward<Args>(args)...);
    }
  }

  std::stop_source stop_;
  thread thread_;
};

inline void swap(jthread& a, jthread& b) noexcept { a.swap(b); }

#endif  // !LOCKCHECK_DISABLED

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_THREAD_H_
