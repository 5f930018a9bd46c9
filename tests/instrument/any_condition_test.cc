// Conditions of all levels, recorded or with mode=off.
#include "tests/instrument/any_condition_test_body.h"
