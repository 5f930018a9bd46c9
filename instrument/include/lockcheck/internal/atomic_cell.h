// A value and the number of its last write, which change together.
//
// Problem: a read has to say which write it saw, so it must not find a value
// with the number of another one. Up to four bytes both stand in one word, and
// all is as lock-free as the word is. A larger value is written under a lock
// bit in the number, and read again if that changed meanwhile (a seqlock).
//
// Who finds the bit set for so long that its owner must have been interrupted
// by this very thread, or have gone with a fork, takes it over: then two writes
// may have one number, and the analyzer confirms nothing that rests on it.
//
// Each operation has at least the order that it was asked for. With mode=off
// the larger one is a plain std::atomic.
#ifndef LOCKCHECK_INTERNAL_ATOMIC_CELL_H_
#define LOCKCHECK_INTERNAL_ATOMIC_CELL_H_

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
#include <thread>
#include <type_traits>

#include "lockcheck/internal/hot.h"
#include "lockcheck/internal/variable.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// What an operation found, and what it made of it.
template <typename T>
struct CellResult {
  T before;
  uint32_t version;     // after it
  bool wrote = false;   // another value: else it is as good as a read
  bool matched = true;  // of a compare-exchange
};

// Of a compare-exchange that failed, and of the first look of others.
constexpr std::memory_order LoadOrder(std::memory_order order) {
  switch (order) {
    case std::memory_order_acq_rel:
      return std::memory_order_acquire;
    case std::memory_order_release:
      return std::memory_order_relaxed;
    default:
      return order;
  }
}

