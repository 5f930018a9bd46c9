// The plain twin of process::pool.
#define LOCKCHECK_DISABLED
#define PROCESS_POOL_TEST DisabledProcessPoolTest
#include "tests/instrument/process_pool_test_body.h"
