// For tests that look at their own process: where its log is, and how far each
// of its threads has written.
#ifndef LOCKCHECK_INTERNAL_OBSERVE_H_
#define LOCKCHECK_INTERNAL_OBSERVE_H_

#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/abi.h"

// Defined by a program that wants options without setting LOCKCHECK_OPTIONS,
// which is read after it and counts more. Called before main; the string must
// last.
extern "C" const char* lockcheck_default_options() noexcept;

namespace lockcheck::inline LOCKCHECK_ABI::internal {

struct ThreadMark {
  uint32_t actor;
  uint32_t segment;  // number of the present one
  uint32_t words;    // of it, written so far
};

struct LogState {
  bool stopped;      // what is done now is not recorded
  uint64_t claimed;  // blocks of the file, so far
  uint64_t ring;     // how many of them the file keeps, the newest; 0: all
};

// The log's path, or nullptr: nothing is recorded.
const char* LogPath() noexcept;
// Whether that is so because somebody said mode=off.
bool IsOffByChoice() noexcept;
// Whether this process made its log, where lockcheck_default_options() said.
bool HasLogByDefault() noexcept;
// LOCKCHECK_OPTIONS=on_deadlock=throw.
bool ThrowsOnDeadlock() noexcept;
// All zeros if nothing is recorded.
LogState StateOfLog() noexcept;
// Time-stamp counter, as in the log.
uint64_t LogTicks() noexcept;
// The threads that record now; returns how many there are, of which the first
// `size` are in `marks`. What they write meanwhile may be before or after it.
// Never blocks for longer than a thread takes to begin or end.
size_t MarkThreads(ThreadMark* marks, size_t size) noexcept;
// How many locks the calling thread holds; permits do not count.
size_t HeldByThisThread() noexcept;
bool IsHeldByThisThread(const void* lock) noexcept;
// LOCKCHECK_OPTIONS=suppressions= and baseline=, or "".
const char* SuppressionsPath() noexcept;
const char* BaselinePath() noexcept;

// What has locked up the program, or a part of it.
enum class LockUp : uint8_t {
  kClosed,      // the calling thread's request closes a deadlock
  kToStay,      // the same; a join, or a wait's taking its lock again, which
                // does not throw under on_deadlock=throw
  kNobodyLeft,  // everybody waits, and somebody is in others' way or is owed
  kStall,       // everybody waits, in nobody's way: else no more than a hazard
};
// Called when that has happened, before anything is said and on_deadlock= is
// obeyed; it may end the process. Where nobody closed it a thread of the
// runtime's own calls, and `deadlock` is null. True: it has told the user.
// SayDeadlock() prints names and addresses.
using DeadlockHook = bool (*)(LockUp how, const void* deadlock);
void SetDeadlockHook(DeadlockHook hook) noexcept;
void SayDeadlock(const void* deadlock) noexcept;
// Whether what is waited for is a lock whose owner only the parent process has.
bool IsOwnerInParent(const void* deadlock) noexcept;

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_OBSERVE_H_
