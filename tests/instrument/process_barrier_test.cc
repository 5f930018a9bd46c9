// The rules of process::barrier, recorded or with mode=off.
#define PROCESS_BARRIER_TEST ProcessBarrierTest
#include "tests/instrument/process_barrier_test_body.h"
