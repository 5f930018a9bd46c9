// Coroutines of Boost.Asio, recorded or with mode=off.
#define COROUTINE_ASIO_TEST_NAME CoroutineAsioTest
#include "tests/instrument/coroutine_asio_test_body.h"
