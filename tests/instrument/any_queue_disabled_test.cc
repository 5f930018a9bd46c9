// The plain twins of queues of all levels.
#define LOCKCHECK_DISABLED
#define AnyLevelsQueue DisabledAnyLevelsQueue
#include "tests/instrument/any_queue_test_body.h"
