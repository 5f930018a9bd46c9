// process::recursive_mutex, recorded or with mode=off.
#define PROCESS_RECURSIVE_MUTEX_TEST ProcessRecursiveMutexTest
#include "tests/instrument/process_recursive_mutex_test_body.h"
