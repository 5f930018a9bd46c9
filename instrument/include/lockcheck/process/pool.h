// process::pool: processes that run tasks; Python's multiprocessing.Pool in
// std's spelling.
//
//   * apply(f, args...) runs f(args...) in one of the processes, and gives what
//     it returns;
//   * apply_async(f, args...) gives a future of that; submit() is the same;
//   * map(f, range) runs f for each item, and gives the answers in the items'
//     order; map_unordered(f, range) in the order in which they come;
//   * close(), join(), join_for(), join_until() are those of thread_pool;
//   * terminate() closes, drops the tasks that have not begun (their futures
//     throw std::future_error (broken_promise)), and asks processes that run
//     one to end (SIGTERM).
// The destructor closes and joins, in the process that made the pool.
//
// A task is a function, or a lambda that captures nothing: what it needs is
// handed over as arguments, and comes back as the result. Both go from one
// process to the other as process/serialize.h says (a char* as a std::string);
// memory that is not shared is not changed by a task. What a task throws
// arrives as process::remote_error. If the process dies in the task, or ends
// itself, process::worker_died says how; a new one takes its place, when there
// is something to do for it.
//
// A pool of `size` processes, 0, the default: as many as processors that this
// process may use. Tasks begin in the order in which they were submitted, four
// at once with size four.
//
// The processes are made by a fork server of the pool's own, which has one
// thread and is forked when the pool is made. So make it before other threads
// run, if you can: what they hold then stays locked in the pool's processes
// (hazard fork-while-held). Code and memory are as they were then: a task may
// use a process::shared or a global that was there, and no library that was
// loaded later. The processes of a pool are no children of this one; if it is
// killed they are, too.
//
// Throws std::logic_error: what asks for a task after close(), a join before it
// (both reported as misuse), and whatever a task asks of its own pool, or
// another process of a copy of it: so no task waits for one behind it. Throws
// std::system_error if a process cannot be made.
//
// In the log each task is an actor of its own, in the process that runs it;
// whoever waits for its result joins it: a deadlock that goes through that is
// found as one with a process::child is.
//
// Cost: a task is a message each way, some 20 us. Any thread of the process
// that made it may use it.
#ifndef LOCKCHECK_PROCESS_POOL_H_
#define LOCKCHECK_PROCESS_POOL_H_

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <ranges>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "lockcheck/internal/process_pool.h"
#include "lockcheck/process/serialize.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

// A text is sent as such: where it lies means nothing there.
template <typename T>
using SentAs =
    std::conditional_t<std::is_same_v<std::decay_t<T>, char*> ||
                           std::is_same_v<std::decay_t<T>, const char*>,
                       std::string, std::decay_t<T>>;

template <typename F>
inline constexpr bool kIsSentFunction =
    std::is_function_v<std::remove_pointer_t<F>>;

template <typename F, typename... Args>
class SentCall {
  static_assert(kIsSentFunction<F> ||
                    (std::is_empty_v<F> && std::is_default_constructible_v<F>),
                "lockcheck: a process::pool runs functions and lambdas that "
                "capture nothing: hand over as arguments what they need");
  static_assert(std::is_invocable_v<F, Args...>,
                "lockcheck: the task cannot be called with these arguments");

 public:
  using Result = std::decay_t<std::invoke_result_t<F, Args...>>;
  static_assert((process::serializable<Args> && ...),
                "lockcheck: an argument has no process::serializer");
  static_assert(std::is_void_v<Result> || process::serializable<Result>,
                "lockcheck: the result has no process::serializer");

  template <typename... Ts>
  static std::string Write(const F& f, Ts&&... args) {
    process::byte_writer out;
    if constexpr (kIsSentFunction<F>) out.write<F>(f);
    (out.write<Args>(Args(std::forward<Ts>(args))), ...);
    return out.take();
  }
  static void Run(process::byte_reader& in, process::byte_writer& out) {
    if constexpr (kIsSentFunction<F>) {
      Answer(in.read<F>(), in, out);
    } else {
      Answer(F(), in, out);
    }
  }

