// Queues of all levels (levels.h), so that one test body fits them.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_ANY_QUEUE_H_
#define LOCKCHECK_TESTS_INSTRUMENT_ANY_QUEUE_H_

#include <utility>
#include <vector>

#include "tests/instrument/levels.h"

namespace lockcheck::testing {

template <typename Q>
struct OfThreads : Threads {
  // Who has waited longest is first with ours that are recorded.
#if defined(LOCKCHECK_DISABLED)
  static constexpr bool kInTurn = false;
#else
  static constexpr bool kInTurn = true;
#endif
  class Queue : public Q {
   public:
    using T = typename Q::value_type;
    using Q::Q;
    auto put(T&& item) {
      return DoneWith([&] { Q::put(std::move(item)); });
    }
    auto put(const T& item) {
      return DoneWith([&] { Q::put(item); });
    }
    template <typename Item, typename Duration>
    auto put_for(Item&& item, const Duration& duration) {
      return DoneWith(
          [&] { return Q::put_for(std::forward<Item>(item), duration); });
    }
    template <typename Item, typename Time>
    auto put_until(Item&& item, const Time& time) {
      return DoneWith(
          [&] { return Q::put_until(std::forward<Item>(item), time); });
    }
    auto get() {
      return DoneWith([&] { return Q::get(); });
    }
    template <typename Duration>
    auto get_for(const Duration& duration) {
      return DoneWith([&] { return Q::get_for(duration); });
    }
    template <typename Time>
    auto get_until(const Time& time) {
      return DoneWith([&] { return Q::get_until(time); });
    }
    auto join() {
      return DoneWith([&] { Q::join(); });
    }
    template <typename Duration>
    auto join_for(const Duration& duration) {
      return DoneWith([&] { return Q::join_for(duration); });
    }
    template <typename Time>
    auto join_until(const Time& time) {
      return DoneWith([&] { return Q::join_until(time); });
    }
  };
};

template <typename Q>
struct OfCoroutines : Coroutines {
  static constexpr bool kInTurn = true;
  using Queue = Q;
};

template <typename Queue>
std::vector<int> AllOf(Queue& q) {
  std::vector<int> all;
  while (auto item = q.get_nowait()) all.push_back(std::move(*item));
  return all;
}

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_INSTRUMENT_ANY_QUEUE_H_
