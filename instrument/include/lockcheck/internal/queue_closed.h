// What a closed queue throws, recorded or not.
#ifndef LOCKCHECK_INTERNAL_QUEUE_CLOSED_H_
#define LOCKCHECK_INTERNAL_QUEUE_CLOSED_H_

#include <stdexcept>

#include "lockcheck/internal/abi.h"

namespace lockcheck::inline LOCKCHECK_ABI {

// A queue takes no more items, or has none left and gets no more.
class queue_closed : public std::runtime_error {
 public:
  queue_closed() : std::runtime_error("lockcheck: the queue is closed") {}
};

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_INTERNAL_QUEUE_CLOSED_H_
