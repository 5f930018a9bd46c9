// The latch's plain twin. Its type has a namespace of its own, so it may stand
// in one program with the library.
#define LOCKCHECK_DISABLED
#define ANY_LATCH_TEST AnyDisabledLatch
#define LATCH_TEST DisabledLatch
#include "tests/instrument/latch_test_body.h"
