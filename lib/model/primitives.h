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
  kSemaphore = 9,
  kEvent = 10,
  kLatch = 11,
  kBarrier = 12,
  kFuture = 13,
  kOnceFlag = 14,    // held by whoever runs the function
  kQueue = 15,       // its items; its room and its end are objects of their own
  kQueueSlots = 16,  // room for items: put waits for it
  kQueueDone = 17,   // the end of all tasks: join waits for it
  kThreadPool = 18,  // workers that are free: a task waits for one
  kGil = 19,
  kRegion = 20,      // a blocking call: the outside ends it
  kOperation = 21,   // an asynchronous one
  kQueueClose = 22,  // that a queue is closed: found by who gets or puts
  kCoroutineMutex = 23,
  kProcessMutex = 24,  // in memory that processes share, as the next two
  kProcessRecursiveMutex = 25,
  kProcessSharedMutex = 26,
  kProcessSemaphore = 27,
  kProcessEvent = 28,
  kProcessConditionVariable = 29,
  kProcessBarrier = 30,
  kProcessQueue = 31,  // as kQueue and the others of a queue
  kProcessQueueSlots = 32,
  kProcessQueueDone = 33,
  kProcessQueueClose = 34,
  kProcessPool = 35,  // workers that are free, which are processes
  kCoroutineSharedMutex = 36,
  kAtomic = 37,    // read and written, as the next one: not waited for
  kVariable = 38,  // a plain one
};

// What the object has between a post and the wait that it ends.
enum class Stock : uint8_t {
  kNothing,  // a notification: it ends waits that stand, or none
  kFlag,   // ends all waits until it is cleared; for ever if nothing clears it
  kCount,  // each wait takes one
  kOutstanding,  // one less that was begun and is not over: when none is left,
                 // all waits end until another one is begun
};

// A primitive is three answers: what can be held of it, what is waited for, and
// who can end the wait. Analyses read this row, never the kind itself;
// docs/primitives.md is made of these rows.
struct Primitive {
  ObjectKind kind;
  const char* name;   // as printed, and as "kind" in JSON
  const char* types;  // the program's, in lockcheck/..., for docs
  bool exclusive_hold;
  bool recursive;
  WaitRule wait_rule;
  const char* ended_by;  // what its owner does, or anybody, for docs
  Stock stock = Stock::kNothing;
  bool outside = false;  // what ends the wait is no actor
  // What the value in the records of its acts counts; null: nothing to speak
  // of.
  const char* level = nullptr;
  // It is for the end of what was begun: nobody waits for it because there is
  // nothing to do, as for an event or an item, or, between two rounds, at a
  // barrier.
  bool owed = false;
  // Its units are the places of those who work: a task that takes one has it to
  // its end.
  bool slots = false;
  // One and the same in all processes of a recording.
  bool between_processes = false;
  // Nobody waits for it: it is read and written, and who reads it comes after
  // the write whose value he saw.
  bool data = false;
};

