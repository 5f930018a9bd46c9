// The declared orders of locks, as records in the log, or, with mode=live, as
// what requests are held against; see lockcheck/lock_order.h.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_LOCK_ORDER_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_LOCK_ORDER_H_

#include <cstdint>

#include "instrument/runtime/live_order.h"
#include "instrument/runtime/thread.h"
#include "lockcheck/internal/hot.h"
#include "lockcheck/lock_order.h"

namespace lockcheck::runtime {

// As lib/log/declared_order.h says; that one knows the reader.
inline constexpr uint32_t kDeclaredOrderName = 5;

void DoDeclareOrder(internal::OrderedLock first, internal::OrderedLock second,
                    internal::SiteSlot* slot, internal::Caller caller);

// With mode=live: if the thread is about to ask for a lock in another order
// than was declared, one line says so, once for a pair of places.
void SayIfOrderIsBroken(const Thread* t, const LiveOrder::Request& request);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_LOCK_ORDER_H_
