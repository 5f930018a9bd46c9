// The plain twins, of whose coroutines some are destroyed while they wait.
#define LOCKCHECK_DISABLED
#define CoroutineSignalRules DisabledCoroutineSignalRules
#include "tests/instrument/coroutine_signal_rules_test_body.h"