inline constexpr Primitive kPrimitives[] = {
    // Its definition is lost, or is newer than this reader: most are locks.
    {ObjectKind::kUnknown, "unknown", "", true, false, WaitRule::kAll, ""},
    {ObjectKind::kMutex, "mutex", "mutex", true, false, WaitRule::kAll,
     "unlock"},
    {ObjectKind::kTimedMutex, "timed_mutex", "timed_mutex", true, false,
     WaitRule::kAll, "unlock"},
    {ObjectKind::kRecursiveMutex, "recursive_mutex", "recursive_mutex", true,
     true, WaitRule::kAll, "the last unlock"},
    {ObjectKind::kRecursiveTimedMutex, "recursive_timed_mutex",
     "recursive_timed_mutex", true, true, WaitRule::kAll, "the last unlock"},
    {ObjectKind::kActorEnd, "thread_end", "thread, jthread, process::child",
     true, false, WaitRule::kAll, "its end"},
    {ObjectKind::kSharedMutex, "shared_mutex", "shared_mutex", true, false,
     WaitRule::kAll, "unlock; of all readers, for a writer"},
    {ObjectKind::kSharedTimedMutex, "shared_timed_mutex", "shared_timed_mutex",
     true, false, WaitRule::kAll, "unlock; of all readers, for a writer"},
    {ObjectKind::kConditionVariable, "condition_variable",
     "condition_variable, condition_variable_any, "
     "coroutine::condition_variable",
     false, false, WaitRule::kAny, "notify_one, notify_all"},
    {ObjectKind::kSemaphore, "semaphore",
     "counting_semaphore, binary_semaphore, bounded_semaphore, "
     "coroutine::semaphore, coroutine::bounded_semaphore",
     true, false, WaitRule::kAny, "release", Stock::kCount, false, "permits"},
    {ObjectKind::kEvent, "event", "event, coroutine::event", false, false,
     WaitRule::kAny, "set", Stock::kFlag},
    {ObjectKind::kLatch, "latch", "latch", false, false, WaitRule::kAll,
     "arrival of every participant", Stock::kFlag, false, nullptr, true},
    {ObjectKind::kBarrier, "barrier", "barrier", false, false, WaitRule::kAll,
     "arrival of every participant"},
    {ObjectKind::kFuture, "future", "promise, future, shared_future", false,
     false, WaitRule::kAny, "a value or an exception", Stock::kFlag, false,
     nullptr, true},
    {ObjectKind::kOnceFlag, "once_flag", "once_flag, call_once", true, false,
     WaitRule::kAll, "the return of the function"},
    {ObjectKind::kQueue, "queue",
     "queue, lifo_queue, priority_queue, and those of coroutine: get", false,
     false, WaitRule::kAny, "put, close", Stock::kCount, false, "items"},
    {ObjectKind::kQueueSlots, "queue_slots",
     "queue, lifo_queue, priority_queue, and those of coroutine: put", false,
     false, WaitRule::kAny, "get, close", Stock::kCount, false, "room", true},
    {ObjectKind::kQueueDone, "queue_done",
     "queue, lifo_queue, priority_queue, and those of coroutine: join", false,
     false, WaitRule::kAny, "the last task_done", Stock::kOutstanding, false,
     "unfinished", true},
    {ObjectKind::kThreadPool, "thread_pool", "thread_pool", false, false,
     WaitRule::kAny, "the end of a task", Stock::kCount, false, nullptr, false,
     true},
    {ObjectKind::kGil, "gil", "gil", true, false, WaitRule::kAll,
     "unlock, a tick, I/O"},
    {ObjectKind::kRegion, "blocking_region", "blocking_region", false, false,
     WaitRule::kAny, "the outside", Stock::kNothing, true},
    {ObjectKind::kOperation, "async_operation", "async_operation", false, false,
     WaitRule::kAny, "complete, cancel: the outside", Stock::kOutstanding, true,
     "in flight"},
    {ObjectKind::kQueueClose, "queue_close",
     "queue, lifo_queue, priority_queue, and those of coroutine: closed", false,
     false, WaitRule::kAny, "close", Stock::kFlag},
    {ObjectKind::kCoroutineMutex, "coroutine_mutex", "coroutine::mutex", true,
     false, WaitRule::kAll, "unlock"},
    {ObjectKind::kProcessMutex, "process_mutex", "process::mutex", true, false,
     WaitRule::kAll, "unlock, the owner's death", Stock::kNothing, false,
     nullptr, false, false, true},
    {ObjectKind::kProcessRecursiveMutex, "process_recursive_mutex",
     "process::recursive_mutex", true, true, WaitRule::kAll,
     "the last unlock, the owner's death", Stock::kNothing, false, nullptr,
     false, false, true},
    {ObjectKind::kProcessSharedMutex, "process_shared_mutex",
     "process::shared_mutex", true, false, WaitRule::kAll,
     "unlock, the owner's death; of all readers, for a writer", Stock::kNothing,
     false, nullptr, false, false, true},
    {ObjectKind::kProcessSemaphore, "process_semaphore",
     "process::semaphore, process::bounded_semaphore", true, false,
     WaitRule::kAny, "release", Stock::kCount, false, "permits", false, false,
     true},
    {ObjectKind::kProcessEvent, "process_event", "process::event", false, false,
     WaitRule::kAny, "set", Stock::kFlag, false, nullptr, false, false, true},
    {ObjectKind::kProcessConditionVariable, "process_condition_variable",
     "process::condition_variable", false, false, WaitRule::kAny,
     "notify_one, notify_all", Stock::kNothing, false, nullptr, false, false,
     true},
    {ObjectKind::kProcessBarrier, "process_barrier", "process::barrier", false,
     false, WaitRule::kAll, "arrival of every participant", Stock::kNothing,
     false, nullptr, false, false, true},
    {ObjectKind::kProcessQueue, "process_queue", "process::queue: get", false,
     false, WaitRule::kAny, "put, close", Stock::kCount, false, "items", false,
     false, true},
    {ObjectKind::kProcessQueueSlots, "process_queue_slots",
     "process::queue: put", false, false, WaitRule::kAny, "get, close",
     Stock::kCount, false, "room", true, false, true},
    {ObjectKind::kProcessQueueDone, "process_queue_done",
     "process::queue: join", false, false, WaitRule::kAny, "the last task_done",
     Stock::kOutstanding, false, "unfinished", true, false, true},
    {ObjectKind::kProcessQueueClose, "process_queue_close",
     "process::queue: closed", false, false, WaitRule::kAny, "close",
     Stock::kFlag, false, nullptr, false, false, true},
    {ObjectKind::kProcessPool, "process_pool", "process::pool", false, false,
     WaitRule::kAny, "the end of a task", Stock::kCount, false, nullptr, false,
     true, true},
    {ObjectKind::kCoroutineSharedMutex, "coroutine_shared_mutex",
     "coroutine::shared_mutex", true, false, WaitRule::kAll,
     "unlock; of all readers, for a writer"},
    {ObjectKind::kAtomic, "atomic", "atomic", false, false, WaitRule::kAny, "",
     Stock::kNothing, false, nullptr, false, false, false, true},
    {ObjectKind::kVariable, "variable",
     "shared, LOCKCHECK_READ, LOCKCHECK_WRITE", false, false, WaitRule::kAny,
     "", Stock::kNothing, false, nullptr, false, false, false, true},
};

