// The plain twin of process::barrier.
#define LOCKCHECK_DISABLED
#define PROCESS_BARRIER_TEST DisabledProcessBarrierTest
#include "tests/instrument/process_barrier_test_body.h"
