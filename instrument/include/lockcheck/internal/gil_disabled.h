// LOCKCHECK_DISABLED: the gil over std's mutex and condition variable. There is
// no std type to stand in for it.
#ifndef LOCKCHECK_INTERNAL_GIL_DISABLED_H_
#define LOCKCHECK_INTERNAL_GIL_DISABLED_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <list>
#include <mutex>
#include <span>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/gil_random.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

using GilArbiter = std::function<std::size_t(std::span<const std::thread::id>)>;

class GilCore {
 public:
  GilCore(const char*, source_location) noexcept {}

  void Take() {
    TakeWhen([](auto& turn, auto& lock, auto has_turn) {
      turn.wait(lock, has_turn);
      return true;
    });
  }
  template <typename Rep, typename Period>
  bool TakeFor(const std::chrono::duration<Rep, Period>& duration) {
    // What is added to the present time must fit.
    constexpr std::chrono::hours kVeryLong(24 * 365);
    const bool is_very_long =
        std::chrono::duration<double>(duration) > kVeryLong;
    return TakeWhen([&](auto& turn, auto& lock, auto has_turn) {
      return is_very_long ? turn.wait_for(lock, kVeryLong, has_turn)
                          : turn.wait_for(lock, duration, has_turn);
    });
  }
  template <typename Clock, typename Duration>
  bool TakeUntil(const std::chrono::time_point<Clock, Duration>& time) {
    return TakeWhen([&](auto& turn, auto& lock, auto has_turn) {
      return turn.wait_until(lock, time, has_turn);
    });
  }
  bool TryTake() noexcept {
    const std::lock_guard lock(guard_);
    if (owner_ != std::thread::id()) return false;
    owner_ = std::this_thread::get_id();
    return true;
  }
  void LetGo() {
    const std::lock_guard lock(guard_);
    PassOn(false);
  }
  void Compete() {
    {
      const std::lock_guard lock(guard_);
      if (PassOn(true)) return;
    }
    Take();
  }
  void Retake() { Take(); }
  bool IsWaitedFor() const noexcept {
    return waited_for_.load(std::memory_order_relaxed);
  }
  static bool HoldsMore() noexcept { return false; }
  void Seed(uint64_t seed) noexcept {
    const std::lock_guard lock(guard_);
    random_ = seed;
  }
  void SetArbiter(GilArbiter arbiter) {
    const std::lock_guard lock(guard_);
    arbiter_ = std::move(arbiter);
  }

 private:
  struct Waiter {
    std::thread::id thread;
    bool has_turn;
    std::condition_variable turn;
  };

  template <typename Wait>
  bool TakeWhen(Wait wait) {
    std::unique_lock lock(guard_);
    if (owner_ == std::thread::id() && waiting_.empty()) {
      owner_ = std::this_thread::get_id();
      return true;
    }
    Waiter waiter{std::this_thread::get_id(), false, {}};
    waiting_.push_back(&waiter);
    waited_for_.store(true, std::memory_order_relaxed);
    if (wait(waiter.turn, lock, [&] { return waiter.has_turn; })) return true;
    waiting_.remove(&waiter);
    waited_for_.store(!waiting_.empty(), std::memory_order_relaxed);
    return false;
  }
  // True: the caller has it again.
  bool PassOn(bool competes) {
    if (owner_ != std::this_thread::get_id()) ThrowNotOwner();
    std::vector<std::thread::id> candidates;
    for (const Waiter* waiter : waiting_) candidates.push_back(waiter->thread);
    if (competes) candidates.push_back(owner_);
    if (candidates.empty()) {
      owner_ = std::thread::id();
      return false;
    }
    const std::size_t chosen = ChoiceAmong(candidates);
    if (chosen >= waiting_.size()) return true;
    const auto it = std::next(waiting_.begin(), static_cast<long>(chosen));
    owner_ = (*it)->thread;
    (*it)->has_turn = true;
    (*it)->turn.notify_one();
    waiting_.erase(it);
    waited_for_.store(!waiting_.empty(), std::memory_order_relaxed);
    return false;
  }
  std::size_t ChoiceAmong(const std::vector<std::thread::id>& threads) {
    if (!arbiter_) return PickOne(random_, threads.size());
#if defined(__cpp_exceptions)
    try {
      return std::min(arbiter_(threads), threads.size() - 1);
    } catch (...) {
      return PickOne(random_, threads.size());
    }
#else
    return std::min(arbiter_(threads), threads.size() - 1);
#endif
  }
  [[noreturn]] static void ThrowNotOwner() {
#if defined(__cpp_exceptions)
    throw std::system_error(
        std::make_error_code(std::errc::operation_not_permitted),
        "gil: released by a thread that does not hold it");
#else
    std::abort();
#endif
  }

  std::mutex guard_;
  std::thread::id owner_;
  std::list<Waiter*> waiting_;
  std::atomic<bool> waited_for_{false};
  uint64_t random_ = 0;
  GilArbiter arbiter_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_GIL_DISABLED_H_
