// process::shared: one T in memory that processes share.
//
// Of no name: with the children that this process forks from now on.
//
//   struct Account { process::mutex m{"account"}; long balance = 0; };
//   process::shared<Account> account;
//   process::child child([&] { std::lock_guard g(account->m); ... });
//
// The T is destroyed, and the memory given back, when the object goes in the
// process that made it; in a child only the memory is.
//
// By a name: with any process of the machine that may open it, in POSIX shared
// memory (/dev/shm/lockcheck.NAME, for its user alone, as umask has it).
//
//   process::shared<Account> account(process::open_or_create, "account");
//
// Of several who come at once one makes it and the others wait until it is
// finished; a T that is not is never seen, and one whose maker was killed over
// it counts as not there. The T and its name stay when all have closed it, or
// were killed: remove(), or `lockcheck shm clean`, ends it, for those who come
// later, or its last user does if remove_with_last_user() was called; then the
// T is destroyed. A forked child uses its parent's and is no user itself; one
// that outlives its parent opens it again. Processes of one recording know its
// locks as the same ones, whether they were forked or not.
//
// T holds no pointer into other memory that has to mean something in another
// process. Throws what T's constructor throws; std::system_error: there is no
// memory, it exists (create_only), it does not (open_only), it is another
// user's; std::invalid_argument: the name has another type or size, or is no
// name. Without RTTI only sizes are compared. Movable, not copyable.
#ifndef LOCKCHECK_PROCESS_SHARED_H_
#define LOCKCHECK_PROCESS_SHARED_H_

#include <unistd.h>

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/shared_memory.h"
#include "lockcheck/source_location.h"
#if !defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/process_hooks.h"
#endif

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

#if defined(LOCKCHECK_DISABLED)
inline void UseLocksOfOthers() noexcept {}
#endif

template <Naming how>
struct NamedAs {};
template <typename T>
inline constexpr bool kSaysHowNamed = false;
template <Naming how>
inline constexpr bool kSaysHowNamed<NamedAs<how>> = true;

// With the place of the call, which it is converted in.
template <Naming how>
struct NamedHere {
  constexpr NamedHere(NamedAs<how>,
                      source_location here = source_location::current())
      : where(here) {}
  source_location where;
};

}  // namespace internal

namespace process {

inline constexpr internal::NamedAs<internal::Naming::kCreate> create_only{};
inline constexpr internal::NamedAs<internal::Naming::kOpen> open_only{};
inline constexpr internal::NamedAs<internal::Naming::kOpenOrCreate>
    open_or_create{};

// Whoever has it keeps it; whoever comes from now on makes a new one. False:
// there is none of that name. Throws std::system_error.
inline bool remove_shared(const char* name) {
  return internal::RemoveNamed(name);
}

template <typename T>
class shared {
  static constexpr bool kTakesPlace =
      !std::is_aggregate_v<T> &&
      std::is_constructible_v<T, const char*, source_location>;
  // One that begins with so many: permits, participants.
  static constexpr bool kTakesNumber =
      !std::is_aggregate_v<T> &&
      std::is_constructible_v<T, ptrdiff_t, const char*, source_location>;
  template <typename... Args>
  static constexpr bool kTakesNameAndPlace =
      !std::is_aggregate_v<T> &&
      std::is_constructible_v<T, Args..., const char*, source_location>;
  using Naming = internal::Naming;

