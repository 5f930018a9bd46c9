// shared<T>: a plain variable whose reads and writes are recorded.
//
//   lockcheck::shared<std::string> state{"idle", "state"};
//   state.write("busy");
//   if (state.read() == "busy") ...
//
// Problem: what a thread does next often depends on data that another one wrote
// under a lock. The lock's log does not say so, and a deadlock that the data
// rules out looks possible. The log of a shared<T> says of each read which
// write it saw, and the analyzer keeps to that, as of an atomic
// (lockcheck/atomic.h, which says what is recorded).
//
// It is no lock and orders nothing: who reads while another one writes has a
// data race, as with a plain T, and ThreadSanitizer sees it. What such a read
// is recorded to have seen is then not to be relied upon, nor is a verdict that
// rests on it. For LOCKCHECK_READ(x) and LOCKCHECK_WRITE(x), for variables that
// stay what they are, see lockcheck/access.h.
//
// T: one that can be moved and assigned; copied, if the shared<T> is; with a
// default constructor, if that is used. What T throws is thrown on; a write
// that throws is recorded. Thread safety: that of a plain T. Nothing blocks but
// what T does. Cost: a relaxed load, or fetch_add, and what is recorded. Size:
// that of T and 32 bytes.
#ifndef LOCKCHECK_SHARED_H_
#define LOCKCHECK_SHARED_H_

#include <atomic>
#include <cstdint>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

#if !defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/variable.h"
#endif

namespace lockcheck::inline LOCKCHECK_ABI {

#if defined(LOCKCHECK_DISABLED)

template <typename T>
class shared {
 public:
  using value_type = T;
  constexpr shared() : value_() {}
  constexpr shared(T value, const char* /*name*/ = nullptr,
                   source_location /*where*/ = {})
      : value_(std::move(value)) {}

  const T& read() const { return value_; }
  operator const T&() const { return value_; }
  void write(T value) { value_ = std::move(value); }
  shared& operator=(T value) {
    value_ = std::move(value);
    return *this;
  }

 private:
  T value_;
};

#else

template <typename T>
class shared {
  using SiteSlot = internal::SiteSlot;
  using Caller = internal::Caller;

 public:
  using value_type = T;

  constexpr shared(source_location where = source_location::current())
      : value_(), state_(nullptr, where) {}
  // The name, if any, must outlive the variable.
  constexpr shared(T value, const char* name = nullptr,
                   source_location where = source_location::current())
      : value_(std::move(value)), state_(name, where) {}
  // Another variable; its value is read here.
  LOCKCHECK_ALWAYS_INLINE shared(const shared& other)
      : value_(other.read()), state_(nullptr, source_location()) {}
  LOCKCHECK_ALWAYS_INLINE shared& operator=(const shared& other) {
    write(other.read());
    return *this;
  }

  // Valid until the next write.
  LOCKCHECK_ALWAYS_INLINE const T& read() const {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return ReadAt(slot, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE operator const T&() const {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return ReadAt(slot, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE void write(T value) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    WriteAt(std::move(value), slot, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE shared& operator=(T value) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    WriteAt(std::move(value), slot, LOCKCHECK_CALLER());
    return *this;
  }

 private:
  LOCKCHECK_ALWAYS_INLINE const T& ReadAt(SiteSlot* slot, Caller caller) const {
    if (!internal::IsOff()) {
      RecordAt(internal::AccessKind::kRead,
               version_.load(std::memory_order_relaxed), slot, caller);
    }
    return value_;
  }
  LOCKCHECK_ALWAYS_INLINE void WriteAt(T value, SiteSlot* slot, Caller caller) {
    if (!internal::IsOff()) {
      RecordAt(internal::AccessKind::kWrite,
               version_.fetch_add(1, std::memory_order_relaxed) + 1, slot,
               caller);
    }
    value_ = std::move(value);
  }
  LOCKCHECK_ALWAYS_INLINE void RecordAt(internal::AccessKind access,
                                        uint32_t version, SiteSlot* slot,
                                        Caller caller) const {
    internal::Accessed(state_, {internal::DataKind::kVariable, access, version},
                       slot, caller);
  }

  T value_;
  mutable internal::VariableState state_;
  std::atomic<uint32_t> version_{0};
};

#endif  // !LOCKCHECK_DISABLED

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_SHARED_H_
