// atomic<T>: std::atomic<T> whose reads and writes are recorded.
//
//   lockcheck::atomic<bool> ready{false, "ready"};
//
// Problem: threads that are ordered by a flag are ordered by nothing that a
// lock's log knows, and a deadlock that the flag rules out looks possible. The
// log of an atomic says of each read which write it saw, and the analyzer keeps
// to that: such a deadlock is refuted, and no schedule that breaks it confirms
// one.
//
// T: trivially copyable, of 1, 2, 4 or 8 bytes, with one representation for
// each value: no padding, and no class with floating-point members. The
// interface is std's but for the overloads for volatile and the free functions
// (std::atomic_load and so on). Not for memory that processes share: each of
// them would see a variable of its own in it. Up to four bytes it is lock-free
// and may be used in signal handlers. With eight bytes a write takes a short
// spin lock: is_lock_free() is false, and a handler that interrupts a write to
// the same atomic waits for some milliseconds, once: nothing is recorded of
// that atomic from then on. wait() sleeps as std's does, and is no wait in the
// log: who sleeps in it is in no report of who waits for whom. Its reads are
// recorded; notify_one() may wake all.
//
// In the log: a read that finds the version that its thread has read already,
// with nothing but reads recorded since, is not recorded again: a loop that
// polls up to 8 variables writes one record of each version that it sees. An
// update that changes nothing (an exchange of true for true, a compare-exchange
// that fails) is a read. Everything else is 12 bytes, so a counter that nobody
// decides by is better a std::atomic. mode=live records nothing of atomics.
//
// Cost: README.md has it. Size: 32 bytes, with T of eight bytes 40.
#ifndef LOCKCHECK_ATOMIC_H_
#define LOCKCHECK_ATOMIC_H_

#include <atomic>
#include <cstddef>
#include <type_traits>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

#if !defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/atomic_cell.h"
#include "lockcheck/internal/variable.h"
#endif

namespace lockcheck::inline LOCKCHECK_ABI {

namespace internal {
// An exchange that finds its own value is a read: equal is what has equal bits,
// and padding would make of equal values different ones.
template <typename T>
inline constexpr bool kIsComparedByBits =
    std::has_unique_object_representations_v<T> || std::is_floating_point_v<T>;
}  // namespace internal

#if defined(LOCKCHECK_DISABLED)

template <typename T>
class atomic : public std::atomic<T> {
 public:
  constexpr atomic() noexcept(std::is_nothrow_default_constructible_v<T>)
      : std::atomic<T>(T()) {}
  constexpr atomic(T value, const char* /*name*/ = nullptr,
                   source_location /*where*/ = {}) noexcept
      : std::atomic<T>(value) {}
  using std::atomic<T>::operator=;
};

#else

// A macro, so that each operation has a site slot of its own.
#define LOCKCHECK_HERE_      \
  internal::SiteSlot* slot;  \
  LOCKCHECK_SITE_SLOT(slot); \
  const internal::Caller caller = LOCKCHECK_CALLER()

template <typename T>
class atomic {
  static_assert(std::is_trivially_copyable_v<T>);
  static_assert(internal::kIsComparedByBits<T>,
                "lockcheck::atomic is for types without padding");
  static_assert(sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4 ||
                    sizeof(T) == 8,
                "lockcheck::atomic is for types of 1, 2, 4 or 8 bytes");
  using Cell = internal::AtomicCell<T>;
  using Order = std::memory_order;
  static constexpr Order kStrongest = std::memory_order_seq_cst;
  static constexpr bool kIsPointer = std::is_pointer_v<T>;
  static constexpr bool kIsInteger =
      std::is_integral_v<T> && !std::is_same_v<T, bool>;
  static constexpr bool kCounts =
      kIsPointer || kIsInteger || std::is_floating_point_v<T>;
  struct NotThere {};
  using Difference =
      std::conditional_t<kIsPointer, std::ptrdiff_t,
                         std::conditional_t<kCounts, T, NotThere>>;
  using Mask = std::conditional_t<kIsInteger, T, NotThere>;

 public:
  using value_type = T;
  static constexpr bool is_always_lock_free = Cell::kLockFree;

  constexpr atomic(source_location where = source_location::current()) noexcept(
      std::is_nothrow_default_constructible_v<T>)
      : atomic(T(), nullptr, where) {}
  // The name, if any, must outlive the atomic.
  constexpr atomic(T value, const char* name = nullptr,
                   source_location where = source_location::current()) noexcept
      : cell_(value), state_(name, where) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  bool is_lock_free() const noexcept { return Cell::kLockFree; }

