// The plain twins of conditions of all levels.
#define LOCKCHECK_DISABLED
#define AnyCondition DisabledAnyCondition
#include "tests/instrument/any_condition_test_body.h"
