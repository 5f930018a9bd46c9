// The plain twin of process::condition_variable.
#define LOCKCHECK_DISABLED
#define PROCESS_CONDITION_TEST DisabledProcessConditionTest
#include "tests/instrument/process_condition_test_body.h"
