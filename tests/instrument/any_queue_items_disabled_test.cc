// The plain twins, with the items of queues of all levels.
#define LOCKCHECK_DISABLED
#define AnyQueueOfOwners DisabledAnyQueueOfOwners
#define AnyQueueOfTheUnwilling DisabledAnyQueueOfTheUnwilling
#include "tests/instrument/any_queue_items_test_body.h"
