// What is between processes, recorded or with mode=off.
#define PROCESS_MUTEX_TEST ProcessMutexTest
#define PROCESS_SHARED_TEST ProcessSharedTest
#define PROCESS_CHILD_TEST ProcessChildTest
#include "tests/instrument/process_test_body.h"
