// All thread-level types of lockcheck.
#ifndef LOCKCHECK_LOCKCHECK_H_
#define LOCKCHECK_LOCKCHECK_H_

#include "lockcheck/condition_variable.h"
#include "lockcheck/guards.h"
#include "lockcheck/mutex.h"
#include "lockcheck/queue.h"
#include "lockcheck/semaphore.h"
#include "lockcheck/shared_lock.h"
#include "lockcheck/shared_mutex.h"
#include "lockcheck/source_location.h"
#include "lockcheck/thread.h"
#include "lockcheck/thread_annotations.h"
#include "lockcheck/thread_pool.h"

#endif  // LOCKCHECK_LOCKCHECK_H_
