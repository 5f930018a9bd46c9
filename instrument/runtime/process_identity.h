// Who an object in memory that processes share is, in each of them.
//
// It has a number that no other object has, by which each process finds what it
// keeps of it; its name and its place lie beside it, as text, for a pointer
// means nothing elsewhere; and it belongs to the recording that came first,
// whose log knows it by one id.
//
// Threading: any.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_IDENTITY_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_IDENTITY_H_

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "instrument/runtime/thread.h"
#include "lockcheck/internal/process_lock.h"

namespace lockcheck::runtime {

// For an object that is made.
uint64_t NewNumber();
struct MadeNames {
  const char* name;  // may be null
  const char* file;
};
using ProcessNameText = char[internal::ProcessState::kNameBytes];
using ProcessFileText = char[internal::ProcessState::kFileBytes];
// Of a name the beginning is kept, of a file the end, which says more.
void CopyNames(const MadeNames& made, ProcessNameText& name,
               ProcessFileText& file);

// What a place is known by (ObjectFacts::place_key): by content, for it is
// another copy in each object.
uint64_t PlaceKey(const char* file, uint32_t line);

// Whether this thread's process has a log, in which objects are what they are
// for other processes too.
bool HasOwnLog(const Thread* t);

inline bool IsGone(uint32_t pid) {
  return kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH;
}

// Whether the object is this recording's, or is so from now on. `guarded`: the
// caller has its guard, so that it may be taken from a recording whose process
// is gone; `reset` then forgets what that has written into it.
template <typename Reset>
bool ClaimFor(std::atomic<uint64_t>& recording,
              std::atomic<uint32_t>& claimed_by, bool guarded, Reset reset) {
  const uint64_t mine = internal::g_recording.load(std::memory_order_relaxed);
  uint64_t of = recording.load(std::memory_order_acquire);
  if (of == mine) return true;
  // Nobody has written into it yet.
  bool claimed = of == 0 && recording.compare_exchange_strong(of, mine);
  if (!claimed && of == mine) return true;
  if (!claimed && guarded &&
      IsGone(claimed_by.load(std::memory_order_relaxed))) {
    reset();
    recording.store(mine, std::memory_order_release);
    claimed = true;
  }
  if (claimed) claimed_by.store(static_cast<uint32_t>(getpid()));
  return claimed;
}

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_IDENTITY_H_
