// pthread's robust mutex in shared memory, by which a process::mutex excludes:
// the kernel lets the next one in when its owner dies, whoever kills it.
#ifndef LOCKCHECK_INTERNAL_ROBUST_H_
#define LOCKCHECK_INTERNAL_ROBUST_H_

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <exception>
#include <system_error>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/deadline.h"

// ThreadSanitizer's, if the program has it: g++ 12's does not know
// pthread_mutex_clocklock() and would call the unlock wrong.
extern "C" {
[[gnu::weak]] void __tsan_mutex_pre_lock(void* mutex, unsigned flags);
[[gnu::weak]] void __tsan_mutex_post_lock(void* mutex, unsigned flags,
                                          int recursion);
}

namespace lockcheck::inline LOCKCHECK_ABI::internal {

[[noreturn]] inline void ThrowRobust([[maybe_unused]] int error,
                                     [[maybe_unused]] const char* what) {
#if defined(__cpp_exceptions)
  throw std::system_error(std::error_code(error, std::generic_category()),
                          what);
#else
  std::terminate();
#endif
}

class RobustMutex {
 public:
  explicit RobustMutex(bool recursive = false) noexcept {
    pthread_mutexattr_t how;
    pthread_mutexattr_init(&how);
    if (recursive) pthread_mutexattr_settype(&how, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex_, &how);
    pthread_mutexattr_destroy(&how);
  }
  ~RobustMutex() { pthread_mutex_destroy(&mutex_); }
  RobustMutex(const RobustMutex&) = delete;
  RobustMutex& operator=(const RobustMutex&) = delete;

  // 0; EOWNERDEAD, and it is taken all the same; or why it is not.
  int Lock() noexcept { return pthread_mutex_lock(&mutex_); }
  int TryLock() noexcept {
    const int result = pthread_mutex_trylock(&mutex_);
    if (__builtin_expect(result == ENOTRECOVERABLE, false)) LetGo();
    return result;
  }
  int LockUntil(const Deadline& deadline) noexcept {
    const timespec time = {static_cast<time_t>(deadline.seconds),
                           static_cast<long>(deadline.nanoseconds)};
    const int result = pthread_mutex_clocklock(
        &mutex_, deadline.realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, &time);
    if (result == 0 || result == EOWNERDEAD) AnnounceTimedLock();
    return result;
  }
  // glibc says of an inner level of a recursive one whose owner before died
  // that it is not recoverable, and keeps it.
  int Unlock() noexcept {
    const int result = pthread_mutex_unlock(&mutex_);
    return __builtin_expect(result == ENOTRECOVERABLE, false) ? 0 : result;
  }
  int MakeConsistent() noexcept { return pthread_mutex_consistent(&mutex_); }

  // The kernel's id of the thread that has it; 0: nobody. It reads the word by
  // which the kernel knows the owner.
  uint32_t OwnerTid() const noexcept {
    constexpr uint32_t kTid = 0x3fffffff;
    return Word() & kTid;
  }
  // How it looks to who only looks.
  enum class Condition { kSound, kOwnerDied, kNotRecoverable };
  Condition HowItIs() const noexcept {
    // glibc's, as owner: it was had from a dead one, and is not consistent yet;
    // or nobody gets it any more.
    constexpr int kInconsistent = 0x7fffffff, kGivenUp = 0x7ffffffe;
    constexpr uint32_t kOwnerDied = 0x40000000;
    const int owner = __atomic_load_n(&mutex_.__data.__owner, __ATOMIC_RELAXED);
    return owner == kGivenUp ? Condition::kNotRecoverable
           : owner == kInconsistent || (Word() & kOwnerDied) != 0
               ? Condition::kOwnerDied
               : Condition::kSound;
  }

  // Of a recursive one, by its owner: how often it has it.
  uint32_t Depth() const noexcept { return mutex_.__data.__count; }
  void SetDepth(uint32_t depth) noexcept { mutex_.__data.__count = depth; }

 private:
  uint32_t Word() const noexcept {
    return static_cast<uint32_t>(
        __atomic_load_n(&mutex_.__data.__lock, __ATOMIC_RELAXED));
  }
  void AnnounceTimedLock() noexcept {
    constexpr unsigned kTryLock = 1 << 4;
    if (__tsan_mutex_post_lock == nullptr) return;
    __tsan_mutex_pre_lock(&mutex_, kTryLock);
    __tsan_mutex_post_lock(&mutex_, kTryLock, 0);
  }
  // glibc 2.36's trylock says that the mutex is not recoverable and keeps its
  // word, so that whoever comes next would wait for ever.
  void LetGo() noexcept {
    if (OwnerTid() != static_cast<uint32_t>(gettid())) return;
    __atomic_store_n(&mutex_.__data.__lock, 0, __ATOMIC_RELEASE);
    syscall(SYS_futex, &mutex_.__data.__lock, FUTEX_WAKE, INT_MAX, nullptr,
            nullptr, 0);
  }

  pthread_mutex_t mutex_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_ROBUST_H_
