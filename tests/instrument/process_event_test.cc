// process::event, recorded or with mode=off.
#define PROCESS_EVENT_TEST ProcessEventTest
#include "tests/instrument/process_event_test_body.h"
