// One order of all steps, out of the orders that the log has: of each actor, of
// each lock by its hand-overs, of fork and join, of notifications by tickets.
//
// Problem: the log has no order in time, and a trace needs one. Any order that
// keeps those is right. The log is read twice: first for how often each lock is
// acquired between two hand-overs, then each actor goes on as far as it can;
// who must wait is looked at again when what it waits for has happened. If some
// wait for each other in a ring, the log contradicts itself (or a lost record
// makes it seem so): then their steps are left out, and the result says so.
//
// Cost: linear in the records, and log n in an object's hand-overs. Memory: one
// segment of each actor, the hand-overs and the tickets. Not thread-safe.
#ifndef LOCKCHECK_LIB_LOG_STD_ORDER_H_
#define LOCKCHECK_LIB_LOG_STD_ORDER_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "lib/log/recording.h"
#include "lib/log/std_steps.h"

namespace lockcheck::log {

struct StdOrderResult {
  StdLeftOut left_out;
  // Threads that somebody started, and the log does not say after what.
  uint64_t unseen_starts = 0;
  // Actors that could not go on to their end, and one of them.
  uint32_t stopped = 0;
  ActorIndex first_stopped = kNone;
};

// Called with each step but kWoken, in the order.
using StdStepSink = std::function<void(ActorIndex, const StdStep&)>;

StdOrderResult PutInOrder(const Recording& recording, const StdStepSink& sink);

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_STD_ORDER_H_
