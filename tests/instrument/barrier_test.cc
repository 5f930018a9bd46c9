// Barrier, recorded or with mode=off.
#define ANY_BARRIER_TEST AnyBarrier
#define BARRIER_TEST Barrier
#include "tests/instrument/barrier_test_body.h"
