// The barrier's plain twin. Its type has a namespace of its own, so it may
// stand in one program with the library.
#define LOCKCHECK_DISABLED
#define ANY_BARRIER_TEST AnyDisabledBarrier
#define BARRIER_TEST DisabledBarrier
#include "tests/instrument/barrier_test_body.h"
