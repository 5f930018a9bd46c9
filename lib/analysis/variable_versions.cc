#include "lib/analysis/variable_versions.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace lockcheck::analysis {

void FindFirstVersions(const log::Recording& recording, Trace& trace) {
  std::vector<uint32_t> least(trace.objects.size(), UINT32_MAX);
  for (const TraceActor& actor : trace.actors) {
    for (const Event& e : actor.events) {
      if (!IsAccess(e.kind)) continue;
      const uint32_t before = e.order - (MakesVersion(e.kind) ? 1 : 0);
      least[e.object] = std::min(least[e.object], before);
    }
  }
  for (ObjectIndex o = 0; o < least.size(); ++o) {
    const log::ProcessIndex process = recording.objects[o].process;
    const bool is_child = process < recording.processes.size() &&
                          recording.processes[process].parent != log::kNone;
    if (least[o] != UINT32_MAX && (is_child || !recording.from_start)) {
      trace.objects[o].first_version = least[o];
    }
  }
}

void FindMixedVersions(Trace& trace) {
  for (const TraceActor& actor : trace.actors) {
    absl::flat_hash_map<ObjectIndex, uint32_t> last;
    for (const Event& e : actor.events) {
      if (!IsAccess(e.kind)) continue;
      uint32_t& version = last[e.object];
      const bool rises =
          SeesVersion(e.kind) ? VersionSeen(e) >= version : e.order > version;
      if (!rises) trace.objects[e.object].mixed = true;
      version = e.order;
    }
  }
}

}  // namespace lockcheck::analysis
