// The same of its plain twin.
#define LOCKCHECK_DISABLED
#define GIL_TEST_NAME DisabledGilTimedTest
#include "tests/instrument/gil_timed_test_body.h"
