// The gil's plain twin. Its types have a namespace of their own, so they may
// stand in one program with the library.
#define LOCKCHECK_DISABLED
#define GIL_TEST_NAME DisabledGilTest
#include "tests/instrument/gil_test_body.h"
