// process::shared_mutex, recorded or with mode=off.
#define PROCESS_SHARED_MUTEX_TEST ProcessSharedMutexTest
#include "tests/instrument/process_shared_mutex_test_body.h"
