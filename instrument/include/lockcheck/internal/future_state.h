// What a promise and its futures share.
//
// Problem: a promise may be destroyed by who has got its value, while the one
// who gave it is still waking others; so whoever fulfils holds the state for as
// long as that takes. And a future of async() or a deferred one is not only
// waited for: its last owner joins the thread, the first who waits runs the
// function. Those are virtual.
//
// Threading: all functions may run at the same time.
#ifndef LOCKCHECK_INTERNAL_FUTURE_STATE_H_
#define LOCKCHECK_INTERNAL_FUTURE_STATE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <future>
#include <memory>
#include <new>
#include <thread>
#include <type_traits>
#include <utility>

#include "lockcheck/internal/waitable.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

[[noreturn]] void ThrowFutureError(std::future_errc code);
std::exception_ptr BrokenPromise();

class FutureState : protected Waitable<WaitKind::kFuture> {
 public:
  FutureState(const char* name, source_location where) noexcept
      : Waitable(name, where) {}

  // By async(), which is told no place.
  using Waitable::MadeAt;
  void Hold() noexcept { owners_.fetch_add(1, std::memory_order_relaxed); }
  // True: this was the last owner, which has to call End().
  bool LetGo() noexcept {
    return owners_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }
  bool HasOtherOwners() const noexcept {
    return owners_.load(std::memory_order_acquire) != 1;
  }
  // Destroys it; may block until a thread has ended. In the thread that still
  // runs the function, that is left to the end of the function.
  virtual void End(SiteSlot* slot, Caller caller) noexcept = 0;

  // False: there is a future already.
  bool GiveFuture() noexcept {
    return !has_future_.exchange(true, std::memory_order_relaxed);
  }

  bool IsReady() const noexcept {
    return status_.load(std::memory_order_seq_cst) == kReady;
  }
  // A function is to be run by who waits first.
  virtual bool IsDeferred() const noexcept { return false; }

  void WaitAt(SiteSlot* slot, Caller caller) {
    Complete(slot, caller);
    NoteAwaited();
    AwaitAt(slot, caller, nullptr, [this] { return IsReady(); });
    Found(How::kBlocking, slot, caller);
  }
  template <typename Rep, typename Period>
  std::future_status WaitForAt(
      SiteSlot* slot, Caller caller,
      const std::chrono::duration<Rep, Period>& duration) {
    return TimedWait(HowFor(duration), slot, caller, [&](auto is_ready) {
      return AwaitFor(slot, caller, duration, is_ready);
    });
  }
  template <typename Clock, typename Duration>
  std::future_status WaitUntilAt(
      SiteSlot* slot, Caller caller,
      const std::chrono::time_point<Clock, Duration>& time) {
    return TimedWait(How::kTimed, slot, caller, [&](auto is_ready) {
      return AwaitUntil(slot, caller, time, is_ready);
    });
  }

  // Of a state that is ready.
  void RethrowError() const {
    if (error_ != nullptr) std::rethrow_exception(error_);
  }

  // Keeps what `store` stores; throws promise_already_satisfied if there is
  // something already. If `store` throws, there is nothing still.
  template <typename Store>
  void Keep(Store store) {
    Storing storing(*this);
    store();
    storing.Done();
  }
  void KeepError(std::exception_ptr error) {
    Keep([&] { StoreError(std::move(error)); });
  }
  // Within Keep().
  void StoreError(std::exception_ptr error) noexcept {
    error_ = std::move(error);
  }
  // Shows what is kept.
  void Publish(SiteSlot* slot, Caller caller) noexcept {
    status_.store(kReady, std::memory_order_release);
    PostAt({PostKind::kFulfil, kAllWaiters, kFulfilled, 1}, slot, caller);
  }
  // When the calling thread ends.
  void PublishAtThreadExit(SiteSlot* slot);
  // Whoever promised is gone, and has kept nothing.
  void Break(SiteSlot* slot, Caller caller) noexcept {
    if (status_.load(std::memory_order_relaxed) != kEmpty) return;
    KeepError(BrokenPromise());
    Publish(slot, caller);
  }

 protected:
  static constexpr uint32_t kFulfilled = 1;  // as a number of an act

  ~FutureState() = default;
  // Does what has to be done before somebody waits.
  virtual void Complete(SiteSlot*, Caller) {}
  // Records that this thread found it ready.
  virtual void Found(How how, SiteSlot* slot, Caller caller) noexcept {
    TakeAt(kFulfilled, how, slot, caller);
  }
  // Publish() without a record, if nobody waits: either this sees who is about
  // to wait, or that one sees that it is ready.
  void PublishIfAwaited(SiteSlot* slot, Caller caller) noexcept {
    status_.exchange(kReady);
    if (awaited_.load()) {
      PostAt({PostKind::kFulfil, kAllWaiters, kFulfilled, 1}, slot, caller);
    }
  }
  // Of a value, not of an error.
  bool HasValue() const noexcept {
    return status_.load(std::memory_order_relaxed) >= kKept &&
           error_ == nullptr;
  }

 private:
  // kAwaited: stored to, and somebody waits for the end of that.
  enum Status : uint32_t { kEmpty, kStoring, kAwaited, kKept, kReady };

