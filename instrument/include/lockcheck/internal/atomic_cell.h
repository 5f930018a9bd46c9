// A value and the number of its last write, which change together.
//
// Problem: a read has to say which write it saw, so it must not find a value
// with the number of another one. Up to four bytes both stand in one word, and
// all is as lock-free as the word is. A larger value is written under a lock
// bit in the number, and read again if that changed meanwhile (a seqlock).
//
// Who finds the bit set for too long gives up on the numbers: its owner was
// interrupted by this very thread, or has gone with a fork, or has no processor
// for some milliseconds. The cell is unnumbered from then on, for good: each
// operation is as atomic as before, nobody waits, and nothing is recorded of
// it. Who set the bit learns of it at the end of his write.
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
#include <ctime>
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

// With a number that is being written: who writes it gets the processor some
// times, and some milliseconds, before it is over.
class CellPatience {
 public:
  bool Wait(uint32_t number) noexcept {
    if (number != number_) *this = {};
    number_ = number;
    if (looks_ < kQuickLooks) {
      ++looks_;
      __builtin_ia32_pause();
      return true;
    }
    const uint64_t now = Now();
    if (looks_ == kQuickLooks) began_ = now;
    if (looks_ >= kFewestLooks && now - began_ > kNanoseconds) return false;
    ++looks_;
    std::this_thread::yield();
    return true;
  }

 private:
  static constexpr uint32_t kQuickLooks = 64;
  static constexpr uint32_t kFewestLooks = kQuickLooks + 30;
  static constexpr uint64_t kNanoseconds = 5'000'000;

  static uint64_t Now() noexcept {
    timespec now = {};
    clock_gettime(CLOCK_MONOTONIC, &now);  // may be called in handlers
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 +
           static_cast<uint64_t>(now.tv_nsec);
  }

  uint32_t number_ = 0;
  uint32_t looks_ = 0;  // that found it
  uint64_t began_ = 0;  // to give up the processor
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
    CellPatience patience;
    for (uint32_t looks = 0; looks < kMostLooks; ++looks) {
      if (version == kUnnumbered) break;
      if ((version & kBusy) == 0) {
        const T value = value_.load(at_least);
        const uint32_t after = version_.load(std::memory_order_relaxed);
        if (after == version) return {value, version / 2};
        patience = {};
      } else if (!patience.Wait(version)) {
        GiveUpNumbers(version);
        break;
      }
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
    return Leave(busy, busy + 1);
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
    // Fails only if there are no numbers any more.
    while (!value_.compare_exchange_strong(before, next, order,
                                           std::memory_order_relaxed)) {
      next = next_of(before);
    }
    if (SameBits(before, next)) return {before, Leave(busy, busy - 1)};
    return {before, Leave(busy, busy + 1), true};
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
      return {expected, Leave(busy, busy - 1), false, matched};
    }
    return {expected, Leave(busy, busy + 1), true};
  }
  void Wait(const CellResult<T>& seen, std::memory_order order) const noexcept {
    value_.wait(seen.before, order);
  }
  void NotifyAll() noexcept { value_.notify_all(); }

 private:
  static constexpr uint32_t kBusy = 1;
  static constexpr uint32_t kUnnumbered = UINT32_MAX;  // the last busy one
  // Of a reader, whom others do not let through.
  static constexpr uint32_t kMostLooks = 20'000;

  // The number while it is being written, or kUnnumbered.
  uint32_t Begin() noexcept {
    uint32_t version = version_.load(std::memory_order_relaxed);
    CellPatience patience;
    while (version != kUnnumbered) {
      if ((version & kBusy) == 0) {
        if (version_.compare_exchange_weak(version, version | kBusy,
                                           std::memory_order_acquire,
                                           std::memory_order_relaxed)) {
          return version | kBusy;
        }
        patience = {};
        continue;
      }
      if (!patience.Wait(version)) GiveUpNumbers(version);
      version = version_.load(std::memory_order_relaxed);
    }
    return kUnnumbered;
  }
  // `then`: one more, or as before if nothing was written.
  uint32_t Leave(uint32_t busy, uint32_t then) noexcept {
    if (busy == kUnnumbered ||
        !version_.compare_exchange_strong(busy, then, std::memory_order_release,
                                          std::memory_order_relaxed)) {
      return kNoVersion;
    }
    return then / 2;
  }
  // Unless its owner is done with it by now.
  void GiveUpNumbers(uint32_t busy) const noexcept {
    version_.compare_exchange_strong(busy, kUnnumbered,
                                     std::memory_order_relaxed);
  }

  std::atomic<T> value_;
  // Twice the number, and kBusy. A reader may give up on it, too.
  mutable std::atomic<uint32_t> version_{0};
};

template <typename T>
using AtomicCell =
    std::conditional_t<sizeof(T) <= 4, PackedCell<T>, LockedCell<T>>;

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_ATOMIC_CELL_H_
