// The rules of process::condition_variable, recorded or with mode=off.
#define PROCESS_CONDITION_TEST ProcessConditionTest
#include "tests/instrument/process_condition_test_body.h"
