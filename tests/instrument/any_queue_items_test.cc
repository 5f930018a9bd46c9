// Items of queues of all levels, recorded or with mode=off.
#include "tests/instrument/any_queue_items_test_body.h"
