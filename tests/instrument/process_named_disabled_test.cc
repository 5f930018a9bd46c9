// The plain twin of process::shared by a name.
#define LOCKCHECK_DISABLED
#define PROCESS_NAMED_TEST DisabledProcessNamedTest
#include "tests/instrument/process_named_test_body.h"
