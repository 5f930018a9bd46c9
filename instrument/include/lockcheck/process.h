// All types of lockcheck that are between processes.
#ifndef LOCKCHECK_PROCESS_H_
#define LOCKCHECK_PROCESS_H_

#include "lockcheck/process/child.h"
#include "lockcheck/process/mutex.h"
#include "lockcheck/process/pool.h"
#include "lockcheck/process/serialize.h"
#include "lockcheck/process/shared.h"
#include "lockcheck/process/shared_mutex.h"

#endif  // LOCKCHECK_PROCESS_H_
