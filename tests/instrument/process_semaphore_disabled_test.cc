// The plain twin of semaphores between processes.
#define LOCKCHECK_DISABLED
#define PROCESS_SEMAPHORE_TEST DisabledProcessSemaphoreTest
#include "tests/instrument/process_semaphore_test_body.h"
