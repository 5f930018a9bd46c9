// The end of process::pool, recorded or with mode=off.
#define PROCESS_POOL_TEST ProcessPoolTest
#include "tests/instrument/process_pool_end_test_body.h"
