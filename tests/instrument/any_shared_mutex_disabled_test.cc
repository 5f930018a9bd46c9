// The plain twins of readers-writer locks of all levels.
#define LOCKCHECK_DISABLED
#define AnySharedMutex DisabledAnySharedMutex
#define CoroutineSharedMutex DisabledCoroutineSharedMutex
#include "tests/instrument/any_shared_mutex_test_body.h"
