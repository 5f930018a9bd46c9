// The plain twins. Their types have a namespace of their own, so they may stand
// in one program with the library.
#define LOCKCHECK_DISABLED
#define OUTSIDE_TEST_NAME DisabledOutsideTest
#include "tests/instrument/outside_test_body.h"
