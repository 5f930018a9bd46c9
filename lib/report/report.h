// The report: everything any output form shows, in one struct.
//
// Problem: text, JSON, graph and flame-graph output must never disagree. The
// builder (build.h) makes one Report from findings, statistics and symbols; the
// forms only read it, and docs/report.schema.json describes its JSON form.
//
// All references are indices into the Report's own tables. Times are ns. Texts
// hold no control characters: they may go to a terminal as they are.
#ifndef LOCKCHECK_LIB_REPORT_REPORT_H_
#define LOCKCHECK_LIB_REPORT_REPORT_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/analysis/findings.h"
#include "lib/model/primitives.h"

namespace lockcheck::report {

struct SourceLine {
  std::string function, file;  // may be empty
  int line = 0;                // 0: not known
  bool inlined = false;        // into the next frame of its stack
  std::string module;
  uint64_t offset = 0;  // from the module's load base
};

struct Times {
  uint64_t n = 0;  // measured
  double total = 0, mean = 0;
  uint64_t p50 = 0, p90 = 0, p99 = 0, max = 0;
  double error = 0;  // standard error of the mean; 0 if all were measured
};

// The hotspot columns, the same for a lock class, a site and an actor.
struct UsageRow {
  uint64_t acquisitions = 0;
  uint64_t contended = 0, try_failed = 0;
  std::optional<uint64_t> owner_changes;  // empty: not in the log
  uint64_t unmet = 0;     // waits that did not get it, standing ones too
  uint64_t standing = 0;  // waits that stand at the log's end
  std::optional<uint32_t> max_waiters, actors;  // classes only
  std::optional<double> utilisation;  // hold time / wall; empty: not timed
  double caused_ns = 0;               // "caused"; wait.total is "suffered"
  // Waits for what cannot be held: no contention. A class of such objects has
  // them in `wait` too, sites and actors have them here alone.
  uint64_t signal_waits = 0;
  double signal_wait_ns = 0;
  Times wait, hold;
  // ---- Of classes only ----
  std::optional<double> serial;  // share of the run that one lock was held
  // Standard error of that; empty: it is what waits show, at least.
  std::optional<double> serial_error;
  std::optional<double> waited_ns;  // somebody waited
  std::optional<double> crowd;      // how many did, in the mean, when some did
  std::optional<double> speed_up;   // at most, if nobody had; empty: no bound
  std::optional<uint64_t> found_waiters;  // releases
  std::optional<uint64_t> woken_in_vain;  // wake-ups; of signals: at most
  std::optional<uint64_t> posts, woke_nobody, clears, takes;
};

// The same over the time from the first act to the last.
struct LevelInTimeRow {
  double ns = 0;
  double mean = 0, error = 0;  // a bound: the true mean is within it
  uint64_t p50 = 0, p90 = 0, p99 = 0;
  std::vector<double> parts;  // means of equal parts of the time, in order
};

// How much there was of what an object has, after acts on it.
struct LevelRow {
  std::string of;  // "items", "room", "permits", "unfinished", "in flight"
  uint32_t begins_with = 0;
  uint64_t acts = 0;
  // After every so many acts; 0: after those whose records say it.
  uint64_t every = 0;
  double mean = 0;
  uint64_t min = 0, p50 = 0, p90 = 0, p99 = 0, max = 0;
  std::vector<double> parts;  // means of equal parts of the acts, in order
  std::optional<LevelInTimeRow> in_time;  // empty: not all acts are numbered
};

// Of a semaphore whose permits are held like locks.
struct PermitsRow {
  uint32_t begins_with = 0;
  uint64_t acquired = 0;
  std::optional<double> in_use;  // mean; empty: not timed, or a signal's
  // Standard error of that; empty: it is what waits show, at least.
  std::optional<double> in_use_error;
  bool all_in_use = false;  // at some time, of one object at least
  // Of the run: somebody waited for one. Empty: of a signal.
  std::optional<double> all_in_use_share;
};

struct PoolRow {
  uint32_t workers = 0;
  uint64_t tasks = 0;
  uint32_t most_running = 0, most_queued = 0;  // at once
  double open_ns = 0;                          // first submission to last end
  double utilisation = 0;                      // of the workers, meanwhile
  Times queued, ran;
};

struct GilRow {
  uint64_t switches = 0;
  std::optional<double> running_ns;  // had by somebody; empty: not known
  // Standard error of that; empty: it is what waits show, at least.
  std::optional<double> running_error_ns;
  double waiting_ns = 0;    // of all who waited, added up
  double waited_share = 0;  // of takes: had to wait
  double convoy = 0;  // of takes: was given to somebody who waited already
};

// Waits for the ends of threads and processes.
struct JoinsRow {
  uint64_t standing = 0;
  Times wait;
};

struct SiteRow {                  // one per user frame
  SourceLine where;               // first frame outside wrappers
  std::vector<SourceLine> stack;  // innermost first, the first one seen here
  UsageRow usage;
};

struct ClassRow {
  std::string name;    // declared, else "mutex@bank.cc:12"
  std::string stable;  // the same without line numbers: survives rebuilds
  model::ObjectKind kind = model::ObjectKind::kUnknown;
  uint32_t instances = 0;  // locks; a fork's copies are not counted again
  uint32_t processes = 0;  // that have one
  std::optional<SourceLine> created;
  UsageRow usage;
  std::optional<LevelRow> level;
  std::optional<PermitsRow> permits;
  std::optional<PoolRow> pool;
  std::optional<GilRow> gil;
};

struct ObjectRow {   // one per object that the report names
  std::string name;  // "fork #2", "Cache::mu", "the end of A3"
  std::optional<uint32_t> lock_class;  // empty: the end of an actor, or unseen
  model::ObjectKind kind = model::ObjectKind::kUnknown;
  std::optional<SourceLine> created;
  bool unseen = false;  // what a wait that is none of lockcheck's is for
};

// Held or asked for as by a reader. Permits of a semaphore are no shares of it.
inline bool IsShared(const ObjectRow& object, model::Mode mode) {
  return mode == model::Mode::kShared && !model::EndsByAnybody(object.kind);
}

struct ProcessRow {
  uint32_t pid = 0;
  std::optional<uint32_t> parent;
  std::string program, host;
  std::vector<std::string> arguments;
  std::string state;  // running, exited, replaced, gone, unknown
  std::optional<double> cpu_ns;
};

struct HoldRow {
  uint32_t object = 0;
  model::Mode mode = model::Mode::kExclusive;
  std::optional<uint32_t> site;        // where it was acquired
  std::vector<SourceLine> stack = {};  // innermost first, see `stack_of`
  // Whose stack it is: another actor's if only that one's was recorded at this
  // place. Empty: not known.
  std::optional<uint32_t> stack_of = {};
};

struct ActorRow {
  std::string label;  // "A1": the number is `id`
  uint32_t id = 0;    // in the log
  // kind: main, thread, foreign, fork-child, signal, task, coroutine
  std::string kind, name;
  std::optional<uint32_t> process, parent;
  uint32_t pid = 0, tid = 0;
  analysis::ActorState state = analysis::ActorState::kRunning;
  std::vector<HoldRow> holds;  // at the end of the log, outermost first
  std::optional<double> cpu_ns;
  uint64_t voluntary = 0, involuntary = 0;  // switches, valid with cpu_ns
  double blocked_ns = 0;
  UsageRow usage;
};

struct WantRow {
  uint32_t object = 0;
  model::Mode mode = model::Mode::kExclusive;
  model::How how = model::How::kBlocking;
  std::optional<uint32_t> site;
  std::vector<SourceLine> stack = {};     // of the request, innermost first
  std::optional<uint32_t> stack_of = {};  // as in HoldRow
};

// Where a coroutine is suspended, or, if it runs, was before.
struct AwaitRow {
  std::optional<uint32_t> site;
  std::vector<SourceLine> stack = {};     // innermost first
  std::optional<uint32_t> stack_of = {};  // as in HoldRow
};

struct PartRow {
  std::optional<uint32_t> actor;
  std::vector<HoldRow> holds;  // the one that matters first, then in order
  size_t outer = 0;            // of the others, those acquired before the first
  std::optional<WantRow> wants;
  std::optional<AwaitRow> awaits;
  uint64_t count = 0;
};

// One act of a schedule that leads into a deadlock.
struct WitnessRow {
  std::optional<uint32_t> actor;
  // "acquire", "release", "take", "post", "wait", "found", "start", "join"
  std::string act;
  std::string post;                // act "post": which one, "set"
  std::optional<uint32_t> object;  // of start and join: the actor's end
  std::optional<uint32_t> other;   // start and join: the actor
  model::Mode mode = model::Mode::kExclusive;
  std::optional<uint32_t> site;
  bool matters = false;  // who reads it wants to see it
};

// Reasons fork-join and history: see analysis::OrderingStep.
struct OrderingRow {
  std::optional<uint32_t> actor, other;
  analysis::EventKind act = analysis::EventKind::kJoin;
  std::optional<uint32_t> object;
  std::optional<uint32_t> site;
};

// Rule declared-order: "`first` is acquired before `second`" was declared here.
struct DeclaredRow {
  uint32_t first = 0, second = 0;  // objects
  std::optional<uint32_t> site;
};

enum class FindingKind : uint8_t { kDeadlock, kMisuse, kHazard, kContention };

struct FindingRow {
  std::string id;  // see identity.h
  // Of threads that wait for each other: the id of their lock order, where it
  // only can become that.
  std::string order_id;
  FindingKind kind = FindingKind::kDeadlock;
  std::string rule;    // see names.h
  std::string metric;  // kContention: the column that is over its budget
  std::optional<analysis::Verdict> verdict;
  std::optional<analysis::Reason> reason;
  std::optional<uint32_t> gate;  // object
  // What puts one part before another one; see analysis::Finding.
  std::vector<OrderingRow> ordered_by;
  uint32_t earlier_part = 0, later_part = 0;
  std::vector<DeclaredRow> declared;
  std::string message;  // one sentence, plain words
  std::string why;      // reason for doubt, certainty or refutation
  std::vector<uint32_t> objects;
  std::vector<PartRow> parts;
  // Confirmed: who does what, after which each part makes its request. If there
  // are very many acts, only those that matter.
  std::vector<WitnessRow> witness;
  uint64_t witness_length = 0;  // in all
  std::string missing;          // possible: what it lacks to be confirmed
  std::vector<std::string> assumes;
  std::string advice;
  std::string suppression;       // the line to paste, without its comment
  std::string suppressed_locks;  // the lock classes, if the line is an id's
  // What suppressions are matched against, besides the id.
  std::vector<std::string> suppression_keys;
  bool order_violation = false;  // no deadlock, but --policy order forbids it
  bool suppressed = false;
  bool in_baseline = false;  // known before, see baseline.h
  bool fails = false;        // named by --fail-on
  uint64_t count = 1;
  std::optional<double> time_ns;  // since the recording began
};

struct StandingWaitRow {
  uint32_t actor = 0;
  WantRow wants;
  std::vector<HoldRow> holds;
  std::optional<uint32_t> owner, owner_site;
  double duration_ns = 0;
  bool stuck = false;
  bool unsignalled = false;  // nobody in the log has done what ends it
};

struct BlameRow {
  uint32_t lock_class = 0;
  std::optional<uint32_t> waiter_site, holder_site;
  uint64_t waits = 0;
  double ns = 0;
  bool exact = false;
};

struct EdgeSite {
  std::optional<uint32_t> held, asked;  // sites
  uint64_t count = 0;
};

// Somebody asked for `to` while holding `from`; classes.
struct EdgeRow {
  uint32_t from = 0, to = 0;
  uint64_t count = 0;
  bool in_cycle = false;  // some two of their instances are on one cycle
  bool gives_up = true;   // every request was a try or a timed one
  std::vector<EdgeSite> sites;
};

struct Report {
  // log
  std::string path, recording_id;
  uint64_t start_unix_ns = 0;
  double duration_ns = 0;
  std::optional<double> cpu_ns, cores_used;
  uint32_t most_runnable = 0;  // actors that waited for nothing, at once
  uint64_t events = 0, dropped = 0, object_count = 0;
  bool complete = true, whole = true;  // see log::Recording
  // No bound cut what could have failed; `notes` say which did.
  bool exhaustive = true;
  // Not whole or not exhaustive, and named by --fail-on.
  bool fails_as_incomplete = false;
  bool exact_holds = false;      // timing=full
  uint32_t sample_interval = 0;  // 0: holds were not sampled
  std::vector<std::string> warnings;
  std::vector<std::string> notes;  // bounds that cut the analysis
  // findings
  std::vector<FindingRow> findings;
  std::vector<StandingWaitRow> standing_waits;
  // tables
  std::vector<ProcessRow> processes;
  std::vector<ActorRow> actors;
  std::vector<ClassRow> classes;
  std::vector<ObjectRow> objects;
  std::vector<SiteRow> sites;
  std::optional<JoinsRow> joins;  // empty: there were none
  std::vector<BlameRow> blame;    // costliest first
  std::vector<EdgeRow> edges;
};

// Refuted as a deadlock, and shown and counted all the same, since a rule of
// the order forbids it: --policy order, or --fail-on order.
bool IsOrderViolation(const FindingRow& row);

// `actor` is an id, of no actor if it is 0.
bool TakesPart(const Report& report, const FindingRow& row, uint32_t actor);

struct Summary {
  uint64_t actual = 0, confirmed = 0, possible = 0, refuted = 0;
  uint64_t order_violations = 0;  // of those refuted
  // Of the others that are refuted, by the number of their reason.
  std::array<uint64_t, analysis::kReasons> reasons{};
  uint64_t misuse = 0, hazard = 0, contention = 0;
  uint64_t standing_waits = 0, fails = 0;
  // Not in the counts above, nor what is suppressed in the second.
  uint64_t suppressed = 0, in_baseline = 0;
};
Summary Summarize(const Report& report);
Summary& operator+=(Summary& sum, const Summary& other);

// The wait's process recorded no end and is not known to run, so `duration_ns`
// ends at the log's last record, whatever came later.
bool LastsToLastRecord(const Report& report, const StandingWaitRow& wait);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_REPORT_H_
