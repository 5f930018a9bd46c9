// In which order a queue gives its items: what both the recorded queues and
// their plain twins keep them in.
//
// Adding moves no other item, so one whose move throws leaves the others as
// they were. Next() is the item that is next; there must be one. It may be
// moved from before RemoveNext(), which moves and compares nothing.
#ifndef LOCKCHECK_INTERNAL_QUEUE_ORDER_H_
#define LOCKCHECK_INTERNAL_QUEUE_ORDER_H_

#include <deque>
#include <set>
#include <utility>

#include "lockcheck/internal/abi.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

template <typename T>
class OldestFirst {
 public:
  template <typename U>
  void Add(U&& item) {
    items_.push_back(std::forward<U>(item));
  }
  T& Next() { return items_.front(); }
  void RemoveNext() { items_.pop_front(); }

 private:
  std::deque<T> items_;
};

template <typename T>
class NewestFirst {
 public:
  template <typename U>
  void Add(U&& item) {
    items_.push_back(std::forward<U>(item));
  }
  T& Next() { return items_.back(); }
  void RemoveNext() { items_.pop_back(); }

 private:
  std::deque<T> items_;
};

// Not a heap: that moves its items about, and forgets who came first among
// equals.
template <typename T, typename Compare>
class GreatestFirst {
 public:
  template <typename U>
  void Add(U&& item) {
    items_.insert(std::forward<U>(item));
  }
  // Whoever changes it removes it next.
  T& Next() { return const_cast<T&>(*items_.begin()); }
  void RemoveNext() { items_.erase(items_.begin()); }

 private:
  struct Greater {
    bool operator()(const T& a, const T& b) const { return less(b, a); }
    [[no_unique_address]] Compare less;
  };
  std::multiset<T, Greater> items_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_QUEUE_ORDER_H_
