// The plain twin of process::shared_mutex.
#define LOCKCHECK_DISABLED
#define PROCESS_SHARED_MUTEX_TEST DisabledProcessSharedMutexTest
#include "tests/instrument/process_shared_mutex_test_body.h"
