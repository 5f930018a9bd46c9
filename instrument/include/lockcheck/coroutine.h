// Everything of lockcheck/coroutine/: coroutines, and what they wait for.
#ifndef LOCKCHECK_COROUTINE_H_
#define LOCKCHECK_COROUTINE_H_

#include "lockcheck/coroutine/condition_variable.h"
#include "lockcheck/coroutine/context.h"
#include "lockcheck/coroutine/event.h"
#include "lockcheck/coroutine/mutex.h"
#include "lockcheck/coroutine/queue.h"
#include "lockcheck/coroutine/semaphore.h"
#include "lockcheck/coroutine/shared_mutex.h"
#include "lockcheck/coroutine/task.h"
#include "lockcheck/coroutine/task_group.h"

#endif  // LOCKCHECK_COROUTINE_H_