template <typename T>
bool SameBits(const T& a, const T& b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

template <typename T>
class PackedCell {
 public:
  static constexpr bool kLockFree = true;
  constexpr explicit PackedCell(T value) noexcept : word_(Pack(value, 0)) {}

  CellResult<T> Load(std::memory_order order) const noexcept {
    const uint64_t word = word_.load(order);
    return {ValueOf(word), VersionOf(word)};
  }
  void StoreUncounted(T value, std::memory_order order) noexcept {
    word_.store(Pack(value, 0), order);
  }
  uint32_t Store(T value, std::memory_order order) noexcept {
    uint64_t word = word_.load(std::memory_order_relaxed);
    uint64_t next;
    do {
      next = Pack(value, VersionOf(word) + 1);
    } while (!word_.compare_exchange_weak(word, next, order,
                                          std::memory_order_relaxed));
    return VersionOf(next);
  }
  template <typename Next>
  CellResult<T> Update(Next next_of, std::memory_order order) noexcept {
    uint64_t word = word_.load(std::memory_order_relaxed);
    for (;;) {
      const uint64_t next = After(word, next_of(ValueOf(word)));
      if (word_.compare_exchange_weak(word, next, order,
                                      std::memory_order_relaxed)) {
        return {ValueOf(word), VersionOf(next), next != word};
      }
    }
  }
  CellResult<T> CompareExchange(T expected, T desired,
                                std::memory_order success,
                                std::memory_order failure) noexcept {
    uint64_t word = word_.load(failure);
    for (;;) {
      if (Bits(expected) != static_cast<uint32_t>(word)) {
        return {ValueOf(word), VersionOf(word), false, false};
      }
      const uint64_t next = After(word, desired);
      if (word_.compare_exchange_weak(word, next, success, failure)) {
        return {expected, VersionOf(next), next != word};
      }
    }
  }
  // Until it has another version, or another value: the caller looks again.
  void Wait(const CellResult<T>& seen, std::memory_order order) const noexcept {
    word_.wait(Pack(seen.before, seen.version), order);
  }
  void NotifyAll() noexcept { word_.notify_all(); }

 private:
  static constexpr uint32_t Bits(T value) {
    if constexpr (sizeof(T) == 4) {
      return std::bit_cast<uint32_t>(value);
    } else if constexpr (sizeof(T) == 2) {
      return std::bit_cast<uint16_t>(value);
    } else {
      return std::bit_cast<uint8_t>(value);
    }
  }
  static constexpr uint64_t Pack(T value, uint32_t version) {
    return uint64_t{version} << 32 | Bits(value);
  }
  static T ValueOf(uint64_t word) {
    if constexpr (sizeof(T) == 4) {
      return std::bit_cast<T>(static_cast<uint32_t>(word));
    } else if constexpr (sizeof(T) == 2) {
      return std::bit_cast<T>(static_cast<uint16_t>(word));
    } else {
      return std::bit_cast<T>(static_cast<uint8_t>(word));
    }
  }
  static uint32_t VersionOf(uint64_t word) {
    return static_cast<uint32_t>(word >> 32);
  }
  static uint64_t After(uint64_t word, T value) {
    return Bits(value) == static_cast<uint32_t>(word)
               ? word
               : Pack(value, VersionOf(word) + 1);
  }

  std::atomic<uint64_t> word_;
};

template <typename T>
class LockedCell {
 public:
  static constexpr bool kLockFree = false;
  constexpr explicit LockedCell(T value) noexcept : value_(value) {}

  CellResult<T> Load(std::memory_order order) const noexcept {
    if (IsOff()) return {value_.load(order), kNoVersion};
    const std::memory_order at_least =
        order == std::memory_order_seq_cst ? order : std::memory_order_acquire;
    uint32_t version = version_.load(std::memory_order_acquire);
    for (uint32_t looks = 0; looks < kPatience; ++looks) {
      if ((version & kBusy) == 0) {
        const T value = value_.load(at_least);
        const uint32_t after = version_.load(std::memory_order_relaxed);
        if (after == version) return {value, version / 2};
      }
      Pause(looks);
      version = version_.load(std::memory_order_acquire);
    }
    return {value_.load(order), kNoVersion};
  }
  void StoreUncounted(T value, std::memory_order order) noexcept {
    value_.store(value, order);
  }
  uint32_t Store(T value, std::memory_order order) noexcept {
    const uint32_t busy = Begin();
    value_.store(value, order);
    return End(busy);
  }
  template <typename Next>
  CellResult<T> Update(Next next_of, std::memory_order order) noexcept {
    if (IsOff()) {
      T before = value_.load(std::memory_order_relaxed);
      while (!value_.compare_exchange_weak(before, next_of(before), order,
                                           std::memory_order_relaxed)) {
      }
      return {before, kNoVersion};
    }
    const uint32_t busy = Begin();
    T before = value_.load(std::memory_order_relaxed);
    T next = next_of(before);
    // Fails only if the lock was taken over.
    while (!value_.compare_exchange_strong(before, next, order,
                                           std::memory_order_relaxed)) {
      next = next_of(before);
    }
    if (SameBits(before, next)) return {before, GiveUp(busy)};
    return {before, End(busy), true};
  }
  CellResult<T> CompareExchange(T expected, T desired,
                                std::memory_order success,
                                std::memory_order failure) noexcept {
    if (IsOff()) {
      const bool matched =
          value_.compare_exchange_strong(expected, desired, success, failure);
      return {expected, kNoVersion, false, matched};
    }
    const uint32_t busy = Begin();
    const bool matched =
        value_.compare_exchange_strong(expected, desired, success, failure);
    if (!matched || SameBits(expected, desired)) {
      return {expected, GiveUp(busy), false, matched};
    }
    return {expected, End(busy), true};
  }
  void Wait(const CellResult<T>& seen, std::memory_order order) const noexcept {
    value_.wait(seen.before, order);
  }
  void NotifyAll() noexcept { value_.notify_all(); }

 private:
  static constexpr uint32_t kBusy = 1;
  static constexpr uint32_t kPatience = 20'000;  // looks: some milliseconds
  static constexpr uint32_t kQuickLooks = 64;

  static void Pause(uint32_t looks) {
    if (looks < kQuickLooks) {
      __builtin_ia32_pause();
    } else {
      std::this_thread::yield();
    }
  }

  // The number while it is being written.
  uint32_t Begin() noexcept {
    uint32_t version = version_.load(std::memory_order_relaxed);
    for (uint32_t looks = 0;;) {
      if ((version & kBusy) == 0 || looks >= kPatience) {
        const uint32_t busy = (version | kBusy) + (version & kBusy) * 2;
        if (version_.compare_exchange_weak(version, busy,
                                           std::memory_order_acquire,
                                           std::memory_order_relaxed)) {
          return busy;
        }
        continue;
      }
      Pause(looks);
      const uint32_t now = version_.load(std::memory_order_relaxed);
      looks = now == version ? looks + 1 : 0;
      version = now;
    }
  }
  uint32_t End(uint32_t busy) noexcept {
    version_.store(busy + 1, std::memory_order_release);
    return (busy + 1) / 2;
  }
  // Nothing was written.
  uint32_t GiveUp(uint32_t busy) noexcept {
    version_.store(busy - 1, std::memory_order_release);
    return (busy - 1) / 2;
  }

  std::atomic<T> value_;
  std::atomic<uint32_t> version_{0};  // twice the number, and kBusy
};

template <typename T>
using AtomicCell =
    std::conditional_t<sizeof(T) <= 4, PackedCell<T>, LockedCell<T>>;

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_ATOMIC_CELL_H_
