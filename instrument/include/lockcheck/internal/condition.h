// The condition variable that the public types stand on.
//
// Waiters stand in a queue of nodes on their own stacks; a notifier takes nodes
// out of it, marks them and wakes their owners, each on its own futex. So a
// notification wakes exactly whom it is for, a timeout takes itself out, and
// who was notified does not touch the object again: it may be destroyed then,
// as std allows. A ticket numbers the waits of one object: records of
// notifications say which tickets they released.
//
// The queue is guarded by a futex of the object, held for a few instructions,
// never while anything of the program's is waited for.
#ifndef LOCKCHECK_INTERNAL_CONDITION_H_
#define LOCKCHECK_INTERNAL_CONDITION_H_

#include <atomic>
#include <cstdint>

#include "lockcheck/internal/deadline.h"
#include "lockcheck/internal/hot.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

enum class ConditionKind : uint8_t {  // model::ObjectKind's numbers
  kConditionVariable = 8,
};

// What a waiter is in; the first to change kWaits has it. Who was claimed
// touches the object no more, for it may be gone.
enum WaiterState : uint32_t { kWaits, kClaimed, kNotified, kGaveUp };

struct Waiter {
  std::atomic<uint32_t> signalled{kWaits};
  uint32_t ticket = 0;
  uint32_t object = 0, site = 0;  // of the record; set before it waits
  Waiter* next = nullptr;
  Waiter* previous = nullptr;
};

struct ConditionState {
  std::atomic<uint32_t> guard{0};  // 0 free, 1 held, 2 held and waited for
  uint32_t next_ticket = 1;        // guarded, as are the next two
  Waiter* first = nullptr;
  Waiter* last = nullptr;
  std::atomic<uint32_t> tag{0};  // object id << 3; 0: not registered
  uint32_t line;
  const char* file;
  const char* name;

  constexpr ConditionState(const char* n, source_location where) noexcept
      : line(where.line()), file(where.file_name()), name(n) {}
};

// From then on the waiter can be notified. Before the lock is released.
void Enqueue(ConditionState& condition, ConditionKind kind, Waiter& waiter,
             SiteSlot* slot, Caller caller) noexcept;
// Takes out of the queue who does not wait after all. If it is being notified,
// blocks until that is over, which is a moment: the node is the waiter's again.
void Withdraw(ConditionState& condition, Waiter& waiter) noexcept;
// Blocks until the waiter is notified (true), or the deadline has passed and it
// has left the queue. Null: no deadline.
bool SleepUntilSignalled(ConditionState& condition, Waiter& waiter,
                         SiteSlot* slot, Caller caller,
                         const Deadline* deadline) noexcept;
void Notify(ConditionState& condition, ConditionKind kind, bool all,
            SiteSlot* slot, Caller caller) noexcept;
void DestroyCondition(ConditionState& condition) noexcept;
[[noreturn]] void ThrowNotOwned();

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_CONDITION_H_
