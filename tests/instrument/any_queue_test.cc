// Queues of all levels, recorded or with mode=off.
#include "tests/instrument/any_queue_test_body.h"
