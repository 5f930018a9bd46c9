// The plain twins of what is between processes. They have a namespace of their
// own, so they may stand in one program with the library.
#define LOCKCHECK_DISABLED
#define PROCESS_MUTEX_TEST DisabledProcessMutexTest
#define PROCESS_SHARED_TEST DisabledProcessSharedTest
#define PROCESS_CHILD_TEST DisabledProcessChildTest
#include "tests/instrument/process_test_body.h"