  // Another one who stores may fail, and is waited for: it may be a function
  // that runs for long.
  class Storing {
   public:
    explicit Storing(FutureState& state) : state_(state) {
      uint32_t seen = kEmpty;
      while (!state_.status_.compare_exchange_weak(seen, kStoring,
                                                   std::memory_order_acquire)) {
        if (seen >= kKept) {
          ThrowFutureError(std::future_errc::promise_already_satisfied);
        }
        if (seen == kAwaited ||
            (seen == kStoring &&
             state_.status_.compare_exchange_weak(seen, kAwaited,
                                                  std::memory_order_relaxed))) {
          state_.status_.wait(kAwaited, std::memory_order_relaxed);
        }
        seen = kEmpty;
      }
    }
    ~Storing() {
      const uint32_t before = state_.status_.exchange(
          done_ ? kKept : kEmpty, std::memory_order_release);
      if (__builtin_expect(before == kAwaited, false)) {
        state_.status_.notify_all();
      }
    }
    void Done() { done_ = true; }
    Storing(const Storing&) = delete;
    Storing& operator=(const Storing&) = delete;

   private:
    FutureState& state_;
    bool done_ = false;
  };

  void NoteAwaited() noexcept {
    if (!IsReady()) awaited_.exchange(true);
  }

  template <typename Wait>
  std::future_status TimedWait(How how, SiteSlot* slot, Caller caller,
                               Wait wait) {
    if (!IsReady() && IsDeferred()) return std::future_status::deferred;
    NoteAwaited();
    if (!wait([this] { return IsReady(); })) {
      return std::future_status::timeout;
    }
    Complete(slot, caller);
    Found(how, slot, caller);
    return std::future_status::ready;
  }

  std::atomic<uint32_t> status_{kEmpty};
  std::atomic<uint32_t> owners_{1};
  std::atomic<bool> has_future_{false};
  std::atomic<bool> awaited_{false};
  std::exception_ptr error_;
};

// An owner.
template <typename State>
class StatePtr {
 public:
  StatePtr() noexcept = default;
  // Takes over what the caller holds.
  explicit StatePtr(State* held) noexcept : state_(held) {}
  StatePtr(const StatePtr& other) noexcept : state_(other.state_) {
    if (state_ != nullptr) state_->Hold();
  }
  StatePtr(StatePtr&& other) noexcept : state_(other.Release()) {}
  template <typename Derived>
  requires std::is_base_of_v<State, Derived> StatePtr(StatePtr<Derived> other)
  noexcept : state_(other.Release()) {}
  StatePtr& operator=(const StatePtr&) = delete;
  LOCKCHECK_ALWAYS_INLINE ~StatePtr() {
    if (state_ == nullptr || !state_->LetGo()) return;
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    state_->End(slot, LOCKCHECK_CALLER());
  }

  explicit operator bool() const noexcept { return state_ != nullptr; }
  State* operator->() const noexcept { return state_; }
  State* get() const noexcept { return state_; }
  // Throws no_state if there is none.
  State& operator*() const {
    if (state_ == nullptr) ThrowFutureError(std::future_errc::no_state);
    return *state_;
  }
  void swap(StatePtr& other) noexcept { std::swap(state_, other.state_); }
  // The caller holds it from now on.
  State* Release() noexcept { return std::exchange(state_, nullptr); }

 private:
  State* state_ = nullptr;
};

// A state of class `State`, from an allocator that gives it back.
template <typename State, typename Allocator>
class AllocatedState final : public State {
  using Own = typename std::allocator_traits<Allocator>::template rebind_alloc<
      AllocatedState>;
  using Traits = std::allocator_traits<Own>;

 public:
  template <typename... Args>
  explicit AllocatedState(const Own& own, Args&&... args)
      : State(std::forward<Args>(args)...), own_(own) {}

  template <typename... Args>
  static StatePtr<State> Make(const Allocator& allocator, Args&&... args) {
    Own own(allocator);
    // Gives the memory back if the constructor throws.
    const auto give_back = [&own](AllocatedState* memory) {
      Traits::deallocate(own, memory, 1);
    };
    std::unique_ptr<AllocatedState, decltype(give_back)> memory(
        std::to_address(Traits::allocate(own, 1)), give_back);
    ::new (static_cast<void*>(memory.get()))
        AllocatedState(own, std::forward<Args>(args)...);
    return StatePtr<State>(memory.release());
  }

  void End(SiteSlot* slot, Caller caller) noexcept override {
    if (!State::BeforeEnd(slot, caller)) return;
    Own own = own_;
    this->~AllocatedState();
    Traits::deallocate(own, this, 1);
  }

 private:
  [[no_unique_address]] Own own_;
};

template <typename State, typename... Args>
StatePtr<State> MakeState(Args&&... args) {
  return AllocatedState<State, std::allocator<char>>::Make(
      {}, std::forward<Args>(args)...);
}

// With room for a result of type R, which may be a reference or void.
template <typename R>
class ResultState : public FutureState {
 public:
  using FutureState::FutureState;
  bool BeforeEnd(SiteSlot*, Caller) noexcept { return true; }

  template <typename... Args>
  void Store(Args&&... args) {
    ::new (static_cast<void*>(room_)) R(std::forward<Args>(args)...);
  }
  R& Value() noexcept { return *std::launder(reinterpret_cast<R*>(room_)); }

 protected:
  ~ResultState() {
    if (HasValue()) Value().~R();
  }

 private:
  alignas(R) unsigned char room_[sizeof(R)];
};

template <typename R>
class ResultState<R&> : public FutureState {
 public:
  using FutureState::FutureState;
  bool BeforeEnd(SiteSlot*, Caller) noexcept { return true; }
  void Store(R& value) noexcept { value_ = std::addressof(value); }
  R& Value() noexcept { return *value_; }

 private:
  R* value_ = nullptr;
};

template <>
class ResultState<void> : public FutureState {
 public:
  using FutureState::FutureState;
  bool BeforeEnd(SiteSlot*, Caller) noexcept { return true; }
  void Store() noexcept {}
  void Value() noexcept {}
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_FUTURE_STATE_H_
