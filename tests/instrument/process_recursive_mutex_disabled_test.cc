// The plain twin of process::recursive_mutex.
#define LOCKCHECK_DISABLED
#define PROCESS_RECURSIVE_MUTEX_TEST DisabledProcessRecursiveMutexTest
#include "tests/instrument/process_recursive_mutex_test_body.h"