  LOCKCHECK_ALWAYS_INLINE T load(Order order = kStrongest) const noexcept {
    LOCKCHECK_HERE_;
    return ReadAt(order, slot, caller).before;
  }
  LOCKCHECK_ALWAYS_INLINE operator T() const noexcept { return load(); }
  LOCKCHECK_ALWAYS_INLINE void store(T value,
                                     Order order = kStrongest) noexcept {
    LOCKCHECK_HERE_;
    StoreAt(value, order, slot, caller);
  }
  LOCKCHECK_ALWAYS_INLINE T operator=(T value) noexcept {
    store(value);
    return value;
  }
  LOCKCHECK_ALWAYS_INLINE T exchange(T value,
                                     Order order = kStrongest) noexcept {
    LOCKCHECK_HERE_;
    return UpdateAt([=](T) { return value; }, order, slot, caller);
  }

  LOCKCHECK_ALWAYS_INLINE bool compare_exchange_strong(T& expected, T desired,
                                                       Order success,
                                                       Order failure) noexcept {
    LOCKCHECK_HERE_;
    return CompareAt(expected, desired, success, failure, slot, caller);
  }
  LOCKCHECK_ALWAYS_INLINE bool compare_exchange_strong(
      T& expected, T desired, Order order = kStrongest) noexcept {
    return compare_exchange_strong(expected, desired, order,
                                   internal::LoadOrder(order));
  }
  // They never fail without a reason.
  LOCKCHECK_ALWAYS_INLINE bool compare_exchange_weak(T& expected, T desired,
                                                     Order success,
                                                     Order failure) noexcept {
    return compare_exchange_strong(expected, desired, success, failure);
  }
  LOCKCHECK_ALWAYS_INLINE bool compare_exchange_weak(
      T& expected, T desired, Order order = kStrongest) noexcept {
    return compare_exchange_strong(expected, desired, order);
  }

  LOCKCHECK_ALWAYS_INLINE void wait(T old,
                                    Order order = kStrongest) const noexcept {
    LOCKCHECK_HERE_;
    for (;;) {
      const auto seen = ReadAt(order, slot, caller);
      if (!internal::SameBits(seen.before, old)) return;
      cell_.Wait(seen, order);
    }
  }
  void notify_one() noexcept { cell_.NotifyAll(); }
  void notify_all() noexcept { cell_.NotifyAll(); }

  LOCKCHECK_ALWAYS_INLINE T
  fetch_add(Difference by, Order order = kStrongest) noexcept requires kCounts {
    LOCKCHECK_HERE_;
    return UpdateAt(Plus(by), order, slot, caller);
  }
  LOCKCHECK_ALWAYS_INLINE T
  fetch_sub(Difference by, Order order = kStrongest) noexcept requires kCounts {
    LOCKCHECK_HERE_;
    return UpdateAt(Minus(by), order, slot, caller);
  }
  LOCKCHECK_ALWAYS_INLINE T
  operator+=(Difference by) noexcept requires kCounts {
    return Plus(by)(fetch_add(by));
  }
  LOCKCHECK_ALWAYS_INLINE T
  operator-=(Difference by) noexcept requires kCounts {
    return Minus(by)(fetch_sub(by));
  }
  LOCKCHECK_ALWAYS_INLINE T operator++() noexcept
      requires(kIsInteger || kIsPointer) {
    return Plus(1)(fetch_add(1));
  }
  LOCKCHECK_ALWAYS_INLINE T operator++(int) noexcept
      requires(kIsInteger || kIsPointer) {
    return fetch_add(1);
  }
  LOCKCHECK_ALWAYS_INLINE T operator--() noexcept
      requires(kIsInteger || kIsPointer) {
    return Minus(1)(fetch_sub(1));
  }
  LOCKCHECK_ALWAYS_INLINE T operator--(int) noexcept
      requires(kIsInteger || kIsPointer) {
    return fetch_sub(1);
  }