 private:
  static void Answer(F f, process::byte_reader& in, process::byte_writer& out) {
    // Braces, for they are read in their order.
    std::tuple<Args...> args{in.read<Args>()...};
    const auto call = [&](Args&... parts) -> decltype(auto) {
      return std::invoke(f, std::move(parts)...);
    };
    if constexpr (std::is_void_v<Result>) {
      std::apply(call, args);
    } else {
      out.write<Result>(std::apply(call, args));
    }
  }
};

}  // namespace internal

namespace process {

// Of one task. Movable; whoever wants the result waits for it by get(), once.
// The destructor does not wait. wait() and what follows it may be called by any
// thread of the process that has it; the future is no lock between them.
template <typename R>
class pool_future {
 public:
  pool_future() noexcept = default;
  explicit pool_future(internal::PoolTaskPtr task) : task_(std::move(task)) {}

  pool_future(pool_future&&) noexcept = default;
  pool_future& operator=(pool_future&&) noexcept = default;
  pool_future(const pool_future&) = delete;
  pool_future& operator=(const pool_future&) = delete;

  bool valid() const noexcept { return task_ != nullptr; }
  // Throws what pool.h says, and std::future_error (no_state) if it is not
  // valid, as the others do.
  LOCKCHECK_ALWAYS_INLINE R get() {
    LOCKCHECK_JOIN_PLACE(place);
    return GetAt(place);
  }
  LOCKCHECK_ALWAYS_INLINE void wait() const {
    LOCKCHECK_JOIN_PLACE(place);
    Task().Wait(nullptr, place);
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE std::future_status wait_for(
      const std::chrono::duration<Rep, Period>& duration) const {
    LOCKCHECK_JOIN_PLACE(place);
    const internal::Deadline deadline = internal::DeadlineAfter(duration);
    return StatusOf(Task().Wait(&deadline, place));
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE std::future_status wait_until(
      const std::chrono::time_point<Clock, Duration>& time) const {
    LOCKCHECK_JOIN_PLACE(place);
    return StatusOf(
        internal::Until(time, [&](const internal::Deadline& deadline) {
          return Task().Wait(&deadline, place);
        }));
  }

 private:
  friend class pool;

  static std::future_status StatusOf(bool ended) {
    return ended ? std::future_status::ready : std::future_status::timeout;
  }
  internal::PoolTask& Task() const {
#if defined(__cpp_exceptions)
    if (!valid()) throw std::future_error(std::future_errc::no_state);
#endif
    return *task_;
  }
  R GetAt(internal::JoinPlace place) {
    Task().Wait(nullptr, place);
    const std::string bytes = std::exchange(task_, nullptr)->Take();
    if constexpr (!std::is_void_v<R>) {
      byte_reader in(bytes);
      return in.read<R>();
    }
  }

  internal::PoolTaskPtr task_;
};

class pool {
  using JoinPlace = internal::JoinPlace;
  template <typename F, typename... Args>
  using Call = internal::SentCall<std::decay_t<F>, internal::SentAs<Args>...>;
  template <typename F, typename Range>
  using MappedTo = typename Call<F, std::ranges::range_value_t<Range>>::Result;

 public:
  template <typename R>
  using future = pool_future<R>;

  LOCKCHECK_ALWAYS_INLINE explicit pool(
      size_t size = 0, const char* name = nullptr,
      source_location where = source_location::current())
      : pool_(size, name, where, Here()) {}
  // Of the default size. A template, so that 0 is no name.
  template <std::convertible_to<const char*> Name>
  LOCKCHECK_ALWAYS_INLINE explicit pool(
      Name name, source_location where = source_location::current())
      : pool_(0, name, where, Here()) {}
  LOCKCHECK_ALWAYS_INLINE ~pool() {
    LOCKCHECK_JOIN_PLACE(place);
    if (!pool_.IsOwn()) return;
    pool_.Close();
    pool_.Join(nullptr, place);
  }
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  template <typename F, typename... Args>
  LOCKCHECK_ALWAYS_INLINE auto apply_async(F&& f, Args&&... args) {
    LOCKCHECK_JOIN_PLACE(place);
    return SubmitAt(place, std::forward<F>(f), std::forward<Args>(args)...);
  }
  template <typename F, typename... Args>
  LOCKCHECK_ALWAYS_INLINE auto submit(F&& f, Args&&... args) {
    LOCKCHECK_JOIN_PLACE(place);
    return SubmitAt(place, std::forward<F>(f), std::forward<Args>(args)...);
  }
  template <typename F, typename... Args>
  LOCKCHECK_ALWAYS_INLINE auto apply(F&& f, Args&&... args) {
    LOCKCHECK_JOIN_PLACE(place);
    return SubmitAt(place, std::forward<F>(f), std::forward<Args>(args)...)
        .GetAt(place);
  }
  template <typename F, typename Range>
  LOCKCHECK_ALWAYS_INLINE auto map(F&& f, Range&& range) {
    LOCKCHECK_JOIN_PLACE(place);
    auto tasks = SubmitAll(place, f, std::forward<Range>(range));
    return Answers<MappedTo<F, Range>>(
        tasks.size(),
        [&, next = size_t{0}]() mutable { return tasks[next++].GetAt(place); });
  }
  template <typename F, typename Range>
  LOCKCHECK_ALWAYS_INLINE auto map_unordered(F&& f, Range&& range) {
    LOCKCHECK_JOIN_PLACE(place);
    const auto ends = std::make_shared<internal::PoolEnds>();
    auto tasks = SubmitAll(place, f, std::forward<Range>(range), ends);
    return Answers<MappedTo<F, Range>>(tasks.size(), [&] {
      return tasks[ends->AwaitNext(place)].GetAt(place);
    });
  }

  void close() noexcept { pool_.Close(); }
  LOCKCHECK_ALWAYS_INLINE void join() {
    LOCKCHECK_JOIN_PLACE(place);
    pool_.Join(nullptr, place);
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool join_for(
      const std::chrono::duration<Rep, Period>& duration) {
    LOCKCHECK_JOIN_PLACE(place);
    const internal::Deadline deadline = internal::DeadlineAfter(duration);
    return pool_.Join(&deadline, place);
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool join_until(
      const std::chrono::time_point<Clock, Duration>& time) {
    LOCKCHECK_JOIN_PLACE(place);
    return internal::Until(time, [&](const internal::Deadline& deadline) {
      return pool_.Join(&deadline, place);
    });
  }
  void terminate() noexcept { pool_.Terminate(); }
  size_t size() const noexcept { return pool_.size(); }

 private:
  LOCKCHECK_ALWAYS_INLINE static JoinPlace Here() {
    LOCKCHECK_JOIN_PLACE(place);
    return place;
  }

  template <typename F, typename... Args>
  auto MakeTask(const F& f, Args&&... args) {
    using Its = Call<F, Args...>;
    pool_.MayAsk();
    const auto [task, parent] = internal::ForkPoolTask();
    return std::make_shared<internal::PoolTask>(
        &Its::Run, Its::Write(f, std::forward<Args>(args)...), task, parent);
  }
  template <typename F, typename... Args>
  auto SubmitAt(JoinPlace place, F&& f, Args&&... args) {
    internal::PoolTaskPtr task =
        MakeTask<std::decay_t<F>>(f, std::forward<Args>(args)...);
    pool_.Submit(task, place);
    return pool_future<typename Call<F, Args...>::Result>(std::move(task));
  }
  template <typename F, typename Range>
  auto SubmitAll(JoinPlace place, const F& f, Range&& range,
                 std::shared_ptr<internal::PoolEnds> ends = nullptr) {
    using Item = std::ranges::range_value_t<Range>;
    std::vector<pool_future<MappedTo<F, Range>>> tasks;
    for (auto&& item : range) {
      internal::PoolTaskPtr task = MakeTask<std::decay_t<F>>(
          f, Item(std::forward<decltype(item)>(item)));
      if (ends != nullptr) ends->Add(task);
      pool_.Submit(task, place);
      tasks.emplace_back(std::move(task));
    }
    return tasks;
  }
  // Those that `next()` gives, one after the other.
  template <typename R, typename Next>
  static auto Answers(size_t count, Next next) {
    if constexpr (std::is_void_v<R>) {
      for (size_t i = 0; i < count; ++i) next();
    } else {
      std::vector<R> answers;
      answers.reserve(count);
      for (size_t i = 0; i < count; ++i) answers.push_back(next());
      return answers;
    }
  }

  internal::ProcessPool pool_;
};

}  // namespace process
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_PROCESS_POOL_H_
