// Memory for what mode=live knows and forgets again.
//
// Problem: a program that runs for months takes ever new locks. What is known
// of those that are gone has to make room for what comes, and malloc is the
// program's own. So pieces that are given back are kept by their size and are
// given out again; nothing goes back to the kernel but large pieces.
//
// Threading: under one lock of the caller's. Cost: a few instructions, or now
// and then a system call. Every failure is a null or a false.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_MEMORY_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "instrument/runtime/pages.h"

namespace lockcheck::runtime {

class LivePool {
 public:
  constexpr LivePool() = default;
  // Null: no memory. What is in it is undefined.
  void* Take(size_t bytes);
  void Give(void* piece, size_t bytes);

  // With `more` bytes behind it.
  template <typename T>
  T* Make(size_t more = 0) {
    return static_cast<T*>(Take(sizeof(T) + more));
  }
  template <typename T>
  void GiveBack(T* piece, size_t more = 0) {
    Give(piece, sizeof(T) + more);
  }

 private:
  struct Free {
    Free* next;
  };
  static constexpr size_t kStep = 16;
  static constexpr size_t kClasses = 256;  // larger pieces are whole pages
  static size_t ClassOf(size_t bytes) { return (bytes + kStep - 1) / kStep; }

  Free* free_[kClasses + 1] = {};
};

// Grows, and never shrinks.
template <typename T>
struct LiveList {
  T* items = nullptr;
  size_t size = 0;
  size_t capacity = 0;
  // NOLINTNEXTLINE(bugprone-sizeof-expression): an item may be a pointer.
  static constexpr size_t kItemBytes = sizeof(T);

  // False: no memory.
  bool Push(const T& item) {
    if (size == capacity && !Reserve(capacity == 0 ? 256 : 2 * capacity)) {
      return false;
    }
    items[size++] = item;
    return true;
  }
  // The list keeps what it has. False: no memory.
  bool Reserve(size_t larger) {
    if (larger <= capacity) return true;
    auto* const grown = static_cast<T*>(MapPages(larger * kItemBytes));
    if (grown == nullptr) return false;
    if (items != nullptr) {
      memcpy(static_cast<void*>(grown), items, size * kItemBytes);
      UnmapPages(items, capacity * kItemBytes);
    }
    items = grown;
    capacity = larger;
    return true;
  }
  void Release() {
    if (items != nullptr) UnmapPages(items, capacity * kItemBytes);
    *this = LiveList();
  }
};

// From 64-bit keys, not 0, to values: linear probing.
class LiveTable {
 public:
  constexpr LiveTable() = default;
  struct Entry {
    uint64_t key;
    void* value;
  };
  // The key's, made with a null value if need be; null: no memory. It may move
  // with the next change.
  Entry* Find(uint64_t key);
  // The key's value; null: it is not there.
  void* Get(uint64_t key) const;
  // Of a key that is there.
  void Set(uint64_t key, void* value);
  void Erase(uint64_t key);

  template <typename Visit>
  void ForEach(Visit visit) const {
    for (size_t i = 0; i < capacity_; ++i) {
      if (entries_[i].key != 0) visit(entries_[i].value);
    }
  }
  size_t size() const { return size_; }

 private:
  static size_t Place(uint64_t key) {
    return static_cast<size_t>((key * 0x9e3779b97f4a7c15ull) >> 20);
  }
  bool Grow();

  Entry* entries_ = nullptr;
  size_t capacity_ = 0;
  size_t size_ = 0;
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_LIVE_MEMORY_H_
