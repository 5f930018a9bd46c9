// Waits for the outside, recorded or with mode=off.
#define OUTSIDE_TEST_NAME OutsideTest
#include "tests/instrument/outside_test_body.h"
