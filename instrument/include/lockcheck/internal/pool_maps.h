// thread_pool::map() and map_unordered(), for the pool and its plain twin.
// `submit(f, item)` makes a task of both, and gives its future.
#ifndef LOCKCHECK_INTERNAL_POOL_MAPS_H_
#define LOCKCHECK_INTERNAL_POOL_MAPS_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include "lockcheck/queue.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

template <typename F, typename Range>
using MappedTo = std::invoke_result_t<F, std::ranges::range_value_t<Range>>;

// The answers of the futures that `next()` gives, one after the other.
template <typename R, typename Next>
auto Answers(size_t count, Next next) {
  if constexpr (std::is_void_v<R>) {
    for (size_t i = 0; i < count; ++i) next().get();
  } else {
    std::vector<std::decay_t<R>> answers;
    answers.reserve(count);
    for (size_t i = 0; i < count; ++i) answers.push_back(next().get());
    return answers;
  }
}

template <typename F, typename Range, typename Submit>
auto MapInOrder(const F& f, Range&& range, Submit submit) {
  using Item = std::ranges::range_value_t<Range>;
  std::vector<decltype(submit(f, std::declval<Item>()))> futures;
  for (auto&& item : range) futures.push_back(submit(f, Item(item)));
  return Answers<MappedTo<F, Range>>(
      futures.size(), [next = futures.begin()]() mutable -> auto& {
        return *next++;
      });
}

// Says which task has ended when it does, or is dropped.
class EndOfTask {
 public:
  EndOfTask(std::shared_ptr<queue<size_t>> ended, size_t number)
      : ended_(std::move(ended)), number_(number) {}
  EndOfTask(EndOfTask&&) noexcept = default;
  ~EndOfTask() {
    if (ended_ != nullptr) ended_->put(number_);
  }

 private:
  std::shared_ptr<queue<size_t>> ended_;
  size_t number_;
};

template <typename F, typename Range, typename Submit>
auto MapAsTheyEnd(const F& f, Range&& range, const char* name, Submit submit) {
  using Item = std::ranges::range_value_t<Range>;
  const auto ended = std::make_shared<queue<size_t>>(0, name);
  size_t count = 0;
  const auto task = [&] {
    return [f = F(f), end = EndOfTask(ended, count++)](
               Item item) mutable -> decltype(auto) {
      return std::invoke(f, std::move(item));
    };
  };
  std::vector<decltype(submit(task(), std::declval<Item>()))> futures;
  for (auto&& item : range) futures.push_back(submit(task(), Item(item)));
  return Answers<MappedTo<F, Range>>(
      futures.size(), [&]() -> auto& { return futures[ended->get()]; });
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_POOL_MAPS_H_
