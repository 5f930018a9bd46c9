// The same of the plain twin.
#define LOCKCHECK_DISABLED
#define PROCESS_POOL_TEST DisabledProcessPoolTest
#include "tests/instrument/process_pool_end_test_body.h"
