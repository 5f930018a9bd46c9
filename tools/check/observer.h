// What a process has found out about itself, from its own log, while it runs.
//
// Problem: a test should fail for what happened in it: for its own events,
// those of any thread, and what was held when it began; not for what an earlier
// test did. So Begin() notes how far each thread has written, and Since()
// analyzes what came after. What no single test shows is found in all of them
// together.
//
// The analyses are those of the command, and so are the texts.
// It is a shared library: whoever links a program of tests should need none of
// what the analyzer is made of. So nothing but std crosses this line, and one
// symbol is seen. And it brings no runtime of its own, which would be a second
// one that knows nothing: what it asks the program's, it is given.
//
// Thread safety: none; other threads may go on recording meanwhile. Cost:
// Since() reads the log once, some milliseconds per million events, and the
// program's debug information only if there is something to show.
#ifndef LOCKCHECK_TOOLS_CHECK_OBSERVER_H_
#define LOCKCHECK_TOOLS_CHECK_OBSERVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lockcheck/internal/observe.h"

namespace lockcheck::check {

struct Found {
  std::string id;
  bool deadlock = false;           // else misuse
  std::string text;                // as the command prints it
  std::vector<std::string> tests;  // where its parts were seen; only of All()
};

struct Findings {
  std::string error;  // one line: nothing is known; "": all is well
  std::vector<Found> found;
  // What bounds of the analysis left out, one line each: nothing found is no
  // proof then.
  std::vector<std::string> cut;
  // Why the log does not have all that was done; "": it does. Nothing found is
  // no proof then either.
  std::string missing;
};

// Of the program; see internal/observe.h.
struct Runtime {
  const char* (*log_path)() noexcept;
  uint64_t (*log_ticks)() noexcept;
  size_t (*mark_threads)(internal::ThreadMark* marks, size_t size) noexcept;
  internal::LogState (*log_state)() noexcept;
};

// Files of known findings; "": none.
struct KnownFiles {
  std::string suppressions, baseline;
};

class Observer {
 public:
  virtual ~Observer() = default;

  // "": between two tests.
  virtual void Begin(const std::string& test) = 0;
  // Another moment in the test, of which the first is that of Begin(); valid
  // until the next one.
  using Moment = size_t;
  static constexpr Moment kBegin = 0;
  virtual Moment Mark() = 0;
  // What fails of what happened since then: deadlocks that are possible or
  // happened, and misuse. Suppressed and known ones are left out.
  virtual Findings Since(Moment moment) = 0;
  // Of a program that has locked up: deadlocks that happened, and who waits
  // where nobody is left, in whoever's way that is.
  virtual Findings LockedUp() = 0;
  // The same of the whole program, without what Since() has returned already.
  virtual Findings All() = 0;

  // Suppressions and parts of the baseline that were never needed, in one line
  // each.
  virtual std::vector<std::string> Unused() const = 0;
};

}  // namespace lockcheck::check

// Null: `error` is one line that says why. The caller owns the observer.
extern "C" lockcheck::check::Observer* lockcheck_new_observer(
    const lockcheck::check::Runtime& runtime,
    const lockcheck::check::KnownFiles& files, std::string& error);

#endif  // LOCKCHECK_TOOLS_CHECK_OBSERVER_H_
