// All thread-level types of lockcheck.
#ifndef LOCKCHECK_LOCKCHECK_H_
#define LOCKCHECK_LOCKCHECK_H_

#include "lockcheck/access.h"
#include "lockcheck/async.h"
#include "lockcheck/async_operation.h"
#include "lockcheck/atomic.h"
#include "lockcheck/barrier.h"
#include "lockcheck/blocking_region.h"
#include "lockcheck/condition_variable.h"
#include "lockcheck/event.h"
#include "lockcheck/future.h"
#include "lockcheck/gil.h"
#include "lockcheck/guards.h"
#include "lockcheck/latch.h"
#include "lockcheck/lock_order.h"
#include "lockcheck/mutex.h"
#include "lockcheck/once_flag.h"
#include "lockcheck/order_key.h"
#include "lockcheck/packaged_task.h"
#include "lockcheck/queue.h"
#include "lockcheck/semaphore.h"
#include "lockcheck/shared.h"
#include "lockcheck/shared_lock.h"
#include "lockcheck/shared_mutex.h"
#include "lockcheck/source_location.h"
#include "lockcheck/thread.h"
#include "lockcheck/thread_annotations.h"
#include "lockcheck/thread_pool.h"

#endif  // LOCKCHECK_LOCKCHECK_H_
