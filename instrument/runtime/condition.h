// What the log is told of a condition variable; see
// lockcheck/internal/condition.h.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_CONDITION_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_CONDITION_H_

#include <cstdint>

#include "lib/model/primitives.h"
#include "lockcheck/internal/condition.h"

namespace lockcheck::runtime {

struct ConditionWait {
  internal::ConditionState* condition;
  internal::Waiter* waiter;
  internal::SiteSlot* slot;
  internal::Caller caller;
  const internal::Deadline* deadline;
};

// What a notification found.
struct Notified {
  uint32_t first = 0;  // ticket; 0: nobody waited
  uint32_t count = 0;
  uint32_t next_ticket = 0;  // every wait with a smaller one began before
};

// True: it was in the queue, and is not any more. False: it has been claimed by
// a notifier, who will touch it again, until it is marked.
bool Dequeue(internal::ConditionState& condition, internal::Waiter& waiter);

// Sleeps until the waiter is signalled (true) or the deadline has passed and
// the waiter has left the queue; at most until `look`, if that is not null,
// and then *looked is set.
bool SleepInQueue(const ConditionWait& wait, const internal::Deadline* look,
                  bool* looked);

// Of the table.
// Gives the waiter its object's id and its site's.
void DoPrepareWait(internal::ConditionState& condition,
                   internal::ConditionKind kind, internal::Waiter& waiter,
                   internal::SiteSlot* slot, internal::Caller caller);
bool DoConditionWait(const ConditionWait& wait);
void DoNotify(internal::ConditionState& condition, internal::ConditionKind kind,
              model::Post post, const Notified& notified,
              internal::SiteSlot* slot, internal::Caller caller);
void DoDestroyCondition(internal::ConditionState& condition, bool waited);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_CONDITION_H_
