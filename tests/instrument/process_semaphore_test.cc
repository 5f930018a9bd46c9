// The rules of semaphores between processes, recorded or with mode=off.
#define PROCESS_SEMAPHORE_TEST ProcessSemaphoreTest
#include "tests/instrument/process_semaphore_test_body.h"
