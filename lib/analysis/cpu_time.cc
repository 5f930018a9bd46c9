#include "lib/analysis/cpu_time.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace lockcheck::analysis {
namespace {

// What the actor can have used while it was recorded.
double MostOf(const log::Recording& recording, const log::Actor& actor,
              const ActorUsage& usage) {
  const uint64_t lived = usage.last_ticks > usage.begin_ticks
                             ? usage.last_ticks - usage.begin_ticks
                             : 0;
  const double most =
      std::max(0.0, static_cast<double>(lived) * recording.clock.ns_per_tick -
                        usage.blocked_ns);
  return actor.ended ? std::min(most, static_cast<double>(actor.cpu_ns)) : most;
}

// Wall time of the process before the recording, at most. The one that opened
// the recording is older than it; its age is not known if the machine slept.
double AgeNs(const log::Recording& recording, const log::Process& process) {
  constexpr double kTickNs = 1e7;  // of start_time, whatever the machine
  const double age = static_cast<double>(recording.start_monotonic_ns) -
                     static_cast<double>(process.start_time) * kTickNs;
  if (age + kTickNs > 0) return age + kTickNs;
  return process.parent == kNone ? std::numeric_limits<double>::infinity() : 0;
}

}  // namespace

CpuTime CpuTimeOf(const log::Recording& recording,
                  const std::vector<ActorUsage>& actors) {
  const auto& processes = recording.processes;
  std::vector<CpuTime> of_process(processes.size());  // sums over its actors
  CpuTime all;
  bool exited = true;
  for (ActorIndex a = 0; a < recording.actors.size(); ++a) {
    const log::Actor& actor = recording.actors[a];
    const double most = MostOf(recording, actor, actors[a]);
    if (actor.process < processes.size() && processes[actor.process].exited) {
      CpuTime& sum = of_process[actor.process];
      sum.most_ns += most;
      const bool all_recorded = actor.how == log::BeginHow::kStarted;
      if (actor.ended && all_recorded) sum.least_ns += most;
    } else if (actor.ended) {
      all.most_ns += most;
    }
  }
  for (size_t i = 0; i < processes.size(); ++i) {
    const log::Process& process = processes[i];
    exited &= process.exited || process.replaced_by_exec;
    if (!process.exited) continue;
    const auto cpu = static_cast<double>(process.cpu_ns);
    const double least =
        std::max(of_process[i].least_ns, cpu - AgeNs(recording, process));
    // Threads without a lock are no actors, but what they used is in `cpu`.
    const double most = std::min(cpu, std::max(of_process[i].most_ns, least));
    all.most_ns += most;
    all.least_ns += std::clamp(least, 0.0, most);
  }
  if (!exited) all.least_ns = 0;
  return all;
}

}  // namespace lockcheck::analysis
