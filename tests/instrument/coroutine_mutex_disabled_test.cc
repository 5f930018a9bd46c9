// coroutine::mutex's plain twin.
#define LOCKCHECK_DISABLED
#define COROUTINE_MUTEX_TEST_NAME DisabledCoroutineMutexTest
#include "tests/instrument/coroutine_mutex_test_body.h"
