// process::queue, recorded or with mode=off.
#define PROCESS_QUEUE_TEST ProcessQueueTest
#include "tests/instrument/process_queue_test_body.h"
