#include "lib/report/serial.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "lib/analysis/wait_overlap.h"

namespace lockcheck::report {
namespace {

using analysis::ObjectIndex;
using analysis::ObjectUsage;
using analysis::Statistics;
using analysis::WaitInterval;

// When somebody waited for an object of the class, by class.
std::vector<std::vector<WaitInterval>> WaitedByClass(
    const Statistics& statistics, const Naming& naming, size_t classes) {
  std::vector<std::vector<WaitInterval>> waited(classes);
  for (const auto& [object, intervals] : statistics.waited) {
    if (const auto row = naming.Class(object)) {
      waited[*row].insert(waited[*row].end(), intervals.begin(),
                          intervals.end());
    }
  }
  return waited;
}

// How many actors asked for objects of the class, at least as many as it were,
// by class. Whoever waited did so for another one.
std::vector<double> AskersByClass(const Statistics& statistics,
                                  const Naming& naming, size_t classes) {
  std::vector<double> askers(classes);
  const auto all = static_cast<double>(statistics.actors.size());
  for (size_t i = 0; i < statistics.objects.size(); ++i) {
    const auto row = naming.Class(static_cast<ObjectIndex>(i));
    if (row) askers[*row] += statistics.objects[i].askers;
  }
  for (double& n : askers) n = std::max(2.0, std::min(n, all));
  return askers;
}

// A run that ended in a deadlock lasts until somebody ends it.
bool EndsInDeadlock(const Report& report) {
  return std::any_of(report.standing_waits.begin(), report.standing_waits.end(),
                     [](const StandingWaitRow& wait) { return wait.stuck; });
}

// Of the object that was held for longest, and at least for as long as somebody
// was kept waiting for it: few samples miss rare long holds. Shared holds hold
// up nobody who shares them, so nothing is said of an object that has some.
void FillShares(const Statistics& statistics, const Naming& naming,
                Report& report) {
  struct Longest {
    double held = 0;
    std::optional<double> error;
    bool shared = false;
  };
  std::vector<Longest> of_class(report.classes.size());
  for (size_t i = 0; i < statistics.objects.size(); ++i) {
    const auto row = naming.Class(static_cast<ObjectIndex>(i));
    if (!row) continue;
    const ObjectUsage& object = statistics.objects[i];
    Longest& longest = of_class[*row];
    longest.shared |= object.shared != 0;
    const double held =
        statistics.exact ? object.hold.total() : object.hold_estimate_ns;
    const double least = statistics.exact ? 0 : object.held_at_least_ns;
    if (std::max(held, least) <= longest.held) continue;
    longest.held = std::max(held, least);
    longest.error.reset();
    if (held >= least) {
      longest.error = statistics.exact ? 0 : object.estimate_error_ns;
    }
  }
  for (size_t i = 0; i < of_class.size(); ++i) {
    const Longest& longest = of_class[i];
    ClassRow& row = report.classes[i];
    if (longest.shared || longest.held <= 0 || statistics.duration_ns <= 0 ||
        !model::CanBeHeld(row.kind)) {
      continue;
    }
    row.usage.serial = std::min(1.0, longest.held / statistics.duration_ns);
    if (longest.error) {
      row.usage.serial_error = *longest.error / statistics.duration_ns;
    }
  }
}

}  // namespace

void FillSerial(const Statistics& statistics, const Naming& naming,
                Report& report) {
  auto waited = WaitedByClass(statistics, naming, report.classes.size());
  const std::vector<double> askers =
      AskersByClass(statistics, naming, report.classes.size());
  const bool ends_in_deadlock = EndsInDeadlock(report);
  for (size_t i = 0; i < waited.size(); ++i) {
    UsageRow& usage = report.classes[i].usage;
    const double ns =
        statistics.ns_per_tick * static_cast<double>(analysis::TotalTicks(
                                     analysis::Union(std::move(waited[i]))));
    usage.waited_ns = ns;
    if (ns > 0) usage.crowd = std::max(1.0, usage.wait.total / ns);
    // To wait for a signal is no contention: without the wait there would be
    // nothing to go on with.
    if (!model::CanBeHeld(report.classes[i].kind) || ends_in_deadlock) continue;
    const double rest = statistics.duration_ns - ns;
    if (statistics.duration_ns > 0 && rest > 0) {
      usage.speed_up = std::min(statistics.duration_ns / rest, askers[i]);
    }
  }
  FillShares(statistics, naming, report);
}

}  // namespace lockcheck::report
