// process::shared_mutex: readers or one writer, in memory that processes share;
// survives the death of any of them.
//
// It must lie in such memory: see process/shared.h. All processes of one
// recording know it as one object.
//
// A writer that dies while it writes leaves what the lock protects half done:
// lock() and lock_shared() say so (previous_owner::died, and owner_died())
// until a writer has repaired it and calls consistent(). A writer that unlocks
// without makes the lock not recoverable: whoever asks for it from then on gets
// std::system_error(state_not_recoverable), by the blocking and the timed
// forms; a try is false. A process that dies while it reads leaves nothing
// behind: a writer that waits for it finds within 20 ms that it is gone. A
// thread that ends while it reads is no such thing: its process reads on.
//
// Interface, blocking behaviour and exceptions are those of
// std::shared_timed_mutex else, and misuse is said as of
// lockcheck::shared_mutex. Readers go first, as there: a reader is not kept out
// by a writer that waits, and may read again what it reads. unlock() by another
// thread than the writer throws std::system_error(operation_not_permitted); a
// forked child neither writes nor reads what its parent does. Readers are
// counted by process: with mode=off unlock_shared() by a thread that reads
// nothing ends another one's reading.
//
// The processes must see each other's process ids (one pid namespace). If 128
// processes read at once, one more reads alone: others that come wait for it.
//
// The name is copied; 63 bytes are kept. Cost: an uncontended pair is two of a
// robust pthread mutex for a reader, one for a writer, and as much again to be
// recorded. Size: 1.4 KB. Any thread of any process may use it.
#ifndef LOCKCHECK_PROCESS_SHARED_MUTEX_H_
#define LOCKCHECK_PROCESS_SHARED_MUTEX_H_

#include "lockcheck/process/mutex.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/process_shared_mutex_disabled.h"
#else

namespace lockcheck::inline LOCKCHECK_ABI::process {

class LOCKCHECK_SHARED_CAPABILITY("shared_mutex") shared_mutex {
 public:
  static constexpr internal::LockKind kLockKind =
      internal::LockKind::kProcessSharedMutex;

  shared_mutex(source_location where = source_location::current()) noexcept
      : state_(nullptr, where) {}
  explicit shared_mutex(
      const char* name,
      source_location where = source_location::current()) noexcept
      : state_(name, where) {}
  shared_mutex(const shared_mutex&) = delete;
  shared_mutex& operator=(const shared_mutex&) = delete;

