// How many rounds a random test takes: scripts/nightly wants many more than a
// developer who waits.
#ifndef LOCKCHECK_TESTS_ROUNDS_H_
#define LOCKCHECK_TESTS_ROUNDS_H_

#include <algorithm>
#include <cstdlib>

namespace lockcheck::tests {

// `usual`, times the environment variable LOCKCHECK_TEST_ROUNDS if it is set.
inline int Rounds(int usual) {
  const char* const text = std::getenv("LOCKCHECK_TEST_ROUNDS");
  return usual * (text == nullptr ? 1 : std::max(1, std::atoi(text)));
}

}  // namespace lockcheck::tests

#endif  // LOCKCHECK_TESTS_ROUNDS_H_
