// Latch, recorded or with mode=off.
#define ANY_LATCH_TEST AnyLatch
#define LATCH_TEST Latch
#include "tests/instrument/latch_test_body.h"