// Rows by kind: a number that is none of these is of a newer writer.
struct PrimitiveRows {
  uint8_t row[64] = {};  // 0: unknown
  constexpr PrimitiveRows() {
    constexpr size_t kCount = sizeof(kPrimitives) / sizeof(kPrimitives[0]);
    for (size_t i = 0; i < kCount; ++i) {
      row[static_cast<size_t>(kPrimitives[i].kind)] = static_cast<uint8_t>(i);
    }
  }
};
inline constexpr PrimitiveRows kPrimitiveRows;

constexpr const Primitive& PrimitiveOf(ObjectKind kind) {
  const auto number = static_cast<size_t>(kind);
  constexpr size_t kNumbers = sizeof(kPrimitiveRows.row);
  return kPrimitives[number < kNumbers ? kPrimitiveRows.row[number] : 0];
}

// If not, a wait for it is for a post: no contention and no lock order.
constexpr bool CanBeHeld(ObjectKind kind) {
  return PrimitiveOf(kind).exclusive_hold;
}

// Whether whoever comes by may end a wait for it, and not its holders alone.
constexpr bool EndsByAnybody(ObjectKind kind) {
  return PrimitiveOf(kind).wait_rule == WaitRule::kAny || !CanBeHeld(kind);
}

// Whoever was woken by a post has to see for himself whether there is anything
// for him.
constexpr bool MayFindNothing(ObjectKind kind) {
  const Primitive& row = PrimitiveOf(kind);
  return row.wait_rule == WaitRule::kAny && row.stock == Stock::kNothing &&
         !row.exclusive_hold && !row.outside && !row.data;
}

// A post that comes when nobody waits is lost: nothing keeps it.
constexpr bool KeepsNoPost(ObjectKind kind) { return MayFindNothing(kind); }

constexpr bool IsBetweenProcesses(ObjectKind kind) {
  return PrimitiveOf(kind).between_processes;
}

constexpr bool IsSlots(ObjectKind kind) { return PrimitiveOf(kind).slots; }

