// process::shared: one T in memory that this process shares with the children
// it forks from now on.
//
//   struct Account { process::mutex m{"account"}; long balance = 0; };
//   process::shared<Account> account;
//   process::child child([&] { std::lock_guard g(account->m); ... });
//
// The T is destroyed, and the memory given back, when the object goes in the
// process that made it; in a child only the memory is. T holds no pointer into
// other memory that has to mean something in another process.
//
// Throws std::system_error if there is no memory, and what T's constructor
// throws. Movable, not copyable.
#ifndef LOCKCHECK_PROCESS_SHARED_H_
#define LOCKCHECK_PROCESS_SHARED_H_

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/robust.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::process {

template <typename T>
class shared {
  static constexpr bool kTakesPlace =
      !std::is_aggregate_v<T> &&
      std::is_constructible_v<T, const char*, source_location>;
  // One that begins with so many: permits, participants.
  static constexpr bool kTakesNumber =
      !std::is_aggregate_v<T> &&
      std::is_constructible_v<T, ptrdiff_t, const char*, source_location>;

 public:
  // Of a primitive: its place is the call's.
  explicit shared(source_location where = source_location::current()) requires(
      kTakesPlace)
      : memory_(Map()), value_(new (memory_.get()) T(where)) {}
  explicit shared(
      const char* name,
      source_location where = source_location::current()) requires(kTakesPlace)
      : memory_(Map()), value_(new (memory_.get()) T(name, where)) {}
  explicit shared(
      ptrdiff_t begins_with,
      source_location where = source_location::current()) requires(kTakesNumber)
      : memory_(Map()), value_(new (memory_.get()) T(begins_with, where)) {}
  shared(
      ptrdiff_t begins_with, const char* name,
      source_location where = source_location::current()) requires(kTakesNumber)
      : memory_(Map()),
        value_(new (memory_.get()) T(begins_with, name, where)) {}
  template <typename... Args>
  requires(!kTakesPlace && !kTakesNumber &&
           std::is_constructible_v<T, Args...> &&
           !(std::is_same_v<std::remove_cvref_t<Args>, shared> ||
             ...)) explicit shared(Args&&... args)
      : memory_(Map()),
        value_(new (memory_.get()) T(std::forward<Args>(args)...)) {}
  shared(shared&& other) noexcept
      : memory_(std::move(other.memory_)),
        value_(std::exchange(other.value_, nullptr)),
        maker_(other.maker_) {}
  shared& operator=(shared&& other) noexcept {
    if (this == &other) return *this;
    Destroy();
    memory_ = std::move(other.memory_);
    value_ = std::exchange(other.value_, nullptr);
    maker_ = other.maker_;
    return *this;
  }
  ~shared() { Destroy(); }

  T* get() const noexcept { return value_; }
  T& operator*() const noexcept { return *value_; }
  T* operator->() const noexcept { return value_; }

 private:
  // Behind the beginning of a page: what the recorder writes of a thread lies
  // there in another page, and to the processor the low bits of the two
  // addresses would be the same.
  static constexpr size_t kOffset = alignof(T) > 512 ? 0 : 512;
  static constexpr size_t kBytes = kOffset + sizeof(T);

  struct Unmap {
    void operator()(void* memory) const {
      munmap(static_cast<char*>(memory) - kOffset, kBytes);
    }
  };
  using Memory = std::unique_ptr<void, Unmap>;

  static Memory Map() {
    void* const memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      internal::ThrowRobust(errno, "lockcheck: process::shared");
    }
    return Memory(static_cast<char*>(memory) + kOffset);
  }
  void Destroy() {
    if (value_ != nullptr && maker_ == getpid()) value_->~T();
    value_ = nullptr;
    memory_.reset();
  }

  Memory memory_;
  T* value_;
  pid_t maker_ = getpid();
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::process

#endif  // LOCKCHECK_PROCESS_SHARED_H_
