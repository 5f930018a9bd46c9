// Atomics and recorded variables, recorded or with mode=off.
#define ANY_ATOMIC_TEST AnyAtomic
#define VARIABLE_TEST Variable
#include "tests/instrument/atomic_test_body.h"
