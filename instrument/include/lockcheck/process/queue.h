// process::queue: items handed from processes to processes; Python's
// multiprocessing.JoinableQueue in std's spelling.
//
//   process::queue<std::string> jobs(16, "jobs");
//   process::child worker([&] { Work(jobs.get()); jobs.task_done(); });
//   jobs.put("first");
//
// It has memory of its own, which children that are forked from then on share;
// or, by a name, with any process that may open it, as a process::shared has
// it (create_only, open_only, open_or_create; process::remove_shared()).
//
// Items travel as bytes (process/codec.h): trivially copyable types, strings
// and vectors of such, and what the program says how to write. Each has a slot
// of fixed size: that of the type, or, if it varies, item_bytes (1,024).
// `maxsize`, at least 1, is the number of slots; memory that is shared does not
// grow.
//
// As lockcheck::queue:
//   * put() blocks while it is full, get() while it is empty;
//   * put_nowait() and get_nowait() do not block; the forms that end in _for
//     and _until block until the time is over. They give false, or an empty
//     optional;
//   * task_done() says that an item that was got is dealt with; join() blocks
//     until that was said once for every item that was put; join_for() and
//     join_until() give false when the time is over;
//   * close() is for ever. From then on putting throws queue_closed, also for
//     those who wait in put(); getting gives what is left, and throws
//     queue_closed when nothing is.
// Who has waited longest in put() or get() has its turn first. What happened
// before an item was put happened before it is got, and so on.
//
// Whoever is killed, and whenever, the others go on:
//   * an item whose putter is killed within put() is there, or is not; half an
//     item never is;
//   * an item whose getter is killed within get() is still there, or is gone
//     with it. Nobody says task_done() for one that is gone: who joins then
//     waits for ever, which is found in the log;
//   * what a killed waiter was woken for is given to the next one, at the
//     latest a quarter of a second later.
//
// Exceptions: queue_closed; std::length_error by an item that is too long;
// std::logic_error by a task_done() too many; what the codec throws, and then
// the item stays where it was. The constructors throw std::system_error (no
// memory, and as a process::shared does) and std::invalid_argument. codec<T> is
// run inside, and must not use the queue. Neither copied nor moved.
//
// The name is copied; 63 bytes are kept. In the log: as lockcheck::queue, four
// objects, one of each for all processes of a recording. Misuse: task_done()
// more often than put(); putting after close(); destruction while somebody
// waits.
//
// Cost: a put or a get is one robust pthread mutex and a copy of the item, some
// 200 ns, and its record. 14 threads that wait in put(), 14 in get() and 4 in
// join() sleep until they are woken; more of them look every 5 ms. Any thread
// of any process may use it; signal handlers may not.
#ifndef LOCKCHECK_PROCESS_QUEUE_H_
#define LOCKCHECK_PROCESS_QUEUE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/deadline.h"
#include "lockcheck/internal/process_queue_memory.h"
#include "lockcheck/process/codec.h"
#include "lockcheck/process/shared.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::process {

// How long an item may be, at most, if its type does not say.
struct item_bytes {
  explicit constexpr item_bytes(size_t most) : count(most) {}
  size_t count;
};

template <typename T>
class queue {
  using Codec = codec<T>;
  using Naming = internal::Naming;
  using Patience = internal::Patience;
  static constexpr item_bytes kItemBytes{
      Codec::fixed_size != 0 ? Codec::fixed_size : 1024};

 public:
  using value_type = T;

  explicit queue(size_t maxsize, const char* name = nullptr,
                 source_location where = source_location::current())
      : queue(maxsize, kItemBytes, name, where) {}
  queue(size_t maxsize, item_bytes most, const char* name = nullptr,
        source_location where = source_location::current())
      : memory_(maxsize, most.count, name, where) {}
  queue(size_t maxsize, source_location where)
      : queue(maxsize, kItemBytes, nullptr, where) {}
  // Whoever finds it has the sizes that it was made with.
  queue(internal::NamedHere<Naming::kCreate> here, const char* name,
        size_t maxsize, item_bytes most = kItemBytes)
      : memory_(Naming::kCreate, name, internal::TypeName<queue>(), maxsize,
                most.count, here.where) {}
  queue(internal::NamedHere<Naming::kOpenOrCreate> here, const char* name,
        size_t maxsize, item_bytes most = kItemBytes)
      : memory_(Naming::kOpenOrCreate, name, internal::TypeName<queue>(),
                maxsize, most.count, here.where) {}
  queue(internal::NamedHere<Naming::kOpen> here, const char* name)
      : memory_(Naming::kOpen, name, internal::TypeName<queue>(), 1,
                kItemBytes.count, here.where) {}
  queue(const queue&) = delete;
  queue& operator=(const queue&) = delete;

