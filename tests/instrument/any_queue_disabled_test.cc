// The plain twins of queues of all levels.
#define LOCKCHECK_DISABLED
#define AnyQueue DisabledAnyQueue
#include "tests/instrument/any_queue_test_body.h"
