// All types of lockcheck that are between processes.
#ifndef LOCKCHECK_PROCESS_H_
#define LOCKCHECK_PROCESS_H_

#include "lockcheck/process/barrier.h"
#include "lockcheck/process/child.h"
#include "lockcheck/process/codec.h"
#include "lockcheck/process/condition_variable.h"
#include "lockcheck/process/event.h"
#include "lockcheck/process/mutex.h"
#include "lockcheck/process/pool.h"
#include "lockcheck/process/queue.h"
#include "lockcheck/process/semaphore.h"
#include "lockcheck/process/serialize.h"
#include "lockcheck/process/shared.h"
#include "lockcheck/process/shared_mutex.h"

#endif  // LOCKCHECK_PROCESS_H_