constexpr bool IsData(ObjectKind kind) { return PrimitiveOf(kind).data; }

// What it is outstanding of was put into another object, whose id its value is.
constexpr bool IsEndOfItems(ObjectKind kind) {
  const Primitive& row = PrimitiveOf(kind);
  return row.stock == Stock::kOutstanding && !row.outside;
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
  kRelease = 3,  // of a permit that the actor did not hold
  kSet = 4,
  kClear = 5,  // ends no wait: later ones block
  kPut = 6,    // an item, into a queue
  kGet = 7,    // an item taken out: room for another
  kTaskDone = 8,
  kArrive = 9,     // at a latch or barrier
  kFulfil = 10,    // a promise
  kClose = 11,     // of a queue or pool
  kComplete = 12,  // of an operation outside, of a barrier's phase
  kStop = 13,      // a notification: a stop was requested of a condition's wait
};

struct PostName {
  Post post;
  const char* name;  // for people
};

inline constexpr PostName kPosts[] = {
    {Post::kNotifyOne, "notify one"},
    {Post::kNotifyAll, "notify all"},
    {Post::kRelease, "release"},
    {Post::kSet, "set"},
    {Post::kClear, "clear"},
    {Post::kPut, "put"},
    {Post::kGet, "get"},
    {Post::kTaskDone, "task done"},
    {Post::kArrive, "arrive"},
    {Post::kFulfil, "fulfil"},
    {Post::kClose, "close"},
    {Post::kComplete, "complete"},
    {Post::kStop, "request stop"},
};

constexpr const PostName* NameOf(Post post) {
  for (const PostName& row : kPosts) {
    if (row.post == post) return &row;
  }
  return nullptr;
}

// What is done with a variable.
enum class Access : uint8_t {
  kRead = 0,
  kWrite = 1,
  kUpdate = 2,  // reads it and writes the next value, in one step
};

constexpr bool Reads(Access access) { return access != Access::kWrite; }
constexpr bool Writes(Access access) { return access != Access::kRead; }

enum class Misuse : uint8_t {
  kUnlockFree = 1,     // unlock of a lock nobody holds
  kUnlockByOther = 2,  // unlock by an actor that is not the owner
  kDestroyHeld = 3,    // destroyed while somebody holds it
  kDestroyWaited = 4,  // destroyed while somebody waits for it
  kExitHolding = 5,    // a thread ended and still holds the lock
  kSelfLock = 6,       // blocking lock() of a non-recursive lock by its owner
  kOverRelease = 7,    // of a bounded semaphore, above its bound
  kTaskDoneTooOften = 8,  // more task_done() than put()
  kJoinBeforeClose = 9,   // of a pool
  kUseAfterClose = 10,    // put() or submit() after close()
  kArriveTooOften = 11,   // at a latch or barrier, above its count
  kReleaseByOther = 12,   // of the gil, by an actor that does not hold it
  kJoinByOwnTask = 13,    // of a pool, by one of its tasks
  kSelfJoin = 14,         // of a thread by itself; no object
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
    {Misuse::kOverRelease, "over-release",
     "releases a bounded semaphore above its bound"},
    {Misuse::kTaskDoneTooOften, "task-done-too-often",
     "calls task_done() more often than there were items"},
    {Misuse::kJoinBeforeClose, "join-before-close",
     "joins a pool that is not closed"},
    {Misuse::kUseAfterClose, "use-after-close", "gives work to what is closed"},
    {Misuse::kArriveTooOften, "arrive-too-often",
     "arrives more often than the count allows"},
    {Misuse::kReleaseByOther, "release-by-other",
     "releases what another actor holds, or nobody"},
    {Misuse::kJoinByOwnTask, "join-by-own-task",
     "joins a pool from one of its own tasks"},
    {Misuse::kSelfJoin, "self-join", "joins itself"},
};

constexpr const MisuseName* NameOf(Misuse misuse) {
  for (const MisuseName& row : kMisuses) {
    if (row.misuse == misuse) return &row;
  }
  return nullptr;
}

}  // namespace lockcheck::model

#endif  // LOCKCHECK_LIB_MODEL_PRIMITIVES_H_
