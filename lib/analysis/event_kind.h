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
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_EVENT_KIND_H_
