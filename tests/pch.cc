// What LOCKCHECK_TEST_PCH precompiles belongs to a target, and that to a
// source.
