// Their plain twins.
#define LOCKCHECK_DISABLED
#define ANY_ATOMIC_TEST AnyDisabledAtomic
#define VARIABLE_TEST DisabledVariable
#include "tests/instrument/atomic_test_body.h"
