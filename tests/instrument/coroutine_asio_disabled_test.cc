// The same with plain twins.
#define LOCKCHECK_DISABLED
#define COROUTINE_ASIO_TEST_NAME DisabledCoroutineAsioTest
#include "tests/instrument/coroutine_asio_test_body.h"
