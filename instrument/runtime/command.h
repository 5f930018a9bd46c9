// Starts `lockcheck analyze` on the log that is being written, so that a report
// has files, lines and stacks.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_COMMAND_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_COMMAND_H_

#include <cstdint>

namespace lockcheck::runtime {

// They wait for the command, ten seconds at most. They do nothing if there is
// no log, no command (LOCKCHECK_OPTIONS=command=), or the program runs with
// another user's rights. The program sees no child: no SIGCHLD, and no wait()
// returns it.

// That, and what starting it takes.
constexpr int64_t kReportPatienceNs = 11'000'000'000;

enum class Shown : uint8_t {
  kNoCommand,
  kLater,  // another thread is at it, or there is no descriptor left
  kNothing,
  kSome,
  kSuppressed  // nothing, for what there is is in suppressions= or baseline=
};

// Prints the deadlock of which the actor is a part to standard error: kSome,
// kSuppressed or kNoCommand. Adds to `orders`, which may be null, how many of
// the lock orders that ShowNewOrders() has shown it is; from now on that shows
// them no more.
Shown ShowDeadlock(uint32_t actor, uint32_t* orders);

// Prints who holds what and who waits for whom. False: it did not.
bool ShowStatus();

// Of mode=live: prints the lock orders that can become a deadlock and were not
// printed before.
struct NewOrders {
  Shown shown;
  uint32_t count = 0;       // of those that were printed
  uint32_t suppressed = 0;  // that were met for the first time
};
NewOrders ShowNewOrders();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_COMMAND_H_
