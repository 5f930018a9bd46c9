// coroutine::mutex, recorded or with mode=off.
#define COROUTINE_MUTEX_TEST_NAME CoroutineMutexTest
#include "tests/instrument/coroutine_mutex_test_body.h"
