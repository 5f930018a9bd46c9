#include "lib/report/build.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/class_order.h"
#include "lib/analysis/dependency_part.h"
#include "lib/analysis/stack_finder.h"
#include "lib/log/order_key.h"
#include "lib/report/class_words.h"
#include "lib/report/edges.h"
#include "lib/report/identity.h"
#include "lib/report/names.h"
#include "lib/report/naming.h"
#include "lib/report/order_rows.h"
#include "lib/report/primitive_rows.h"
#include "lib/report/serial.h"
#include "lib/report/suppress.h"
#include "lib/report/usage.h"
#include "lib/report/witness_text.h"
#include "lib/report/words.h"

namespace lockcheck::report {
namespace {

using analysis::Finding;
using log::kNone;

FindingKind KindOf(analysis::Kind kind) {
  switch (kind) {
    case analysis::Kind::kDeadlock:
      return FindingKind::kDeadlock;
    case analysis::Kind::kMisuse:
      return FindingKind::kMisuse;
    case analysis::Kind::kHazard:
      return FindingKind::kHazard;
  }
  return FindingKind::kHazard;
}

class Builder {
 public:
  explicit Builder(const BuildInput& input)
      : input_(input),
        sites_(input.recording, input.resolve, report_.sites),
        naming_(input.observations, sites_, input.find_variable, report_),
        stacks_(input.recording) {}

  Report Build() {
    Header();
    EndStates();
    for (const Finding& finding : input_.findings.findings) Add(finding);
    if (input_.classes) AddClassOrder();
    for (const auto& wait : input_.findings.standing_waits) Add(wait);
    report_.edges = OrderEdges(input_.observations, naming_, sites_);
    ChooseSuppressions(report_);
    FillUsage(input_.statistics, naming_, sites_, report_);
    FillSerial(input_.statistics, naming_, report_);
    FillPrimitiveRows(input_.statistics, input_.recording, naming_, report_);
    return std::move(report_);
  }

 private:
  void Header();
  void Add(const Finding& finding);
  void Add(const analysis::StandingWait& wait);
  void AddClassOrder();
  bool IsCycleOfLocks(const std::vector<uint32_t>& classes) const;
  // Of findings with one id the first stays, and counts them all.
  void Merge(FindingRow&& row);
  void EndStates();

  // `outer`: see analysis::Part.
  std::vector<HoldRow> Holds(analysis::ActorIndex actor,
                             const std::vector<analysis::Hold>& holds,
                             size_t outer);
  const analysis::Hold* HeldBelow(const std::vector<analysis::Hold>& holds,
                                  size_t outer, size_t i) const;
  log::StackIndex StackOfRequest(const analysis::Part& part) const;
  PartRow PartOf(const analysis::Part& part);
  WantRow Unnamed(const analysis::Wait& wait);
  void AddWitness(const analysis::Witness& witness, FindingRow& row);
  void PlaceMisuse(const analysis::Part& part, FindingRow& row);
  // Fills row.site, row.stack and row.stack_of: the recorded stack, else the
  // first one seen at the site.
  template <typename Row>
  void Place(log::StackIndex stack, log::SiteIndex site, Row& row);
  double SinceStart(uint64_t ticks) const {
    return std::max(0.0, input_.recording.clock.ToNs(ticks));
  }

