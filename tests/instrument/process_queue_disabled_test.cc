// The plain twin of process::queue.
#define LOCKCHECK_DISABLED
#define PROCESS_QUEUE_TEST DisabledProcessQueueTest
#include "tests/instrument/process_queue_test_body.h"