  LOCKCHECK_ALWAYS_INLINE T
  fetch_and(Mask mask, Order order = kStrongest) noexcept requires kIsInteger {
    LOCKCHECK_HERE_;
    return UpdateAt(And(mask), order, slot, caller);
  }
  LOCKCHECK_ALWAYS_INLINE T
  fetch_or(Mask mask, Order order = kStrongest) noexcept requires kIsInteger {
    LOCKCHECK_HERE_;
    return UpdateAt(Or(mask), order, slot, caller);
  }
  LOCKCHECK_ALWAYS_INLINE T
  fetch_xor(Mask mask, Order order = kStrongest) noexcept requires kIsInteger {
    LOCKCHECK_HERE_;
    return UpdateAt(Xor(mask), order, slot, caller);
  }
  LOCKCHECK_ALWAYS_INLINE T operator&=(Mask mask) noexcept requires kIsInteger {
    return And(mask)(fetch_and(mask));
  }
  LOCKCHECK_ALWAYS_INLINE T operator|=(Mask mask) noexcept requires kIsInteger {
    return Or(mask)(fetch_or(mask));
  }
  LOCKCHECK_ALWAYS_INLINE T operator^=(Mask mask) noexcept requires kIsInteger {
    return Xor(mask)(fetch_xor(mask));
  }

 private:
  // Integers wrap round, as std's do.
  template <bool kAdds>
  static T Moved(T value, Difference by) {
    if constexpr (kIsInteger) {
      using Bits = std::make_unsigned_t<T>;
      const Bits a = static_cast<Bits>(value), b = static_cast<Bits>(by);
      return static_cast<T>(static_cast<Bits>(kAdds ? a + b : a - b));
    } else {
      return kAdds ? value + by : value - by;
    }
  }
  static auto Plus(Difference by) {
    return [by](T value) { return Moved<true>(value, by); };
  }
  static auto Minus(Difference by) {
    return [by](T value) { return Moved<false>(value, by); };
  }
  static auto And(Mask mask) {
    return [mask](T value) { return static_cast<T>(value & mask); };
  }
  static auto Or(Mask mask) {
    return [mask](T value) { return static_cast<T>(value | mask); };
  }
  static auto Xor(Mask mask) {
    return [mask](T value) { return static_cast<T>(value ^ mask); };
  }

  LOCKCHECK_ALWAYS_INLINE void RecordAt(internal::AccessKind access,
                                        uint32_t version,
                                        internal::SiteSlot* slot,
                                        internal::Caller caller) const {
    if (internal::IsOff()) return;
    internal::Accessed(state_, {internal::DataKind::kAtomic, access, version},
                       slot, caller);
  }
  LOCKCHECK_ALWAYS_INLINE internal::CellResult<T> ReadAt(
      Order order, internal::SiteSlot* slot, internal::Caller caller) const {
    const auto seen = cell_.Load(order);
    RecordAt(internal::AccessKind::kRead, seen.version, slot, caller);
    return seen;
  }
  LOCKCHECK_ALWAYS_INLINE void StoreAt(T value, Order order,
                                       internal::SiteSlot* slot,
                                       internal::Caller caller) {
    if (internal::IsOff()) return cell_.StoreUncounted(value, order);
    const uint32_t version = cell_.Store(value, order);
    RecordAt(internal::AccessKind::kWrite, version, slot, caller);
  }
  LOCKCHECK_ALWAYS_INLINE void RecordChange(
      const internal::CellResult<T>& result, internal::SiteSlot* slot,
      internal::Caller caller) {
    RecordAt(result.wrote ? internal::AccessKind::kUpdate
                          : internal::AccessKind::kRead,
             result.version, slot, caller);
  }
  template <typename Next>
  LOCKCHECK_ALWAYS_INLINE T UpdateAt(Next next, Order order,
                                     internal::SiteSlot* slot,
                                     internal::Caller caller) {
    const auto result = cell_.Update(next, order);
    RecordChange(result, slot, caller);
    return result.before;
  }
  LOCKCHECK_ALWAYS_INLINE bool CompareAt(T& expected, T desired, Order success,
                                         Order failure,
                                         internal::SiteSlot* slot,
                                         internal::Caller caller) {
    const auto result =
        cell_.CompareExchange(expected, desired, success, failure);
    RecordChange(result, slot, caller);
    if (!result.matched) expected = result.before;
    return result.matched;
  }

  Cell cell_;
  mutable internal::VariableState state_;
};
#undef LOCKCHECK_HERE_

static_assert(sizeof(atomic<bool>) <= 32 && sizeof(atomic<void*>) <= 40);

#endif  // !LOCKCHECK_DISABLED

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_ATOMIC_H_
