// One runtime per process.
//
// Problem: a plugin, or the preload library, may carry a second copy of this
// runtime. Two copies would split the threads' held locks between them. So
// every entry point goes through a table, and a copy that finds another one
// already at work uses that one's table. They find each other through a memfd
// of a known name in /proc/self/maps: that needs no linker flag and no exported
// symbol, and survives fork but not exec.
//
// The name carries the version of this table: copies of different versions do
// not delegate, they record separately (the second takes a numbered log).
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_TABLE_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lib/model/primitives.h"
#include "lockcheck/internal/coroutine_hooks.h"
#include "lockcheck/internal/gil.h"
#include "lockcheck/internal/hot.h"
#include "lockcheck/internal/process_lock.h"
#include "lockcheck/internal/semaphore.h"
#include "lockcheck/internal/task_hooks.h"
#include "lockcheck/internal/thread_hooks.h"
#include "lockcheck/internal/variable.h"
#include "lockcheck/internal/wait_queue.h"
#include "lockcheck/lock_order.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
struct ProcessObject;  // process_signal.h
struct ProcessSignal;
struct ProcessSemaphoreState;  // process_semaphore.h
}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

namespace lockcheck::runtime {

using internal::Caller;
using internal::Deadline;
using internal::How;
using internal::Joined;
using internal::LockKind;
using internal::LockState;
using internal::SiteSlot;

struct QueuedWait;  // wait_records.h
struct Woken;
struct PermitRequest;         // semaphore.h
struct ProcessPermitRequest;  // process_semaphore.h
enum class Passed : uint8_t;  // gil.h
struct Worker;                // task.h

struct LockRequest {
  LockState* lock;
  LockKind kind;
  How how;
  SiteSlot* slot;
  Caller caller;
  uint32_t group;            // kMulti: members held already
  const Deadline* deadline;  // kTimed
  bool reads = false;        // shared, not exclusive
  // It was had before and is had again at the end of the same call, so the
  // request never fails, whatever on_deadlock says.
  bool again = false;
  bool tries = false;  // kMulti: not the first member; it does not wait
  // Of a coroutine's lock: it is not waited for here; the place of the request
  // is left for who waits.
  uint32_t* must_wait_at = nullptr;
  // Of a lock between processes, of which `lock` is a record; else null.
  internal::ProcessRecord* process = nullptr;
};

// What came of a request. kDeadlock: it would wait for ever, and is to throw.
// kMustWait: see must_wait_at. kNotRecoverable: nobody gets it any more, and it
// is to throw, too.
enum class Got : uint8_t {
  kNothing,
  kLock,
  kDeadlock,
  kMustWait,
  kNotRecoverable
};

struct Table {
  uint8_t mode;  // internal::RunMode
  // All but `attach` and `begin_thread`, which comes before it, expect it to
  // have been called on this thread.
  void (*attach)(internal::ThreadPointer* pointer);
  Got (*lock)(const LockRequest& request);
  void (*taken)(LockState& lock, SiteSlot* slot);
  // False: the operation is not permitted (recursive lock, not the owner).
  bool (*unlock)(LockState& lock, LockKind kind, SiteSlot* slot, Caller caller);
  // A release of the object with this tag saw waiters.
  void (*saw_waiters)(uint32_t tag, uint64_t ticks);
  void (*unlock_shared)(LockState& lock, SiteSlot* slot, Caller caller);
  void (*destroy)(LockState& lock, LockKind kind);
  uint32_t (*fork_thread)();
  void (*begin_thread)(uint32_t actor, uint32_t parent);
  void (*join_block)(uint32_t actor, How how, SiteSlot* slot, Caller caller);
  void (*join)(uint32_t actor, Joined joined);
  void (*name_thread)(const char* name);
  uint32_t (*self)();
  void (*prepare_wait)(internal::WaitQueue& queue, internal::WaitKind kind,
                       internal::Waiter& waiter, SiteSlot* slot, Caller caller);
  bool (*queued_wait)(const QueuedWait& wait);
  void (*post)(internal::WaitQueue& queue, internal::WaitKind kind,
               const internal::PostFacts& facts, const Woken& woken,
               SiteSlot* slot, Caller caller);
  void (*take)(internal::WaitQueue& queue, internal::WaitKind kind,
               const internal::TakeFacts& facts, SiteSlot* slot, Caller caller);
  void (*note_made)(internal::WaitQueue& queue, internal::WaitKind kind,
                    SiteSlot* slot, Caller caller);
  void (*try_failed)(internal::WaitQueue& queue, internal::WaitKind kind,
                     SiteSlot* slot, Caller caller);
  void (*misused)(internal::WaitQueue& queue, internal::WaitKind kind,
                  model::Misuse misuse, SiteSlot* slot, Caller caller);
  void (*destroy_wait_queue)(internal::WaitQueue& queue, bool waited);
  bool (*acquire_permit)(const PermitRequest& request);
  void (*release_permits)(internal::SemaphoreState& semaphore, uint32_t count,
                          SiteSlot* slot, Caller caller);
  void (*over_release)(internal::SemaphoreState& semaphore, SiteSlot* slot,
                       Caller caller);
  void (*destroy_semaphore)(internal::SemaphoreState& semaphore);
  void (*begin_region)(const char* name, source_location where, SiteSlot* slot,
                       Caller caller);
  void (*end_region)();
  Passed (*pass_on_gil)(internal::GilState& gil, bool competes, SiteSlot* slot,
                        Caller caller);
  uint32_t (*fork_task)();
  Worker (*begin_task)(const internal::TaskStart& start, SiteSlot* slot,
                       Caller caller);
  void (*end_task)(uint32_t task, const Worker& worker);
  void (*task_joined)(uint32_t task, SiteSlot* slot, Caller caller);
  // Null: for nobody any more.
  void (*work_for)(const internal::QueueState* jobs,
                   const internal::WaitQueue* slots);
  void (*fork_coroutine)(internal::CoroutineRecord& coroutine);
  void (*resume_coroutine)(internal::Carrier& carrier,
                           internal::CoroutineRecord& coroutine);
  void (*suspend_coroutine)(internal::Carrier& carrier,
                            internal::CoroutineRecord& coroutine);
  void (*end_coroutine)(internal::Carrier& carrier,
                        internal::CoroutineRecord& coroutine);
  void (*leave_coroutines)(internal::Carrier& carrier);
  uint32_t (*coroutine_owner)();
  void (*begin_coroutine_wait)(internal::CoroutineRecord& coroutine,
                               const internal::CoroutineWait& wait);
  bool (*is_coroutine_wait_to_fail)(uint32_t actor, bool can_fail);
  void (*coroutines_are_left)(internal::CoroutineRecord* const* coroutines,
                              size_t count);
  void (*end_coroutine_lock_wait)(internal::CoroutineRecord& coroutine,
                                  LockState& lock, How how, bool reads,
                                  uint32_t site,
                                  internal::CoroutineOutcome outcome);
  void (*begin_coroutine_signal_wait)(const internal::Waiter& waiter,
                                      bool timed);
  void (*end_coroutine_signal_wait)(internal::CoroutineRecord& coroutine,
                                    internal::CoroutineOutcome outcome);
  uint32_t (*begin_coroutine_join)(uint32_t actor, SiteSlot* slot,
                                   Caller caller);
  void (*end_coroutine_join)(internal::CoroutineRecord& coroutine,
                             uint32_t actor, bool has_ended);
  void (*taken_process)(internal::ProcessRecord& lock, SiteSlot* slot,
                        Caller caller, int result);
  // 0, or errno.
  int (*unlock_process)(internal::ProcessRecord& lock, SiteSlot* slot,
                        Caller caller);
  void (*destroy_process)(internal::ProcessRecord& lock);
  // After a fork by this thread: the child's actor, in both processes.
  uint32_t (*forked)(bool in_child);
  int (*end_process)(int status);
  void (*took_permit)(const PermitRequest& request);
  // Null: the object is not recorded.
  internal::WaitQueue* (*process_signal)(const internal::ProcessSignal& signal,
                                         SiteSlot* slot, Caller caller);
  void (*destroy_process_object)(internal::ProcessObject& object);
  uint32_t (*site_of_await)(SiteSlot* slot, Caller caller);
  void (*enter_context)(internal::Carrier& carrier,
                        internal::ContextRecord& context);
  void (*exit_context)(internal::Carrier& carrier);
  bool (*acquire_process_permit)(const ProcessPermitRequest& request);
  // False: above its bound.
  bool (*release_process_permits)(internal::ProcessSemaphoreState& semaphore,
                                  ptrdiff_t count, SiteSlot* slot,
                                  Caller caller);
  // Records that a coroutine's lock is to be read by one less. False: it must
  // not be.
  bool (*stop_reading)(LockState& lock, SiteSlot* slot, Caller caller);
  // A fork by this thread is to follow, in the function that returns there.
  void (*fork_place)(Caller caller);
  uint32_t (*fork_remote_task)();
  void (*unlock_shared_process)(internal::ProcessSharedState& lock,
                                SiteSlot* slot, Caller caller);
  void (*order_key)(LockState& lock, LockKind kind, uint32_t key,
                    SiteSlot* slot, Caller caller);
  void (*declare_order)(internal::OrderedLock first,
                        internal::OrderedLock second, SiteSlot* slot,
                        Caller caller);
  void (*access)(internal::VariableState& variable,
                 const internal::AccessFacts& facts, SiteSlot* slot,
                 Caller caller);
  // Null: no more of them can be known.
  internal::KnownVariable* (*know_variable)(const volatile void* address,
                                            const char* name,
                                            source_location where);
  void (*forget_variable)(const volatile void* address);
};

// This copy's own table, or the first copy's.
extern std::atomic<const Table*> g_table;
extern Table g_own_table;

// The table of a copy that came before in this process; else null, and ours can
// be found from now on.
const Table* FindOrPublish(const Table* own);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_TABLE_H_