 public:
  // Of a primitive: its place is the call's.
  explicit shared(source_location where = source_location::current()) requires(
      kTakesPlace)
      : shared(internal::SharedMemory(internal::ShapeOf<T>()), where) {}
  explicit shared(
      const char* name,
      source_location where = source_location::current()) requires(kTakesPlace)
      : shared(internal::SharedMemory(internal::ShapeOf<T>()), name, where) {}
  explicit shared(
      ptrdiff_t begins_with,
      source_location where = source_location::current()) requires(kTakesNumber)
      : shared(internal::SharedMemory(internal::ShapeOf<T>()), begins_with,
               where) {}
  shared(
      ptrdiff_t begins_with, const char* name,
      source_location where = source_location::current()) requires(kTakesNumber)
      : shared(internal::SharedMemory(internal::ShapeOf<T>()), begins_with,
               name, where) {}
  template <typename... Args>
  requires(!kTakesPlace && !kTakesNumber &&
           std::is_constructible_v<T, Args...> &&
           !(std::is_same_v<std::remove_cvref_t<Args>, shared> || ...) &&
           !(internal::kSaysHowNamed<std::remove_cvref_t<Args>> ||
             ...)) explicit shared(Args&&... args)
      : shared(internal::SharedMemory(internal::ShapeOf<T>()),
               std::forward<Args>(args)...) {}

  // A primitive has the same name, and the place is the call's.
  template <typename... Args>
  requires(std::is_constructible_v<T, Args...> || kTakesNameAndPlace<Args...>)
      shared(internal::NamedHere<Naming::kCreate> here, const char* name,
             Args&&... args)
      : shared(Naming::kCreate, name, here.where, std::forward<Args>(args)...) {
  }
  template <typename... Args>
  requires(std::is_constructible_v<T, Args...> || kTakesNameAndPlace<Args...>)
      shared(internal::NamedHere<Naming::kOpenOrCreate> here, const char* name,
             Args&&... args)
      : shared(Naming::kOpenOrCreate, name, here.where,
               std::forward<Args>(args)...) {}
  shared(internal::NamedHere<Naming::kOpen>, const char* name)
      : memory_(Naming::kOpen, name, internal::ShapeOf<T>()),
        value_(Value(memory_)) {
    internal::UseLocksOfOthers();
  }

  shared(shared&& other) noexcept
      : memory_(std::move(other.memory_)),
        value_(std::exchange(other.value_, nullptr)),
        maker_(other.maker_) {}
  shared& operator=(shared&& other) noexcept {
    if (this == &other) return *this;
    Close();
    memory_ = std::move(other.memory_);
    value_ = std::exchange(other.value_, nullptr);
    maker_ = other.maker_;
    return *this;
  }
  ~shared() { Close(); }

  T* get() const noexcept { return value_; }
  T& operator*() const noexcept { return *value_; }
  T* operator->() const noexcept { return value_; }

  // Of a named one: when nobody has it open any more, the T is destroyed and
  // the name removed, whoever closes it last. Who is killed closes it, too, but
  // removes nothing. Otherwise nothing.
  void remove_with_last_user(bool on = true) { memory_.RemoveWithLastUser(on); }

 private:
  template <typename... Args>
  explicit shared(internal::SharedMemory&& memory, Args&&... args)
      : memory_(std::move(memory)), value_(Value(memory_)) {
    new (memory_.value()) T(std::forward<Args>(args)...);
  }
  template <typename... Args>
  shared(Naming how, const char* name, source_location where, Args&&... args)
      : memory_(how, name, internal::ShapeOf<T>()), value_(Value(memory_)) {
    memory_.Construct([&] {
      if constexpr (kTakesNameAndPlace<Args...>) {
        new (memory_.value()) T(std::forward<Args>(args)..., name, where);
      } else {
        new (memory_.value()) T(std::forward<Args>(args)...);
      }
    });
    internal::UseLocksOfOthers();
  }
  static T* Value(const internal::SharedMemory& memory) {
    return static_cast<T*>(memory.value());
  }

  void Close() noexcept {
    if (value_ == nullptr) return;
    if (maker_ == getpid()) {
      if (memory_.is_named()) {
        memory_.EndUse([&] { value_->~T(); });
      } else {
        value_->~T();
      }
    }
    value_ = nullptr;
    memory_.Close();
  }

  internal::SharedMemory memory_;
  T* value_;
  pid_t maker_ = getpid();
};

}  // namespace process
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_PROCESS_SHARED_H_
