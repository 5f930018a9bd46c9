// LOCKCHECK_DISABLED: the plain twin of thread_pool.h, of std's parts.
#ifndef LOCKCHECK_INTERNAL_THREAD_POOL_DISABLED_H_
#define LOCKCHECK_INTERNAL_THREAD_POOL_DISABLED_H_

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/deadline.h"
#include "lockcheck/internal/plain_wait_disabled.h"
#include "lockcheck/internal/pool_maps.h"
#include "lockcheck/internal/pool_size.h"
#include "lockcheck/queue.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI {

class thread_pool {
 public:
  template <typename R>
  using future = std::future<R>;

  explicit thread_pool(size_t size = 0, const char* = nullptr,
                       source_location = {})
      : size_(size == 0 ? internal::UsableProcessors() : size) {
    // If one does not start, those that have are joined.
    struct Starting {
      thread_pool& pool;
      ~Starting() {
        if (pool.workers_.size() == pool.size_) return;
        pool.close();
        pool.join();
      }
    } starting{*this};
    workers_.reserve(size_);
    for (size_t i = 0; i < size_; ++i) {
      workers_.emplace_back([this] { Work(); });
    }
  }
  thread_pool(size_t size, source_location) : thread_pool(size) {}
  template <std::convertible_to<const char*> Name>
  explicit thread_pool(Name, source_location = {}) : thread_pool() {}
  ~thread_pool() {
    close();
    join();
  }
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;

  template <typename F, typename... Args>
  auto submit(F&& f, Args&&... args) {
    using Task = Call<std::decay_t<F>, std::decay_t<Args>...>;
    auto task =
        std::make_unique<Task>(std::forward<F>(f), std::forward<Args>(args)...);
    auto answer = task->promise.get_future();
    if (jobs_.closed()) {
      internal::ThrowOrAbort<std::logic_error>("the pool is closed");
    }
    jobs_.put(std::move(task));
    return answer;
  }

 private:
  // Here because its type is deduced.
  auto Submitter() {
    return [this](auto&& f, auto&& item) {
      return submit(std::forward<decltype(f)>(f),
                    std::forward<decltype(item)>(item));
    };
  }

 public:
  template <typename F, typename Range>
  auto map(F&& f, Range&& range) {
    return internal::MapInOrder<std::decay_t<F>>(f, std::forward<Range>(range),
                                                 Submitter());
  }
  template <typename F, typename Range>
  auto map_unordered(F&& f, Range&& range) {
    return internal::MapAsTheyEnd<std::decay_t<F>>(
        f, std::forward<Range>(range), nullptr, Submitter());
  }
  void close() noexcept { jobs_.close(); }
  void join() {
    MayJoin();
    JoinWorkers();
  }
  template <typename Rep, typename Period>
  bool join_for(const std::chrono::duration<Rep, Period>& duration) {
    return JoinBefore(internal::DeadlineAfter(duration));
  }
  template <typename Clock, typename Duration>
  bool join_until(const std::chrono::time_point<Clock, Duration>& time) {
    return internal::Until(time, [this](const internal::Deadline& deadline) {
      return JoinBefore(deadline);
    });
  }
  void terminate() noexcept {
    close();
    while (jobs_.NextOrEnd()) {
    }
  }
  size_t size() const noexcept { return size_; }

 private:
  void MayJoin() const {
    if (OwnPool() == this) {
      internal::ThrowOrAbort<std::logic_error>("a task joins its own pool");
    }
    if (!jobs_.closed()) {
      internal::ThrowOrAbort<std::logic_error>("the pool is not closed");
    }
  }
  void JoinWorkers() {
    const std::lock_guard lock(joining_);
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
  }
  // The threads are joined when they have nothing more to run, and so at once.
  bool JoinBefore(const internal::Deadline& deadline) {
    MayJoin();
    const bool ended = internal::SleepUntil(
        ended_, kSleeping, &deadline,
        [this](uint32_t n) { return (n & ~kSleeping) == size_; });
    if (ended) JoinWorkers();
    return ended;
  }

  struct Job {
    virtual ~Job() = default;
    virtual void Run() noexcept = 0;
  };
  template <typename F, typename... Args>
  struct Call final : Job {
    using R = std::invoke_result_t<F, Args...>;
    template <typename... Ts>
    explicit Call(Ts&&... parts)
        : call(std::in_place, std::forward<Ts>(parts)...) {}
    void Run() noexcept override {
#if defined(__cpp_exceptions)
      try {
        Invoke();
      } catch (...) {
        promise.set_exception(std::current_exception());
      }
#else
      Invoke();
#endif
    }
    void Invoke() {
      const auto invoke = [](auto&... parts) -> R {
        return std::invoke(std::move(parts)...);
      };
      if constexpr (std::is_void_v<R>) {
        std::apply(invoke, *call);
        promise.set_value();
      } else {
        promise.set_value(std::apply(invoke, *call));
      }
    }
    std::optional<std::tuple<F, Args...>> call;
    std::promise<R> promise;
  };

  // A thread's first thread_local object is destroyed last.
  struct SaysEnd {
    thread_pool* pool;
    ~SaysEnd() {
      const uint32_t before =
          pool->ended_.fetch_add(1, std::memory_order_release);
      if ((before & kSleeping) != 0) internal::WakeAll(pool->ended_);
    }
  };
  static constexpr uint32_t kSleeping = 1u << 31;

  static const thread_pool*& OwnPool() {
    thread_local const thread_pool* pool = nullptr;
    return pool;
  }
  void Work() {
    thread_local const SaysEnd says_end{this};
    OwnPool() = this;
    while (const auto job = jobs_.NextOrEnd()) (*job)->Run();
  }

  const size_t size_;
  queue<std::unique_ptr<Job>> jobs_;
  std::mutex joining_;
  std::vector<std::thread> workers_;
  std::atomic<uint32_t> ended_{0};  // of the workers, and kSleeping
};

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_INTERNAL_THREAD_POOL_DISABLED_H_
