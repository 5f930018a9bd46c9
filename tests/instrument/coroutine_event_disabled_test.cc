// coroutine::event's plain twin.
#define LOCKCHECK_DISABLED
#define COROUTINE_EVENT_TEST_NAME DisabledCoroutineEventTest
#include "tests/instrument/coroutine_event_test_body.h"
