// Locks mixed with each other way to wait: what lockcheck says of each case, in
// one table. docs/cases.md says the same for people.
//
// A case is told by stories of a program of tests/programs: NAME-latent has the
// bug and ends, since std::latch, which lockcheck does not see, keeps its
// threads apart; NAME-hangs does not, or waits until a time limit is over;
// NAME-safe and what begins like that are twins without the bug.
#ifndef LOCKCHECK_TESTS_TOOLS_CASES_H_
#define LOCKCHECK_TESTS_TOOLS_CASES_H_

#include <ostream>
#include <string>
#include <vector>

namespace lockcheck::tools::testing {

// What the log of the latent story shows.
enum class Finds {
  kConfirmed,               // a confirmed deadlock of locks, permits and ends
  kConfirmedCommunication,  // one that signals are part of
  kMisuse,
  kHazard,
  kNothing,  // for the reason that docs/cases.md gives
  kNoStory,  // the case is safe, whatever the order
};

// What the one that hangs says while it does.
enum class Says {
  kDeadlock,       // at once: threads wait for each other's locks and ends
  kCommunication,  // when nobody is left who could end a wait
  kTimedCycle,     // at once, and goes on when the time is over
  kStall,          // with stall=: the outside might still end the wait
  kNoStory,
};

// One that waits, in a report: its name, what it waits for and what it holds.
struct Waits {
  const char* name;
  const char* for_what;
  const char* holds = nullptr;
  const char* live = nullptr;  // its name with mode=live, if that is another
};

struct Case {
  const char* name;
  const char* program;
  Finds latent;
  const char* rule = "";     // of what is found
  bool latent_live = false;  // mode=live says it, too
  Says hangs = Says::kNoStory;
  std::vector<Waits> stuck = {};
};

inline std::ostream& operator<<(std::ostream& os, const Case& c) {
  return os << c.name;
}

inline const std::vector<Case>& Cases() {
  using enum Finds;
  static const std::vector<Case> cases = {
      {"semaphores",
       "semaphore_program",
       kConfirmed,
       "lock-order",
       true,
       Says::kCommunication,
       {{"one then other", "other", "one"},
        {"other then one", "one", "other"}}},
      {"semaphore-mutex",
       "semaphore_program",
       kConfirmed,
       "lock-order",
       true,
       Says::kCommunication,
       {{"permit first", "mutex", "one"}, {"mutex first", "one", "mutex"}}},
      {"signal", "semaphore_program", kNoStory},
      {"post-under-mutex",
       "semaphore_program",
       kConfirmedCommunication,
       "communication",
       false,
       Says::kCommunication,
       {{"poster", "mutex"}, {"waiter", "posted", "mutex"}}},
      {"event-under-mutex",
       "waits_program",
       kConfirmedCommunication,
       "communication",
       false,
       Says::kCommunication,
       {{"ender", "mutex"}, {"waiter", "ready", "mutex"}}},
      {"event-cleared",
       "waits_program",
       kHazard,
       "lost-wakeup",
       false,
       Says::kCommunication,
       {{"waiter", "ready"}, {"main", "the end of"}}},
      {"event-unset",
       "waits_program",
       kHazard,
       "never-signalled",
       false,
       Says::kCommunication,
       {{"waiter", "never"}, {"main", "the end of"}}},
      {"own-promise",
       "waits_program",
       kHazard,
       "never-signalled",
       false,
       Says::kCommunication,
       {{"main", "answer"}}},
      {"never-done",
       "queue_program",
       kHazard,
       "never-signalled",
       false,
       Says::kCommunication,
       {{"main", "jobs (end)"}}},
      {"condition-under-mutex",
       "condition_program",
       kConfirmedCommunication,
       "communication",
       false,
       Says::kCommunication,
       {{"notifier", "outer"}, {"waiter", "changed", "outer"}}},
      {"lost-wakeup",
       "condition_program",
       kHazard,
       "naked-notify",
       false,
       Says::kCommunication,
       {{"waiter", "changed"}, {"main", "the end of"}}},
      {"queues",
       "queue_program",
       kConfirmedCommunication,
       "communication",
       false,
       Says::kCommunication,
       {{"server of left", "right (room)"},
        {"server of right", "left (room)"}}},
      {"put-under-mutex",
       "queue_program",
       kConfirmedCommunication,
       "communication",
       false,
       Says::kCommunication,
       {{"producer", "jobs (room)", "mutex"}, {"consumer", "mutex"}}},
      {"task-behind-one",
       "pool_program",
       kConfirmedCommunication,
       "communication",
       false,
       Says::kCommunication,
       {{"crew task", "crew", nullptr, "crew worker 1"}}},
      {"task-behind-many",
       "pool_program",
       kConfirmedCommunication,
       "communication",
       false,
       Says::kCommunication,
       {{"crew task", "crew", nullptr, "crew worker 1"}}},
      {"pool-in-itself",
       "pool_program",
       kMisuse,
       "join-by-own-task",
       true,
       Says::kDeadlock,
       {{"joiner", "the end of"}, {"crew worker 1", "the end of"}}},
      {"join-under-mutex",
       "join_program",
       kConfirmed,
       "lock-order",
       true,
       Says::kDeadlock,
       {{"main", "the end of", "mutex"}, {"worker", "mutex"}}},
      {"self-join",
       "join_program",
       kMisuse,
       "self-join",
       true,
       Says::kDeadlock,
       {{"one", "the end of"}, {"two", "the end of"}}},
      {"latch-under-mutex",
       "waits_program",
       kConfirmedCommunication,
       "communication",
       false,
       Says::kCommunication,
       {{"ender", "mutex"}, {"waiter", "ready", "mutex"}}},
      {"barrier-under-mutex",
       "waits_program",
       kConfirmedCommunication,
       "communication",
       false,
       Says::kCommunication,
       {{"ender", "mutex"}, {"waiter", "ready", "mutex"}}},
      {"future-under-mutex",
       "waits_program",
       kConfirmedCommunication,
       "communication",
       false,
       Says::kCommunication,
       {{"ender", "mutex"}, {"waiter", "ready", "mutex"}}},
      {"completion-under-mutex",
       "barrier_program",
       kConfirmedCommunication,
       "communication",
       false,
       Says::kCommunication,
       {{"ender", "mutex"}, {"waiter", "ready", "mutex"}}},
      {"queue-join-under-mutex",
       "waits_program",
       kConfirmedCommunication,
       "communication",
       false,
       Says::kCommunication,
       {{"ender", "mutex"}, {"waiter", "ready (end)", "mutex"}}},
      {"queue-close-under-mutex",
       "waits_program",
       kConfirmedCommunication,
       "communication",
       false,
       Says::kCommunication,
       {{"ender", "mutex"}, {"waiter", "ready", "mutex"}}},
      {"operation-under-mutex",
       "outside_program",
       kConfirmedCommunication,
       "communication",
       false,
       Says::kStall,
       {{"replier", "m"}, {"reader", "reply", "m"}}},
      {"gil",
       "gil_program",
       kConfirmed,
       "lock-order",
       true,
       Says::kDeadlock,
       {{"gil first", "m", "gil"}, {"mutex first", "gil", "m"}}},
      {"gil-tick",
       "gil_program",
       kConfirmed,
       "lock-order",
       true,
       Says::kDeadlock,
       {{"ticker", "gil", "m"}, {"gil first", "m", "gil"}}},
      {"io-under-mutex",
       "outside_program",
       kHazard,
       "blocking-call",
       false,
       Says::kStall,
       {{"reader", "read for ever", "m"}, {"other", "m"}}},
      {"timed",
       "timed_program",
       kNothing,
       "",
       false,
       Says::kTimedCycle,
       {{"patient", "a", "b"}, {"hasty", "b", "a"}}},
      {"once",
       "waits_program",
       kConfirmed,
       "lock-order",
       true,
       Says::kDeadlock,
       {{"once first", "mutex", "once"}, {"mutex first", "once", "mutex"}}},
  };
  return cases;
}

}  // namespace lockcheck::tools::testing

#endif  // LOCKCHECK_TESTS_TOOLS_CASES_H_
