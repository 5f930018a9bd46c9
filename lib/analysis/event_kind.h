// What an event of a trace is.
#ifndef LOCKCHECK_LIB_ANALYSIS_EVENT_KIND_H_
#define LOCKCHECK_LIB_ANALYSIS_EVENT_KIND_H_

#include <cstdint>

namespace lockcheck::analysis {

enum class EventKind : uint8_t {
  kAcquire,    // a lock
  kRelease,    // a lock
  kTake,       // what was waited for came, or was there; of a permit: acquired
  kPost,       // an act that can end a wait; of a permit: released
  kWaitBegin,  // for a notification or a flag; its kTake comes when it ends
  kFound,      // asked a condition's predicate, and need not wait
  kFork,
  kJoin,
  kRead,    // a variable
  kWrite,   // a variable
  kUpdate,  // reads a variable and writes its next version, in one step
};

// Whether it saw a version of a variable, or made one.
constexpr bool SeesVersion(EventKind kind) {
  return kind == EventKind::kRead || kind == EventKind::kUpdate;
}
constexpr bool MakesVersion(EventKind kind) {
  return kind == EventKind::kWrite || kind == EventKind::kUpdate;
}
constexpr bool IsAccess(EventKind kind) {
  return SeesVersion(kind) || MakesVersion(kind);
}

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_EVENT_KIND_H_