  LOCKCHECK_ALWAYS_INLINE previous_owner lock() LOCKCHECK_ACQUIRE() {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    LockAt(slot);
    return Found();
  }
  LOCKCHECK_ALWAYS_INLINE bool try_lock() noexcept LOCKCHECK_TRY_ACQUIRE(true) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return TryLockAt(slot);
  }
  // Block for at most `duration`; not at all if it is not positive.
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_for(
      const std::chrono::duration<Rep, Period>& duration)
      LOCKCHECK_TRY_ACQUIRE(true) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return Announced(internal::TimedLockProcessUncommon(
        state_, slot, LOCKCHECK_CALLER(), internal::DeadlineAfter(duration)));
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_until(
      const std::chrono::time_point<Clock, Duration>& time)
      LOCKCHECK_TRY_ACQUIRE(true) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return Announced(TimedUntil(time, slot, LOCKCHECK_CALLER(), false));
  }
  LOCKCHECK_ALWAYS_INLINE void unlock() LOCKCHECK_RELEASE() {
    internal::AnnounceRelease(&state_);
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    internal::UnlockProcessUncommon(state_, slot, LOCKCHECK_CALLER());
  }

  LOCKCHECK_ALWAYS_INLINE previous_owner lock_shared()
      LOCKCHECK_ACQUIRE_SHARED() {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    LockSharedAt(slot);
    return Found();
  }
  LOCKCHECK_ALWAYS_INLINE bool try_lock_shared() noexcept
      LOCKCHECK_TRY_ACQUIRE_SHARED(true) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return AnnouncedRead(internal::TryLockProcessUncommon(
        state_, slot, LOCKCHECK_CALLER(), true));
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_shared_for(
      const std::chrono::duration<Rep, Period>& duration)
      LOCKCHECK_TRY_ACQUIRE_SHARED(true) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return AnnouncedRead(internal::TimedLockProcessUncommon(
        state_, slot, LOCKCHECK_CALLER(), internal::DeadlineAfter(duration),
        true));
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_shared_until(
      const std::chrono::time_point<Clock, Duration>& time)
      LOCKCHECK_TRY_ACQUIRE_SHARED(true) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return AnnouncedRead(TimedUntil(time, slot, LOCKCHECK_CALLER(), true));
  }
  LOCKCHECK_ALWAYS_INLINE void unlock_shared() LOCKCHECK_RELEASE_SHARED() {
    internal::AnnounceRelease(Readers());
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    internal::UnlockSharedProcessUncommon(state_, slot, LOCKCHECK_CALLER());
  }

  // Of who has it: whether a writer died while it had the lock, and nobody has
  // called consistent() since.
  bool owner_died() const noexcept { return state_.guard.owner_died(); }

  // By the writer: what a dead one left is repaired. Throws std::system_error:
  // invalid_argument if there is nothing to repair, operation_not_permitted if
  // this thread does not write.
  void consistent() {
    if (const int error = state_.guard.MakeConsistent()) {
      internal::ThrowRobust(error,
                            "lockcheck: consistent() of a lock whose previous "
                            "owner did not die, or by another than its writer");
    }
  }

 private:
  friend struct internal::LockAccess;
  LOCKCHECK_ALWAYS_INLINE void LockAt(internal::SiteSlot* slot) {
    internal::LockProcessUncommon(state_, slot, LOCKCHECK_CALLER());
    Announced(true);
  }
  LOCKCHECK_ALWAYS_INLINE void LockSharedAt(internal::SiteSlot* slot) {
    internal::LockProcessUncommon(state_, slot, LOCKCHECK_CALLER(), true);
    AnnouncedRead(true);
  }
  LOCKCHECK_ALWAYS_INLINE bool TryLockAt(internal::SiteSlot* slot) noexcept {
    return Announced(
        internal::TryLockProcessUncommon(state_, slot, LOCKCHECK_CALLER()));
  }
  LOCKCHECK_ALWAYS_INLINE bool TryLockMemberAt(internal::SiteSlot* slot,
                                               uint32_t held) {
    return Announced(internal::LockProcessMemberUncommon(
        state_, slot, LOCKCHECK_CALLER(), held));
  }
  template <typename Clock, typename Duration>
  bool TimedUntil(const std::chrono::time_point<Clock, Duration>& time,
                  internal::SiteSlot* slot, internal::Caller caller,
                  bool reads) {
    return internal::Until(time, [&](const internal::Deadline& deadline) {
      return internal::TimedLockProcessUncommon(state_, slot, caller, deadline,
                                                reads);
    });
  }
  previous_owner Found() const noexcept {
    return owner_died() ? previous_owner::died : previous_owner::released;
  }
  // As of lockcheck::shared_mutex.
  void* Readers() { return &state_.last_reader; }
  LOCKCHECK_ALWAYS_INLINE bool Announced(bool taken) {
    if (taken) {
      internal::AnnounceAcquired(&state_);
      internal::AnnounceAcquired(Readers());
    }
    return taken;
  }
  LOCKCHECK_ALWAYS_INLINE bool AnnouncedRead(bool taken) {
    if (taken) internal::AnnounceAcquired(&state_);
    return taken;
  }

  internal::ProcessSharedState state_;
};
static_assert(sizeof(shared_mutex) <= 1408);

}  // namespace lockcheck::inline LOCKCHECK_ABI::process

#endif  // !LOCKCHECK_DISABLED
#endif  // LOCKCHECK_PROCESS_SHARED_MUTEX_H_
