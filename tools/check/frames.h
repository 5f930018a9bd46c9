// Blocks in a test, each judged for itself, and the test for the rest.
//
// Problem: what a block shows is the block's: it was expected, or has failed
// the test already. But a cycle may have one half before the block and the
// other one in it. So a frame, the test or a block, is judged by its parts
// before, between and after the blocks in it, and then as a whole, less what
// its blocks have shown.
//
// Threading: none; blocks of one test follow or hold each other.
#ifndef LOCKCHECK_TOOLS_CHECK_FRAMES_H_
#define LOCKCHECK_TOOLS_CHECK_FRAMES_H_

#include <set>
#include <string>
#include <vector>

#include "tools/check/observer.h"

namespace lockcheck::testing {

class Frames {
 public:
  explicit Frames(check::Observer& observer) : observer_(observer) {
    Begin("");
  }

  // A test, or what is between two.
  void Begin(const std::string& test);
  // Of all that is in none of its blocks.
  check::Findings End() { return Close(frames_.front()); }

  // A block; returns how deep it is.
  size_t Enter();
  check::Findings Leave(size_t depth);
  // Of a block that has thrown: what it did is what the frame around it did.
  void Dissolve(size_t depth);

 private:
  struct Frame {
    check::Observer::Moment begin, part;
    bool has_blocks = false;
    check::Findings findings;
    std::set<std::string> seen;  // ids, here or in a block
  };

  static void Add(const check::Findings& some, Frame& frame);
  check::Findings Close(Frame& frame);

  check::Observer& observer_;
  bool in_test_ = false;
  std::vector<Frame> frames_;
};

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TOOLS_CHECK_FRAMES_H_
