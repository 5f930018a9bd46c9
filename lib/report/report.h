// The report: everything any output form shows, in one struct. The builder
// makes it from findings, statistics and symbols; text, JSON, dot and folded
// output only read it. docs/report.schema.json describes its JSON form.
#ifndef LOCKCHECK_LIB_REPORT_REPORT_H_
#define LOCKCHECK_LIB_REPORT_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/statistics.h"
#include "lib/log/recording.h"
#include "lib/symbolize/symbolize.h"

namespace lockcheck::report {

struct SourceLine {
  std::string function, file;  // may be empty
  int line = 0;
  bool inlined = false;
  std::string module;
  uint64_t offset = 0;
};

struct SiteRow {
  SourceLine where;               // first frame outside wrappers
  std::vector<SourceLine> stack;  // trimmed of wrapper frames, innermost first
};

struct ActorRow {
  uint32_t id = 0;         // index in Report::actors, printed as "A<id>"
  std::string kind, name;  // kind: main, thread, foreign, fork-child, signal
  uint32_t pid = 0, tid = 0;
  std::optional<uint32_t> parent;
  std::string state;  // running, blocked, ended, gone
  uint64_t cpu_ns = 0, voluntary = 0, involuntary = 0;
  bool cpu_known = false;
  double blocked_ns = 0, caused_ns = 0;
  uint64_t acquisitions = 0, contended = 0;
};

struct Times {
  uint64_t n = 0;
  double total = 0, mean = 0;                   // ns
  uint64_t p50 = 0, p90 = 0, p99 = 0, max = 0;  // ns
  double error = 0;  // standard error of the mean, ns; 0 if exact
};

// Hotspots of a lock class, a site or an actor: the same columns everywhere.
struct HotspotRow {
  std::string label;  // class, site or actor
  std::string kind;   // primitive's name; role for sites
  uint32_t instances = 0;
  uint64_t acquisitions = 0, contended = 0, try_failed = 0;
  Times wait, hold;
  double caused_ns = 0;  // "caused"; wait.total is "suffered"
  uint32_t max_waiters = 0, actors = 0;
  uint64_t owner_changes = 0;
  double utilisation = 0;  // hold time / wall time
};

struct ObjectRow {   // one per object that a finding names
  std::string name;  // "fork[2]", "Cache::mu", "mutex@main.cc:12 #3"
  std::string lock_class, kind;
  SourceLine created;
};

struct HoldRow {
  uint32_t object = 0;
  std::optional<uint32_t> site;
};

struct PartRow {
  uint32_t actor = 0;
  std::vector<HoldRow> holds;
  uint32_t wants = 0;  // object
  std::string how;     // blocking, try, timed, multi
  std::optional<uint32_t> site;
  std::vector<SourceLine> stack;  // of the request
  uint64_t count = 0;
};

struct FindingRow {
  std::string id;  // stable across rebuilds: classes and functions
  std::string kind, rule;
  std::optional<std::string> verdict, reason;
  std::string message;  // one sentence, plain words
  std::vector<uint32_t> objects;
  std::vector<PartRow> actors;
  std::vector<std::string> assumes;
  std::string advice;       // what to do about it
  std::string suppression;  // the line to paste
  bool suppressed = false;
  uint64_t count = 1;
};

struct StandingWaitRow {
  uint32_t actor = 0;
  uint32_t object = 0;
  std::vector<HoldRow> holds;
  std::optional<uint32_t> site, owner, owner_site;
  std::vector<SourceLine> stack;
  double duration_ns = 0;
  bool stuck = false;
  std::string how;
};

struct BlameRow {
  std::string lock_class, waiter_site, holder_site;
  uint64_t waits = 0;
  double ns = 0;
  bool exact = false;
};

struct Report {
  // log
  std::vector<std::string> paths;
  std::string program, host, arguments;
  double duration_ns = 0, cores_used = 0;
  uint64_t events = 0, dropped = 0;
  bool complete = true;
  std::vector<std::string> warnings;
  bool exact_holds = false;
  uint32_t sample_interval = 0;
  uint64_t object_count = 0;
  // findings
  std::vector<FindingRow> findings;
  std::vector<StandingWaitRow> standing_waits;
  std::vector<std::string> notes;
  // tables
  std::vector<ActorRow> actors;
  std::vector<ObjectRow> objects;
  std::vector<SiteRow> sites;
  std::vector<HotspotRow> classes, site_hotspots, actor_hotspots;
  std::vector<BlameRow> blame;
};

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_REPORT_H_
