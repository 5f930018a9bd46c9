// A small report made by hand with a row of every kind: two philosophers that
// can deadlock, one misuse, one wait that stands.
#ifndef LOCKCHECK_TESTS_REPORT_SAMPLE_REPORT_H_
#define LOCKCHECK_TESTS_REPORT_SAMPLE_REPORT_H_

#include <string>

#include "lib/report/report.h"

namespace lockcheck::report::testing {

inline SourceLine Line(const std::string& function, int line) {
  return {function,       "samples/philosophers.cc",           line, false,
          "philosophers", static_cast<uint64_t>(0x1000 + line)};
}

inline SiteRow Site(const std::string& function, int line) {
  SiteRow row;
  row.where = Line(function, line);
  row.stack = {row.where, Line("Philosopher::Dine", 63), Line("main", 90)};
  return row;
}

inline ActorRow Actor(const std::string& label, const std::string& kind,
                      const std::string& name, uint32_t tid) {
  ActorRow row;
  row.label = label;
  row.kind = kind;
  row.name = name;
  row.process = 0;
  row.pid = 4711;
  row.tid = tid;
  return row;
}

inline PartRow Part(uint32_t actor, uint32_t holds, uint32_t hold_site,
                    uint32_t wants, uint32_t want_site, uint64_t count) {
  PartRow part;
  part.actor = actor;
  part.holds = {{holds, model::Mode::kExclusive, hold_site,
                 Site("Philosopher::Eat", 41).stack, actor}};
  part.wants =
      WantRow{wants,     model::Mode::kExclusive,        model::How::kBlocking,
              want_site, {Line("Philosopher::Eat", 42)}, actor};
  part.count = count;
  return part;
}

inline ClassRow Fork(const std::string& name) {
  ClassRow row;
  row.name = row.stable = name;
  row.kind = model::ObjectKind::kMutex;
  row.instances = 1;
  UsageRow& u = row.usage;
  u.acquisitions = 1'240'000;
  u.contended = 31'201;
  u.owner_changes = 40'000;
  u.max_waiters = 1;
  u.actors = 2;
  u.utilisation = 0.42;
  u.caused_ns = 1.24e9;
  u.wait = {31'201, 1.24e9, 39'742, 31'000, 62'000, 410'000, 7'200'000, 0};
  u.hold = {77'500, 0.52e9, 420, 400, 700, 1'900, 90'000, 3};
  return row;
}

inline FindingRow PossibleDeadlock() {
  FindingRow row;
  row.id = "3f9a1c22b07e";
  row.kind = FindingKind::kDeadlock;
  row.rule = "lock-order";
  row.verdict = analysis::Verdict::kPossible;
  row.message =
      "A2 (plato) holds fork[0] and asks for fork[1], while A3 (kant) holds "
      "fork[1] and asks for fork[0]";
  row.why = "it did not happen in this run";
  row.advice = "always take fork[0] before fork[1]";
  row.objects = {1, 0};
  row.parts = {Part(1, 0, 0, 1, 1, 12'031), Part(2, 1, 0, 0, 1, 1)};
  row.assumes = {"plato and kant may run at the same time"};
  row.suppression = "lock-order:fork[0] -> fork[1]";
  row.suppression_keys = {"fork[0] -> fork[1]", "fork[0]", "fork[1]",
                          "Philosopher::Eat"};
  row.fails = true;
  row.count = 3;
  return row;
}

inline FindingRow Refuted() {
  FindingRow row = PossibleDeadlock();
  row.id = "00aa11bb22cc";
  row.verdict = analysis::Verdict::kRefuted;
  row.reason = analysis::Reason::kGate;
  row.gate = 0;
  row.fails = false;
  return row;
}

inline FindingRow Misuse() {
  FindingRow row;
  row.id = "0123456789ab";
  row.kind = FindingKind::kMisuse;
  row.rule = "unlock-unheld";
  row.message = "A1 (main) unlocks a lock that nobody holds: fork[0]";
  row.why = "it happened in this run";
  row.objects = {0};
  row.parts = {Part(0, 0, 0, 0, 1, 1)};
  row.parts[0].holds.clear();
  row.suppression = "unlock-unheld:fork[0] in Philosopher::Eat";
  row.suppression_keys = {"fork[0]"};
  row.fails = true;
  row.time_ns = 2.5e6;
  return row;
}

inline Report SampleReport() {
  Report r;
  r.path = "run.log";
  r.recording_id = "00ff";
  r.start_unix_ns = 1'700'000'000'000'000'000;
  r.duration_ns = 1.24e9;
  r.cpu_ns = 3.9e9;
  r.cores_used = 3.15;
  r.events = 12'400'000;
  r.object_count = 2;
  r.sample_interval = 16;
  r.warnings = {"libold.so: has no debug information"};
  r.notes = {"the search for cycles was cut at 10,000"};
  ProcessRow process;
  process.pid = 4711;
  process.program = "./philosophers";
  process.host = "agora";
  process.arguments = {"./philosophers", "5", "two words"};
  process.state = "exited";
  process.cpu_ns = 3.9e9;
  r.processes = {process};
  r.sites = {Site("Philosopher::Eat", 41), Site("Philosopher::Eat", 42)};
  r.actors = {Actor("A1", "main", "main", 4711),
              Actor("A2", "thread", "plato", 4712),
              Actor("A3", "thread", "kant", 4713)};
  r.actors[1].parent = 0;
  r.actors[1].cpu_ns = 1e9;
  r.actors[1].state = analysis::ActorState::kBlocked;
  r.actors[1].holds = {{0, model::Mode::kExclusive, 0, r.sites[0].stack, 1}};
  r.actors[1].usage.acquisitions = 600'000;
  r.classes = {Fork("fork[0]"), Fork("fork[1]")};
  r.classes[1].usage.wait.total = 0.9e9;
  r.objects = {
      {"fork[0]", 0, model::ObjectKind::kMutex, {}},
      {"fork[1]", 1, model::ObjectKind::kMutex, Line("Table::Table", 12)}};
  r.sites[0].usage = r.classes[0].usage;
  r.sites[0].usage.max_waiters.reset();
  r.sites[0].usage.actors.reset();
  r.findings = {PossibleDeadlock(), Misuse(), Refuted()};
  StandingWaitRow wait;
  wait.actor = 1;
  wait.wants = *r.findings[0].parts[0].wants;
  wait.holds = r.actors[1].holds;
  wait.owner = 2;
  wait.owner_site = 0;
  wait.duration_ns = 2.1e9;
  wait.stuck = true;
  r.standing_waits = {wait};
  r.blame = {{0, 1, 0, 31'201, 1.24e9, false},
             {1, std::nullopt, std::nullopt, 7, 250, false}};
  r.edges = {{0, 1, 12'031, true, false, {{0, 1, 12'031}}},
             {1, 0, 1, true, false, {{0, 1, 1}}},
             {1, 1, 5, false, true, {{std::nullopt, 1, 5}}}};
  return r;
}

}  // namespace lockcheck::report::testing

#endif  // LOCKCHECK_TESTS_REPORT_SAMPLE_REPORT_H_
