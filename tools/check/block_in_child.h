// Runs a block that is to lock up in a process of its own, and says how that
// ended.
//
// Problem: who locks up never comes back, so it has to be somebody else: a
// forked child. Whatever it does instead of locking up (returning, throwing,
// ending its process, running for ever), it must not go on with the tests, and
// must be told from a deadlock. So the child notes what happens in a file in
// memory, which outlives it: its exit status is anybody's to choose.
//
// The child has none of the test's other threads: what they hold stays held,
// and what they would do never happens.
//
// Threading: one block at a time. Costs a fork, and a look each millisecond
// until the child has ended.
#ifndef LOCKCHECK_TOOLS_CHECK_BLOCK_IN_CHILD_H_
#define LOCKCHECK_TOOLS_CHECK_BLOCK_IN_CHILD_H_

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace lockcheck::testing {

struct BlockEnd {
  struct Failure {
    std::string file, text;
    int line;
  };
  bool locked_up = false;
  std::string how;  // one line, unless it locked up
  // Assertions of the block that failed in the child.
  std::vector<Failure> failures;
};

BlockEnd RunInChild(const std::function<void()>& block,
                    std::chrono::milliseconds limit);

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TOOLS_CHECK_BLOCK_IN_CHILD_H_
