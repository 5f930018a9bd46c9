// The plain twins of coroutines.
#define LOCKCHECK_DISABLED
#define COROUTINE_TEST_NAME DisabledCoroutineTest
#include "tests/instrument/coroutine_test_body.h"
