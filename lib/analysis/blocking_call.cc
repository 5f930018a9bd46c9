#include "lib/analysis/blocking_call.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "lib/analysis/rivals.h"

namespace lockcheck::analysis {
namespace {

absl::flat_hash_set<ObjectIndex> LocksHeldOutside(const Observations& o) {
  absl::flat_hash_set<ObjectIndex> locks;
  for (const Dependency& d : o.dependencies) {
    if (!o.ends_outside(d.lock)) continue;
    for (const Hold& hold : d.held) locks.insert(hold.object);
  }
  return locks;
}

Finding ToFinding(const Dependency& d, size_t hold, const Rival& rival) {
  Part caller;
  caller.actor = d.actor;
  caller.holds.assign(d.held.begin(), d.held.end());
  caller.outer = static_cast<uint32_t>(hold);
  const auto held = caller.holds.begin() + static_cast<ptrdiff_t>(hold);
  std::rotate(caller.holds.begin(), held, held + 1);
  caller.wants = d.lock;
  caller.site = d.site;
  caller.stack = d.stack;
  caller.count = d.count;
  const ObjectIndex lock = d.held[hold].object;
  Finding finding;
  finding.kind = Kind::kHazard;
  finding.rule = Rule::kBlockingCall;
  finding.parts = {std::move(caller), ToPart(rival, lock)};
  finding.objects = {lock};
  return finding;
}

}  // namespace

void FindBlockingCalls(const Observations& o, std::vector<Finding>& findings) {
  const absl::flat_hash_set<ObjectIndex> locks = LocksHeldOutside(o);
  if (locks.empty()) return;
  Rivals rivals(o, locks);
  std::map<std::tuple<ObjectIndex, ObjectIndex, SiteIndex>, size_t> rows;
  for (const Dependency& d : o.dependencies) {
    if (!o.ends_outside(d.lock)) continue;
    for (size_t i = 0; i < d.held.size(); ++i) {
      const Hold& hold = d.held[i];
      const Rival* const rival = rivals.Beside(d, hold.object, hold.mode);
      if (rival == nullptr) continue;
      const auto [row, is_new] = rows.try_emplace(
          std::tuple(d.lock, hold.object, hold.site), findings.size());
      if (is_new) {
        findings.push_back(ToFinding(d, i, *rival));
      } else {
        ++findings[row->second].count;
      }
    }
  }
}

}  // namespace lockcheck::analysis
