// The same rules hold with LOCKCHECK_DISABLED, but for who comes first.
#define LOCKCHECK_DISABLED
#include "tests/instrument/queue_moves_test.cc"
#include "tests/instrument/queue_test.cc"
