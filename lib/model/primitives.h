// The words every room speaks: what kinds of object there are, how one is
// acquired, how a wait ends, what counts as misuse.
//
// The numbers are written into logs. They are never reused; new ones are added
// at the end. Names for people and for JSON come from the tables here and from
// nowhere else.
//
// This header is read by the runtime inside the program under test: it includes
// only the freestanding part of the standard library.
#ifndef LOCKCHECK_LIB_MODEL_PRIMITIVES_H_
#define LOCKCHECK_LIB_MODEL_PRIMITIVES_H_

#include <cstddef>
#include <cstdint>

namespace lockcheck::model {

// Who has to act before a wait on the object can end.
enum class WaitRule : uint8_t {
  kAll,  // AND: every provider is needed (the owner of a mutex, a joined actor)
  kAny,  // OR: one provider is enough (whoever posts a semaphore)
};

enum class ObjectKind : uint8_t {
  kUnknown = 0,
  kMutex = 1,
  kTimedMutex = 2,
  kRecursiveMutex = 3,
  kRecursiveTimedMutex = 4,
  kActorEnd =
      5,  // END(actor): held by the actor from its first event to its last
  kSharedMutex = 6,
  kSharedTimedMutex = 7,
  kConditionVariable = 8,
};

// A primitive is three answers: what can be held of it, what is waited for, and
// who can end the wait. Analyses read this row, never the kind itself.
struct Primitive {
  ObjectKind kind;
  const char* name;  // as printed, and as "kind" in JSON
  bool exclusive_hold;
  bool recursive;
  WaitRule wait_rule;
};

inline constexpr Primitive kPrimitives[] = {
    // Its definition is lost, or is newer than this reader: most are locks.
    {ObjectKind::kUnknown, "unknown", true, false, WaitRule::kAll},
    {ObjectKind::kMutex, "mutex", true, false, WaitRule::kAll},
    {ObjectKind::kTimedMutex, "timed_mutex", true, false, WaitRule::kAll},
    {ObjectKind::kRecursiveMutex, "recursive_mutex", true, true,
     WaitRule::kAll},
    {ObjectKind::kRecursiveTimedMutex, "recursive_timed_mutex", true, true,
     WaitRule::kAll},
    {ObjectKind::kActorEnd, "thread_end", true, false, WaitRule::kAll},
    {ObjectKind::kSharedMutex, "shared_mutex", true, false, WaitRule::kAll},
    {ObjectKind::kSharedTimedMutex, "shared_timed_mutex", true, false,
     WaitRule::kAll},
    {ObjectKind::kConditionVariable, "condition_variable", false, false,
     WaitRule::kAny},
};

constexpr const Primitive& PrimitiveOf(ObjectKind kind) {
  const auto index = static_cast<size_t>(kind);
  constexpr size_t kCount = sizeof(kPrimitives) / sizeof(kPrimitives[0]);
  return kPrimitives[index < kCount ? index : 0];
}

// If not, a wait for it is for a signal: no contention and no lock order.
constexpr bool CanBeHeld(ObjectKind kind) {
  return PrimitiveOf(kind).exclusive_hold;
}

enum class Mode : uint8_t { kExclusive = 0, kShared = 1 };

// How the acquisition was asked for. Try and timed requests give up, so they
// never close a cycle; what they got is held like anything else.
enum class How : uint8_t {
  kBlocking = 0,
  kTry = 1,
  kTimed = 2,
  kMulti = 3,    // member of a lock(a, b, ...) / scoped_lock(a, b, ...) request
  kRetried = 4,  // a try of std::lock, which begins anew if it fails: in no
                 // log, but known by its place
};

enum class Outcome : uint8_t {
  kAcquired = 0,
  kTimedOut = 1,
  kSignalled = 2,
  kInterrupted = 3,
};

// An act that can end another's wait, other than the release of a lock.
enum class Post : uint8_t {
  kNotifyOne = 1,
  kNotifyAll = 2,
};

enum class Misuse : uint8_t {
  kUnlockFree = 1,     // unlock of a lock nobody holds
  kUnlockByOther = 2,  // unlock by an actor that is not the owner
  kDestroyHeld = 3,    // destroyed while somebody holds it
  kDestroyWaited = 4,  // destroyed while somebody waits for it
  kExitHolding = 5,    // a thread ended and still holds the lock
  kSelfLock = 6,       // blocking lock() of a non-recursive lock by its owner
};

struct MisuseName {
  Misuse misuse;
  const char* rule;      // as "rule" in JSON and in suppressions
  const char* sentence;  // plain words for people
};

inline constexpr MisuseName kMisuses[] = {
    {Misuse::kUnlockFree, "unlock-unheld", "unlocks a lock that nobody holds"},
    {Misuse::kUnlockByOther, "unlock-by-other",
     "unlocks a lock that another actor holds"},
    {Misuse::kDestroyHeld, "destroy-held", "destroys a lock while it is held"},
    {Misuse::kDestroyWaited, "destroy-waited",
     "destroys a lock while somebody waits for it"},
    {Misuse::kExitHolding, "exit-holding", "ends while it still holds a lock"},
    {Misuse::kSelfLock, "self-lock",
     "locks a non-recursive lock that it already holds"},
};

constexpr const MisuseName* NameOf(Misuse misuse) {
  for (const MisuseName& row : kMisuses) {
    if (row.misuse == misuse) return &row;
  }
  return nullptr;
}

}  // namespace lockcheck::model

#endif  // LOCKCHECK_LIB_MODEL_PRIMITIVES_H_
