// The plain twins of semaphores of all levels.
#define LOCKCHECK_DISABLED
#define AnySemaphore DisabledAnySemaphore
#define AnySignal DisabledAnySignal
#define AnyBoundedSemaphore DisabledAnyBoundedSemaphore
#include "tests/instrument/any_semaphore_test_body.h"
