// The order keys of locks, as records in the log; see lockcheck/order_key.h.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_ORDER_KEY_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_ORDER_KEY_H_

#include <cstdint>

#include "lockcheck/internal/hot.h"

namespace lockcheck::runtime {

// As lib/log/order_key.h says; that one knows the reader.
inline constexpr uint32_t kOrderKeyName = 4;

void DoOrderKey(internal::LockState& lock, internal::LockKind kind,
                uint32_t key, internal::SiteSlot* slot,
                internal::Caller caller);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_ORDER_KEY_H_
