#include "lib/analysis/misuse.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace lockcheck::analysis {
namespace {

Finding ToFinding(const MisuseEvent& event) {
  Finding finding;
  finding.kind = Kind::kMisuse;
  finding.rule = Rule::kMisuse;
  finding.misuse = event.misuse;
  finding.objects = {event.object};
  finding.ticks = event.ticks;
  Part part;
  part.actor = event.actor;
  part.site = event.site;
  part.stack = event.stack;
  const bool self = event.misuse == model::Misuse::kSelfLock;
  if (self) part.wants = event.object;
  if (self || event.misuse == model::Misuse::kExitHolding) {
    part.holds = {{event.object}};
  }
  finding.parts.push_back(std::move(part));
  if (event.owner != kNone && event.owner != event.actor) {
    Part owner;
    owner.actor = event.owner;
    owner.holds = {{event.object}};
    finding.parts.push_back(std::move(owner));
  }
  return finding;
}

}  // namespace

void FindMisuse(const Observations& observations,
                std::vector<Finding>& findings) {
  std::map<std::tuple<model::Misuse, ObjectIndex, SiteIndex>, Finding> merged;
  for (const MisuseEvent& event : observations.misuses) {
    const auto key = std::tuple(event.misuse, event.object, event.site);
    const auto [found, added] = merged.try_emplace(key, ToFinding(event));
    Finding& finding = found->second;
    const uint64_t before = added ? 0 : finding.count;
    if (event.ticks < finding.ticks) finding = ToFinding(event);
    finding.count = before + event.count;
    finding.parts.front().count = finding.count;
  }
  for (auto& [key, finding] : merged) findings.push_back(std::move(finding));
}

}  // namespace lockcheck::analysis
