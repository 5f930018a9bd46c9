// Semaphores of all levels, recorded or with mode=off.
#include "tests/instrument/any_semaphore_test_body.h"
