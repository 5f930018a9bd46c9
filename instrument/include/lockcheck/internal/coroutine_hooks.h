// What lockcheck/coroutine/... tells the runtime about coroutines.
//
// In a log each coroutine that was spawned is an actor of its own, with those
// that it awaits: it holds what it took across suspensions and whatever thread
// it goes on in. While it runs, the records of the thread that carries it are
// its. With mode=live there are no such actors: there a coroutine is what its
// thread does, but for the locks of lockcheck/coroutine, which have the
// coroutine's id as their owner.
#ifndef LOCKCHECK_INTERNAL_COROUTINE_HOOKS_H_
#define LOCKCHECK_INTERNAL_COROUTINE_HOOKS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/hot.h"
#include "lockcheck/internal/task_hooks.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

struct Waiter;

// What a suspended coroutine waits for: a lock, another one's end, or a signal.
// Guarded
// by the runtime, and not to be destroyed while it stands.
struct CoroutineWait {
  const LockState* lock = nullptr;
  // The lock's, which may be destroyed while it is waited for.
  mutable const char* lock_name = nullptr;
  mutable const char* lock_file = nullptr;
  mutable uint32_t lock_line = 0;
  uint32_t joined = 0;  // actor id
  uint32_t site = 0;
  uint8_t signal = 0;  // WaitKind's number; 0: none
  bool timed = false;
  bool shared = false;           // the lock may have readers
  mutable bool is_left = false;  // for good, as far as is known
  mutable bool is_own = false;   // it has the lock itself, and waits for ever
  mutable bool is_claimed = false;  // its deadlock has been said
};

class Carrier;

// A context, as the runtime knows it.
struct ContextRecord {
  // Coroutines that could go on, and wait for a thread.
  std::atomic<uint32_t> ready{0};
  // How many threads may be in run() at once; 0: that is not known.
  uint32_t most_carriers = 0;
  // Those that are. Guarded by the runtime.
  Carrier* carriers = nullptr;
};

// A task that is awaited, and where; by a task, if that is known.
struct AwaitFrame {
  AwaitFrame* outer = nullptr;
  SiteSlot* awaited_at = nullptr;
};

// One coroutine, as the runtime knows it.
struct CoroutineRecord {
  const ContextRecord* context = nullptr;
  const void* function = nullptr;  // that was spawned
  uint32_t actor = 0;              // 0: none of its own
  uint32_t parent = 0;
  uint32_t process = 0;
  uint32_t segment = 0;  // the last one, if it has begun
  bool has_begun = false;
  const char* name = nullptr;
  // While it is suspended: what it holds.
  Hold* held = nullptr;
  uint32_t held_count = 0;
  uint32_t held_room = 0;
  const CoroutineWait* wait = nullptr;
  // Where it is suspended next, and where it was before it went on; 0: not
  // known.
  uint32_t await_site = 0;
  uint32_t resumed_site = 0;
  uint64_t resumed_ticks = 0;
  uint32_t waits_before = 0;  // the number of its thread's last wait then
  const AwaitFrame* innermost = nullptr;  // of its tasks
  bool waits = false;     // for what has a record, where it is suspended next
  bool gives_up = false;  // whatever it waits for may be cancelled
  // If it is suspended with locks that threads wait for: in which thread.
  uint32_t held_in = 0;
};

// What `other` waits for the coroutine does: one of several things, perhaps.
inline void SpeakFor(const CoroutineRecord& coroutine, CoroutineRecord& other) {
  other.context = coroutine.context;
  other.actor = coroutine.actor;
  other.process = coroutine.process;
  other.name = coroutine.name;
  other.held_in = coroutine.held_in;
}

// By who spawns it.
void ForkCoroutine(CoroutineRecord& coroutine) noexcept;

// The thread under the coroutines that it runs, as long as it does so.
class Carrier {
 public:
  Carrier() = default;
  ~Carrier() { Leave(); }
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;

  // From here on the thread is the coroutine,
  void Resume(CoroutineRecord& coroutine) noexcept;
  // and no more: what the coroutine holds is kept in its record, so that
  // another thread may resume it from then on.
  void Suspend(CoroutineRecord& coroutine) noexcept;
  // The same at its end.
  void End(CoroutineRecord& coroutine) noexcept;
  // Between two coroutines the thread records nothing; after this it is itself
  // again.
  void Leave() noexcept;

  // The thread has come to a context to resume its coroutines, and goes.
  void Enter(ContextRecord& context) noexcept;
  void Exit() noexcept;

  // The runtime's.
  CoroutineRecord thread;
  bool is_between = false;
  ContextRecord* context = nullptr;
  void* recorded = nullptr;  // the thread; null: it is not known
  Carrier* next_of_context = nullptr;
  Carrier* previous_of_context = nullptr;
  // What the thread had used at some time shortly before it went on last.
  struct Used {
    uint64_t ticks = 0;
    uint64_t ns = 0;
    uint64_t cpu_ns = 0;
    uint64_t sleeps = 0;
  } used;
};

// The place of an await that no record tells of otherwise.
uint32_t SiteOfAwait(SiteSlot* slot, Caller caller) noexcept;

// The coroutine, which is suspended, waits from now on, until it calls
// EndCoroutineWait(); it has not been given to who ends the wait yet.
void BeginCoroutineWait(CoroutineRecord& coroutine,
                        const CoroutineWait& wait) noexcept;
// At the end of a run: none of these goes on any more, unless somebody outside
// of its context resumes it.
void CoroutinesAreLeft(CoroutineRecord* const* coroutines,
                       size_t count) noexcept;
// When it has: whether its wait is in a cycle of waits, and is to
// fail, if it can.
bool IsCoroutineWaitToFail(uint32_t actor, bool can_fail) noexcept;

enum class CoroutineOutcome : uint8_t {  // model::Outcome's numbers
  kAcquired = 0,
  kTimedOut = 1,
  kSignalled = 2,
  kInterrupted = 3,
};
// By the coroutine.
void EndCoroutineLockWait(CoroutineRecord& coroutine, LockState& lock, How how,
                          bool reads, uint32_t site,
                          CoroutineOutcome outcome) noexcept;
// Before it is suspended: it waits for a signal, and has entered its queue.
void BeginCoroutineSignalWait(CoroutineRecord& coroutine, const Waiter& waiter,
                              bool timed) noexcept;
// When it goes on.
void EndCoroutineSignalWait(CoroutineRecord& coroutine,
                            CoroutineOutcome outcome) noexcept;
// Before it is suspended: it waits for the end of another one, which is an
// actor. Returns the site.
uint32_t BeginCoroutineJoin(uint32_t actor, SiteSlot* slot,
                            Caller caller) noexcept;
// When it goes on.
void EndCoroutineJoin(CoroutineRecord& coroutine, uint32_t actor,
                      bool has_ended) noexcept;

// What came of a request for a coroutine's lock.
enum class CoroutineGot : uint8_t { kLock, kNothing, kMustWait };
CoroutineGot RequestCoroutineLock(LockState& lock, LockKind kind, How how,
                                  bool reads, SiteSlot* slot, Caller caller,
                                  uint32_t* site) noexcept;
struct CoroutineLockState;
void UnlockCoroutineShared(CoroutineLockState& lock, SiteSlot* slot,
                           Caller caller) noexcept;
// The word by which that lock names the caller.
uint32_t CoroutineOwner() noexcept;
[[noreturn]] void ThrowCoroutineDeadlock();

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_COROUTINE_HOOKS_H_
