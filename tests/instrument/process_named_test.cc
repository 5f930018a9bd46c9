// process::shared by a name, recorded or with mode=off.
#define PROCESS_NAMED_TEST ProcessNamedTest
#include "tests/instrument/process_named_test_body.h"