  LOCKCHECK_ALWAYS_INLINE void put(const T& item) {
    LOCKCHECK_QUEUE_ACT(act);
    PutBy(act, {}, item);
  }
  LOCKCHECK_ALWAYS_INLINE bool put_nowait(const T& item) {
    LOCKCHECK_QUEUE_ACT(act);
    return PutBy(act, {false}, item);
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool put_for(
      const T& item, const std::chrono::duration<Rep, Period>& duration) {
    LOCKCHECK_QUEUE_ACT(act);
    const internal::Deadline deadline = internal::DeadlineAfter(duration);
    return PutBy(act, {true, &deadline}, item);
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool put_until(
      const T& item, const std::chrono::time_point<Clock, Duration>& time) {
    LOCKCHECK_QUEUE_ACT(act);
    return internal::Until(time, [&](const internal::Deadline& deadline) {
      return PutBy(act, {true, &deadline}, item);
    });
  }

  LOCKCHECK_ALWAYS_INLINE T get() {
    LOCKCHECK_QUEUE_ACT(act);
    std::optional<T> item = GetBy(act, {});
    return *std::move(item);
  }
  LOCKCHECK_ALWAYS_INLINE std::optional<T> get_nowait() {
    LOCKCHECK_QUEUE_ACT(act);
    return GetBy(act, {false});
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE std::optional<T> get_for(
      const std::chrono::duration<Rep, Period>& duration) {
    LOCKCHECK_QUEUE_ACT(act);
    const internal::Deadline deadline = internal::DeadlineAfter(duration);
    return GetBy(act, {true, &deadline});
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE std::optional<T> get_until(
      const std::chrono::time_point<Clock, Duration>& time) {
    LOCKCHECK_QUEUE_ACT(act);
    std::optional<T> item;
    internal::Until(time, [&](const internal::Deadline& deadline) {
      item = GetBy(act, {true, &deadline});
      return item.has_value();
    });
    return item;
  }

  LOCKCHECK_ALWAYS_INLINE void task_done() {
    LOCKCHECK_QUEUE_ACT(act);
    act.TaskDone();
  }
  LOCKCHECK_ALWAYS_INLINE void join() noexcept {
    LOCKCHECK_QUEUE_ACT(act);
    act.Join({});
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool join_for(
      const std::chrono::duration<Rep, Period>& duration) {
    LOCKCHECK_QUEUE_ACT(act);
    const internal::Deadline deadline = internal::DeadlineAfter(duration);
    return act.Join({true, &deadline});
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool join_until(
      const std::chrono::time_point<Clock, Duration>& time) {
    LOCKCHECK_QUEUE_ACT(act);
    return internal::Until(time, [&](const internal::Deadline& deadline) {
      return act.Join({true, &deadline});
    });
  }
  LOCKCHECK_ALWAYS_INLINE void close() noexcept {
    LOCKCHECK_QUEUE_ACT(act);
    act.Close();
  }

  // What is so when it is said; others may change it at once.
  size_t size() const noexcept { return memory_.ring().Size(); }
  bool empty() const noexcept { return size() == 0; }
  bool full() const noexcept { return size() >= maxsize(); }
  bool closed() const noexcept { return memory_.ring().IsClosed(); }
  size_t maxsize() const noexcept { return memory_.ring().shape.slots; }
  // Of an item, at most.
  size_t max_item_bytes() const noexcept {
    return memory_.ring().shape.slot_bytes;
  }

  // As a process::shared's.
  void remove_with_last_user(bool on = true) { memory_.RemoveWithLastUser(on); }

 private:
  template <typename Act>
  static bool PutBy(Act& act, const Patience& patience, const T& item) {
    return act.Put(patience, Codec::size(item),
                   [&](std::byte* to) { return Codec::write(item, to); });
  }
  template <typename Act>
  static std::optional<T> GetBy(Act& act, const Patience& patience) {
    std::optional<T> item;
    act.Get(patience, [&](const std::byte* from, size_t size) {
      item.emplace(Codec::read(from, size));
    });
    return item;
  }

  internal::ProcessQueueMemory memory_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::process
#undef LOCKCHECK_QUEUE_ACT

#endif  // LOCKCHECK_PROCESS_QUEUE_H_
