// The gil with a time limit, recorded or with mode=off.
#define GIL_TEST_NAME GilTimedTest
#include "tests/instrument/gil_timed_test_body.h"
