// Findings as the analyses give them: indices into the recording's tables, no
// text but what no table holds. lib/report turns them into words.
#ifndef LOCKCHECK_LIB_ANALYSIS_FINDINGS_H_
#define LOCKCHECK_LIB_ANALYSIS_FINDINGS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/analysis/observations.h"
#include "lib/analysis/witness.h"

namespace lockcheck::analysis {

// Strongest first. kConfirmed has a witness.
enum class Verdict : uint8_t { kActual, kConfirmed, kPossible, kRefuted };

enum class Reason : uint8_t {  // why refuted
  kOneActor,                   // one actor would have to take two of the parts
  kForkJoin,                   // ordered by fork and join in every combination
  kGate,     // a lock held by two of the actors excludes the cycle
  kTry,      // a request in the cycle is a try or timed one and gives up
  kReaders,  // readers only
  kGuard,    // guard held by another actor (refute loop)
  kHistory,  // history lock (refute loop)
};

inline constexpr size_t kReasons = 7;

enum class Kind : uint8_t { kDeadlock, kMisuse, kHazard };

enum class Rule : uint8_t {
  kLockOrder,        // cycle of lock dependencies
  kWaitFor,          // actors wait for each other at the log's end
  kSelf,             // an actor waits for a lock it holds
  kMisuse,           // which one: Finding::misuse
  kTimedCycle,       // a timed wait stands in (or expired in) a cycle
  kWaitHolding,      // waits for a notification with a lock others wait for
  kLostWakeup,       // was notified before it waited, and never again
  kNakedNotify,      // is notified of what did not change under its lock
  kNeverSignalled,   // waited at the process's exit for what nobody ever did
  kRecursiveRead,    // reads what it reads, and a writer may come between
  kBlockingCall,     // waits for the outside with a lock others ask for
  kCommunication,    // who would have to signal waits for who waits for the
                     // signal
  kStall,            // everybody waits for a signal that nobody is left to give
  kOwnerDied,        // its process died while it held a lock between processes
  kLockAcrossAwait,  // suspended with a lock for which threads sleep
  kBlockingInCoroutine,  // a coroutine waits in its thread
  kLongRun,              // a coroutine keeps its thread for long
  kCarrier,  // a coroutine's thread waits for what one holds that is suspended,
             // and that only this thread could resume
  kForkWhileHeld,  // another thread held a lock when its process was forked
  kInheritedLock,  // a forked child works under its copy of a lock
  kDeclaredOrder,  // a lock is asked for in another order than was declared
};

// One actor's part: it holds `holds` and asks for `wants`. `wants` is kNone for
// an owner that only holds: it ended with the lock held, or a misuse names it.
struct Part {
  ActorIndex actor = kNone;
  std::vector<Hold> holds;    // the one that matters first, then in order
  uint32_t outer = 0;         // of the others, those acquired before the first
  ObjectIndex wants = kNone;  // END(actor) for a join
  model::Mode mode = model::Mode::kExclusive;
  model::How how = model::How::kBlocking;
  SiteIndex site = kNone;  // of the request
  StackIndex stack = kNone;
  uint64_t count = 0;  // how often this dependency was seen
  // Of a coroutine: where it is suspended, or, of one that runs, was before.
  SiteIndex awaits = kNone;
};

// What puts one actor's section before another's. kFork, kJoin: the actor
// starts, or joins, the other one. Else the actor does something that the other
// one needs: kPost what it waits for, kWrite or kUpdate what it reads, kRelease
// the end of a once_flag's function, which it passes.
struct OrderingStep {
  ActorIndex actor = kNone;
  ActorIndex other = kNone;
  EventKind act = EventKind::kJoin;
  ObjectIndex object = kNone;  // what is posted, written, or passed
  SiteIndex site = kNone;      // of the act; of a start, not known
};

struct Finding {
  Kind kind = Kind::kDeadlock;
  Rule rule = Rule::kLockOrder;
  std::optional<Verdict> verdict;  // deadlocks only
  std::optional<Reason> reason;    // refuted only
  ObjectIndex gate = kNone;        // Reason::kGate: the lock
  // Reason::kForkJoin, kHistory: what puts one of the parts before another one,
  // in that order; and these two. Empty: they are in order in one way or the
  // other whichever of several actors take part, or by more than one way.
  std::vector<OrderingStep> ordered_by;
  uint32_t earlier_part = 0, later_part = 0;
  // Rule::kDeclaredOrder: in Recording::declared_orders, from the lock that is
  // asked for to the one that is held; without parts, round a cycle.
  std::vector<uint32_t> declared;
  std::optional<model::Misuse> misuse;
  // Cyclic: parts[i] wants what parts[i+1] holds. Communication: those who wait
  // for a signal first, then those who wait for them.
  std::vector<Part> parts;
  std::vector<ObjectIndex>
      objects;  // the cycle's objects, parts[i].wants first
  std::vector<std::string> assumes;  // sentences
  Witness witness;                   // kConfirmed
  Doubt doubt = Doubt::kNone;        // kPossible: what is missing
  uint64_t ticks = 0;                // misuse: when; actual: when it closed
  // Instances merged into this finding. Lock order: combinations of
  // dependencies with these locks and sites, of whichever actors. Misuse: how
  // often. An owner that ended: how many wait for it.
  uint64_t count = 1;
  // Policy::kOrder: refuted as a deadlock (one-actor, fork-join, gate), but the
  // order is broken all the same, so it fails. Never set under kDeadlock.
  bool order_violation = false;
  // It did not stay, since one of the requests was refused, or gave up.
  bool was_refused = false;
  // Of coroutines: that the lock was let go of in another thread; how many
  // others were ready at most; for how long a thread was kept at most.
  bool elsewhere = false;
  uint64_t ready = 0;
  uint64_t ns = 0;
};

// A wait that stands at the end of the log, in a finding or not.
struct StandingWait {
  ActorIndex actor = kNone;
  Wait wait;
  std::vector<Hold> held;
  uint64_t duration_ns = 0;  // to now if its process runs, else to the last
                             // stamp in the log
  bool stuck = false;        // part of an actual deadlock, or waits for one
  bool unsignalled = false;  // for what nobody has signalled so far
};

struct Findings {
  std::vector<Finding> findings;  // strongest verdict first, then stable order
  std::vector<StandingWait> standing_waits;
  std::vector<std::string> notes;  // what was cut by a bound, in one line each
  // Nothing that could fail was cut: who finds nothing may say so.
  bool exhaustive = true;
};

enum class Policy : uint8_t {
  kDeadlock,  // inversions that cannot deadlock are refuted
  kOrder,     // every inversion is a finding, one-actor and fork-join ones too
};

struct FindOptions {
  Policy policy = Policy::kDeadlock;
  size_t max_cycle_length = 32;
  size_t max_cycles = 10'000;  // per strong component
  // Bounds the time of the search: edges looked at, per strong component. A
  // search that is cut never refutes; it is named in Findings::notes.
  size_t max_steps = 5'000'000;
};

// The whole pipeline: cycles, verdicts, end state, misuse. Pure; no I/O.
Findings Find(const Observations& observations, const FindOptions& options);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_FINDINGS_H_
