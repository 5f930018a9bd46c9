// coroutine::event, recorded or with mode=off.
#define COROUTINE_EVENT_TEST_NAME CoroutineEventTest
#include "tests/instrument/coroutine_event_test_body.h"
