// Coroutines, recorded or with mode=off.
#define COROUTINE_TEST_NAME CoroutineTest
#include "tests/instrument/coroutine_test_body.h"
