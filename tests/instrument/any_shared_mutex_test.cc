// Readers-writer locks of all levels, recorded or with mode=off.
#include "tests/instrument/any_shared_mutex_test_body.h"
