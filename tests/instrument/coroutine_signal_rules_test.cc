// Coroutines that are destroyed while they wait for posts, recorded or with
// mode=off.
#include "tests/instrument/coroutine_signal_rules_test_body.h"
