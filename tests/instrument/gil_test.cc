// The gil, recorded or with mode=off.
#define GIL_TEST_NAME GilTest
#include "tests/instrument/gil_test_body.h"
