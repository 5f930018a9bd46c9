// The plain twin of process::event.
#define LOCKCHECK_DISABLED
#define PROCESS_EVENT_TEST DisabledProcessEventTest
#include "tests/instrument/process_event_test_body.h"
