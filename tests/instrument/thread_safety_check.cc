// What clang's -Wthread-safety must accept, and refuse with one of
// WITHOUT_LOCK, WITHOUT_GIL, WITHOUT_UNLOCK, WITHOUT_RETAKE.
#include "lockcheck/lockcheck.h"

class Account {
 public:
  void Deposit(int amount) {
#if !defined(WITHOUT_LOCK)
    const lockcheck::lock_guard guard(mutex_);
#endif
    balance_ += amount;
  }
  void Unique() {
    lockcheck::unique_lock guard(mutex_);
    ++balance_;
    guard.unlock();
    guard.lock();
    ++balance_;
  }
  void ByHand() {
    mutex_.lock();
    ++balance_;
    mutex_.unlock();
    if (mutex_.try_lock()) {
      ++balance_;
      mutex_.unlock();
    }
  }
  void Move(Account& other) {
    const lockcheck::scoped_lock guard(mutex_, other.mutex_);
    ++balance_;
    --other.balance_;
  }
  void Scoped() {
    const lockcheck::scoped_lock guard(mutex_);
    ++balance_;
  }
  void Recursive() {
    const lockcheck::lock_guard guard(recursive_);
    ++also_guarded_;
  }
  void Timed() {
    if (timed_.try_lock_for(std::chrono::milliseconds(1))) {
      ++timed_guarded_;
      timed_.unlock();
    }
  }
  void Conditions() {
    lockcheck::unique_lock guard(mutex_);
    const auto positive = [this]() LOCKCHECK_REQUIRES(mutex_) {
      return balance_ > 0;
    };
    changed_.wait(guard);
    ++balance_;
    changed_.wait(guard, positive);
    ++balance_;
    while (balance_ < 0) {
      if (changed_.wait_for(guard, kMoment) == lockcheck::cv_status::timeout) {
        --balance_;
      }
    }
    if (changed_.wait_for(guard, kMoment, positive)) ++balance_;
    const auto soon = std::chrono::steady_clock::now() + kMoment;
    changed_.wait_until(guard, soon);
    if (changed_.wait_until(guard, soon, positive)) ++balance_;
    changed_.notify_all();
  }
  void AnyConditions(std::stop_token token) {
    lockcheck::unique_lock guard(mutex_);
    const auto positive = [this]() LOCKCHECK_REQUIRES(mutex_) {
      return balance_ > 0;
    };
    any_.wait(guard);
    any_.wait(guard, positive);
    any_.wait_for(guard, kMoment);
    if (any_.wait_for(guard, kMoment, positive)) ++balance_;
    if (any_.wait(guard, token, positive)) ++balance_;
    if (any_.wait_for(guard, token, kMoment, positive)) ++balance_;
    ++balance_;
    any_.notify_one();
  }

 private:
  static constexpr std::chrono::milliseconds kMoment{1};
  lockcheck::condition_variable changed_;
  lockcheck::condition_variable_any any_;
  lockcheck::mutex mutex_;
  lockcheck::recursive_mutex recursive_;
  lockcheck::timed_mutex timed_;
  int balance_ LOCKCHECK_GUARDED_BY(mutex_) = 0;
  int also_guarded_ LOCKCHECK_GUARDED_BY(recursive_) = 0;
  int timed_guarded_ LOCKCHECK_GUARDED_BY(timed_) = 0;
};

class Interpreter {
 public:
  void Step() LOCKCHECK_REQUIRES(gil_) {
    gil_.tick();
    gil_.lock(mutex_);
    ++written_;
#if !defined(WITHOUT_UNLOCK)
    mutex_.unlock();
#endif
  }
  void Locks() LOCKCHECK_REQUIRES(gil_) {
    gil_.lock(recursive_);
    recursive_.unlock();
    gil_.lock(timed_);
    timed_.unlock();
    gil_.lock(shared_);
    shared_.unlock();
    gil_.acquire(permits_);
    permits_.release();
    gil_.wait(event_);
  }
  void LocksInTime() LOCKCHECK_REQUIRES(gil_) {
    if (gil_.try_lock_for(timed_, kTime)) timed_.unlock();
    if (gil_.try_lock_until(timed_, Clock::now())) timed_.unlock();
    if (gil_.try_acquire_for(permits_, kTime)) permits_.release();
    if (gil_.try_acquire_until(permits_, Clock::now())) permits_.release();
    (void)gil_.wait_for(event_, kTime);
    (void)gil_.wait_until(event_, Clock::now());
  }
  void Run() {
    gil_.lock();
    Step();
    gil_.unlock();
    if (gil_.try_lock()) {
      Locks();
      gil_.unlock();
    }
    if (gil_.try_lock_for(kTime)) {
      LocksInTime();
      gil_.unlock();
    }
    if (gil_.try_lock_until(Clock::now())) gil_.unlock();
#if !defined(WITHOUT_GIL)
    const lockcheck::lock_guard guard(gil_);
#endif
    Step();
  }
  void Read() {
    const lockcheck::lock_guard guard(gil_);
    ++steps_;
    {
      const lockcheck::gil::release_scope reading(gil_);
#if defined(WITHOUT_RETAKE)
      ++steps_;
#endif
    }
    ++steps_;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kTime{1};

  lockcheck::gil gil_;
  lockcheck::mutex mutex_;
  lockcheck::recursive_mutex recursive_;
  lockcheck::timed_mutex timed_;
  lockcheck::shared_mutex shared_;
  lockcheck::counting_semaphore<> permits_{1};
  lockcheck::event event_;
  int written_ LOCKCHECK_GUARDED_BY(mutex_) = 0;
  int steps_ LOCKCHECK_GUARDED_BY(gil_) = 0;
};

void Use(Interpreter& interpreter) {
  interpreter.Run();
  interpreter.Read();
}

void Use(Account& account, Account& other) {
  account.Deposit(1);
  account.Unique();
  account.ByHand();
  account.Move(other);
  account.Scoped();
  account.Recursive();
  account.Timed();
  account.Conditions();
  account.AnyConditions({});
}