  const BuildInput& input_;
  Report report_;
  SiteTable sites_;
  Naming naming_;
  const analysis::StackFinder stacks_;
  absl::flat_hash_map<std::string, size_t> row_of_id_;
};

void Builder::Header() {
  const log::Recording& recording = input_.recording;
  const analysis::Statistics& statistics = input_.statistics;
  report_.path = Printable(recording.path);
  report_.recording_id = recording.recording_id;
  report_.start_unix_ns = recording.start_unix_ns;
  // Moments in the report count from the recording's start, so it does too.
  report_.duration_ns =
      std::max({0.0, statistics.duration_ns, statistics.end_ns});
  if (statistics.cpu_ns > 0) report_.cpu_ns = statistics.cpu_ns;
  if (statistics.cores_used > 0) report_.cores_used = statistics.cores_used;
  report_.most_runnable = statistics.most_runnable;
  report_.events = statistics.events;
  report_.dropped = recording.dropped;
  report_.object_count = recording.objects.size();
  report_.complete = recording.complete;
  report_.whole = recording.whole;
  report_.exact_holds = statistics.exact;
  report_.sample_interval = statistics.sample_interval;
  for (const std::string& warning : recording.warnings) {
    report_.warnings.push_back(Printable(warning));
  }
  report_.notes = input_.findings.notes;
  report_.exhaustive = input_.findings.exhaustive;
}

template <typename Row>
void Builder::Place(log::StackIndex stack, log::SiteIndex site, Row& row) {
  const log::Recording& recording = input_.recording;
  row.site = sites_.Row(site);
  uint32_t whose = 0;
  if (stack < recording.stacks.size()) {
    whose = recording.stacks[stack].actor;
    row.stack = sites_.StackOf(stack);
  } else if (site < recording.sites.size()) {
    whose = recording.sites[site].actor;
    row.stack = sites_.StackAt(site);
  }
  row.stack_of = naming_.Actor(recording.FindActor(whose));
}

// What was innermost when holds[i] was acquired, or null.
const analysis::Hold* Builder::HeldBelow(
    const std::vector<analysis::Hold>& holds, size_t outer, size_t i) const {
  const size_t below = i == 0 ? outer : i == outer + 1 ? 0 : i - 1;
  // The first is not below itself, nor anything below the outermost.
  if (below == i || (below == 0 && i != outer + 1)) return nullptr;
  if (below >= holds.size()) return nullptr;
  // The end of an actor is no lock that it took.
  if (input_.observations.is_end_object(holds[below].object)) return nullptr;
  return &holds[below];
}

// A wait has a stack of its own only if it was a long one.
log::StackIndex Builder::StackOfRequest(const analysis::Part& part) const {
  if (part.stack != kNone) return part.stack;
  return stacks_.OfRequest(part.actor, part.wants, part.site,
                           HeldBelow(part.holds, part.outer,
                                     std::max<size_t>(part.holds.size(), 1)));
}

std::vector<HoldRow> Builder::Holds(analysis::ActorIndex actor,
                                    const std::vector<analysis::Hold>& holds,
                                    size_t outer) {
  std::vector<HoldRow> rows;
  for (size_t i = 0; i < holds.size(); ++i) {
    const analysis::Hold& hold = holds[i];
    HoldRow& row = rows.emplace_back();
    row.object = naming_.Object(hold.object);
    row.mode = hold.mode;
    Place(stacks_.OfHold(actor, hold, HeldBelow(holds, outer, i)), hold.site,
          row);
  }
  return rows;
}

PartRow Builder::PartOf(const analysis::Part& part) {
  PartRow row;
  row.actor = naming_.Actor(part.actor);
  row.holds = Holds(part.actor, part.holds, part.outer);
  row.outer = part.outer;
  row.count = part.count;
  if (part.wants != kNone) {
    WantRow wants;
    wants.object = naming_.Object(part.wants);
    wants.mode = part.mode;
    wants.how = part.how;
    Place(StackOfRequest(part), part.site, wants);
    row.wants = std::move(wants);
  }
  if (part.awaits != kNone) {
    AwaitRow awaits;
    Place(kNone, part.awaits, awaits);
    row.awaits = std::move(awaits);
  }
  return row;
}

// The log was cut before it says what the wait is for.
WantRow Builder::Unnamed(const analysis::Wait& wait) {
  WantRow wants;
  const analysis::Observations& o = input_.observations;
  const auto unknown = static_cast<analysis::ActorIndex>(o.actor_count);
  wants.object = naming_.Object(wait.joins ? o.end_object(unknown) : kNone);
  wants.mode = wait.mode;
  wants.how = wait.how;
  Place(wait.stack, wait.site, wants);
  return wants;
}

// A misuse asks for nothing, but it happened somewhere; an actor's end is no
// place.
void Builder::PlaceMisuse(const analysis::Part& part, FindingRow& row) {
  PartRow& place = row.parts[0];
  if (place.wants || row.objects.empty()) return;
  WantRow wants;
  wants.object = row.objects[0];
  Place(part.stack, part.site, wants);
  place.wants = std::move(wants);
}

void Builder::Add(const Finding& finding) {
  FindingRow row;
  row.kind = KindOf(finding.kind);
  row.rule = NameOf(finding.rule, finding.misuse);
  row.verdict = finding.verdict;
  row.reason = finding.reason;
  if (finding.gate != kNone) row.gate = naming_.Object(finding.gate);
  for (const analysis::ObjectIndex object : finding.objects) {
    row.objects.push_back(naming_.Object(object));
  }
  for (const analysis::Part& part : finding.parts) {
    row.parts.push_back(PartOf(part));
  }
  if (finding.misuse && finding.misuse != model::Misuse::kExitHolding &&
      !row.parts.empty()) {
    PlaceMisuse(finding.parts[0], row);
  }
  AddWitness(finding.witness, row);
  FillOrders(finding, input_.recording, naming_, sites_, row);
  if (row.verdict == analysis::Verdict::kPossible) {
    row.missing = MissingFor(finding.doubt);
  }
  row.assumes = finding.assumes;
  row.order_violation = finding.order_violation;
  row.count = std::max<uint64_t>(finding.count, 1);
  if (finding.ticks != 0) row.time_ns = SinceStart(finding.ticks);
  Explain(report_, finding, row);
  Merge(std::move(row));
}

void Builder::Merge(FindingRow&& row) {
  Identify(report_, row);
  const auto [it, is_new] =
      row_of_id_.try_emplace(row.id, report_.findings.size());
  if (is_new) {
    report_.findings.push_back(std::move(row));
    return;
  }
  FindingRow& first = report_.findings[it->second];
  const uint64_t count = first.count + row.count;
  if (TakesPart(report_, row, input_.actor) &&
      !TakesPart(report_, first, input_.actor)) {
    first = std::move(row);
  }
  first.count = count;
}

void Builder::AddWitness(const analysis::Witness& witness, FindingRow& row) {
  row.witness_length = witness.length;
  row.witness.reserve(witness.steps.size());
  for (const analysis::WitnessStep& step : witness.steps) {
    WitnessRow& shown = row.witness.emplace_back();
    shown.actor = naming_.Actor(step.actor);
    shown.act = NameOf(step.kind);
    const model::PostName* const post = model::NameOf(step.post);
    if (step.kind == analysis::EventKind::kPost && post != nullptr) {
      shown.post = post->name;
    }
    if (step.kind == analysis::EventKind::kFork ||
        step.kind == analysis::EventKind::kJoin) {
      shown.other = naming_.Actor(step.object);
    } else {
      shown.object = naming_.Object(step.object);
    }
    shown.mode = step.mode;
    shown.site = sites_.Row(step.site);
    shown.matters = step.matters;
  }
}

// Locks of these classes wait for each other, or may: that says more.
bool Builder::IsCycleOfLocks(const std::vector<uint32_t>& classes) const {
  const std::set<uint32_t> asked(classes.begin(), classes.end());
  return std::any_of(
      report_.findings.begin(), report_.findings.end(),
      [&](const FindingRow& row) {
        if (row.kind != FindingKind::kDeadlock ||
            row.verdict == analysis::Verdict::kRefuted) {
          return false;
        }
        std::set<uint32_t> found;
        for (const uint32_t object : row.objects) {
          found.insert(report_.objects[object].lock_class.value_or(kNone));
        }
        return found == asked;
      });
}

void Builder::AddClassOrder() {
  const auto& objects = input_.recording.objects;
  std::vector<uint32_t> class_of(objects.size(), kNone);
  std::vector<uint32_t> key_of(objects.size(), kNone);
  for (uint32_t i = 0; i < objects.size(); ++i) {
    if (model::EndsByAnybody(objects[i].kind)) continue;
    class_of[i] = naming_.Class(i).value_or(kNone);
    key_of[i] = log::OrderKeyOf(objects[i]).value_or(kNone);
  }
  const analysis::ClassOrder found =
      analysis::FindClassOrder(input_.observations, class_of, key_of);
  for (const analysis::ClassCycle& cycle : found.cycles) {
    FindingRow row;
    row.kind = FindingKind::kHazard;
    row.rule = kClassOrderRule;
    std::vector<uint32_t> classes;
    for (const analysis::ClassStep& step : cycle) {
      const analysis::Dependency& d = *step.dependency;
      row.parts.push_back(PartOf(analysis::ToPart(d, step.hold)));
      row.objects.push_back(naming_.Object(d.lock));
      classes.push_back(class_of[d.held[step.hold].object]);
    }
    if (IsCycleOfLocks(classes)) continue;
    ExplainClassOrder(report_, row);
    Merge(std::move(row));
  }
  if (found.exhaustive) return;
  report_.exhaustive = false;
  report_.notes.push_back(
      "the search for lock classes that are taken in both orders was cut "
      "short: there may be more");
}

void Builder::Add(const analysis::StandingWait& wait) {
  StandingWaitRow row;
  const auto actor = naming_.Actor(wait.actor);
  if (!actor) return;
  row.actor = *actor;
  analysis::Part part;
  part.actor = wait.actor;
  part.holds = wait.held;
  part.wants = wait.wait.object;
  part.mode = wait.wait.mode;
  part.how = wait.wait.how;
  part.site = wait.wait.site;
  part.stack = wait.wait.stack;
  PartRow waits = PartOf(part);
  row.wants = waits.wants ? *std::move(waits.wants) : Unnamed(wait.wait);
  row.holds = std::move(waits.holds);
  row.owner = naming_.Actor(wait.wait.owner);
  row.owner_site = sites_.Row(wait.wait.owner_site);
  row.duration_ns = static_cast<double>(wait.duration_ns);
  row.stuck = wait.stuck;
  row.unsignalled = wait.unsignalled;
  report_.standing_waits.push_back(std::move(row));
}

void Builder::EndStates() {
  const auto& end = input_.observations.end;
  const size_t n = std::min(end.size(), report_.actors.size());
  for (size_t i = 0; i < n; ++i) {
    report_.actors[i].state = end[i].state;
    report_.actors[i].holds =
        Holds(static_cast<analysis::ActorIndex>(i), end[i].held, 0);
  }
}

}  // namespace

bool TakesPart(const Report& report, const FindingRow& row, uint32_t actor) {
  return std::any_of(
      row.parts.begin(), row.parts.end(), [&](const PartRow& part) {
        return part.actor && report.actors[*part.actor].id == actor;
      });
}

Report Build(const BuildInput& input) { return Builder(input).Build(); }

bool IsOrderViolation(const FindingRow& row) {
  return row.verdict == analysis::Verdict::kRefuted &&
         (row.order_violation || row.fails);
}

Summary Summarize(const Report& report) {
  Summary s;
  s.standing_waits = report.standing_waits.size();
  for (const FindingRow& row : report.findings) {
    s.fails += row.fails;
    if (row.suppressed) {
      ++s.suppressed;
      continue;
    }
    if (row.in_baseline) {
      ++s.in_baseline;
      continue;
    }
    s.actual += row.verdict == analysis::Verdict::kActual;
    s.confirmed += row.verdict == analysis::Verdict::kConfirmed;
    s.possible += row.verdict == analysis::Verdict::kPossible;
    s.refuted += row.verdict == analysis::Verdict::kRefuted;
    s.order_violations += IsOrderViolation(row);
    if (row.reason && !IsOrderViolation(row)) {
      ++s.reasons[static_cast<size_t>(*row.reason)];
    }
    s.misuse += row.kind == FindingKind::kMisuse;
    s.hazard += row.kind == FindingKind::kHazard;
    s.contention += row.kind == FindingKind::kContention;
  }
  return s;
}

bool LastsToLastRecord(const Report& report, const StandingWaitRow& wait) {
  const auto& process = report.actors[wait.actor].process;
  if (!process) return true;
  const std::string& state = report.processes[*process].state;
  return state == "gone" || state == "unknown";
}

Summary& operator+=(Summary& sum, const Summary& other) {
  for (const auto member :
       {&Summary::actual, &Summary::confirmed, &Summary::possible,
        &Summary::refuted, &Summary::order_violations, &Summary::misuse,
        &Summary::hazard, &Summary::contention, &Summary::standing_waits,
        &Summary::suppressed, &Summary::in_baseline, &Summary::fails}) {
    sum.*member += other.*member;
  }
  for (size_t i = 0; i < sum.reasons.size(); ++i) {
    sum.reasons[i] += other.reasons[i];
  }
  return sum;
}

}  // namespace lockcheck::report
