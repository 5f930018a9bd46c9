// The same rules hold with LOCKCHECK_DISABLED.
#define LOCKCHECK_DISABLED
#include "tests/instrument/thread_pool_join_test.cc"
