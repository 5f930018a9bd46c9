#include "lib/analysis/recursive_read.h"

#include <map>
#include <tuple>

#include "absl/container/flat_hash_set.h"
#include "lib/analysis/dependency_part.h"
#include "lib/analysis/rivals.h"

namespace lockcheck::analysis {
namespace {

// The outermost hold of the lock, if all holds of it are shared.
const Hold* ReadAlready(const Dependency& d) {
  const Hold* outer = nullptr;
  for (const Hold& hold : d.held) {
    if (hold.object != d.lock) continue;
    if (hold.mode != model::Mode::kShared) return nullptr;
    if (outer == nullptr) outer = &hold;
  }
  return outer;
}

bool IsRecursiveRead(const Dependency& d) {
  return d.mode == model::Mode::kShared && !GivesUp(d.how) &&
         ReadAlready(d) != nullptr;
}

absl::flat_hash_set<ObjectIndex> LocksReadTwice(const Observations& o) {
  absl::flat_hash_set<ObjectIndex> locks;
  for (const Dependency& d : o.dependencies) {
    if (IsRecursiveRead(d)) locks.insert(d.lock);
  }
  return locks;
}

Finding ToFinding(const Dependency& d, const Rival& writer) {
  const auto outer = static_cast<size_t>(ReadAlready(d) - &d.held[0]);
  Finding finding;
  finding.kind = Kind::kHazard;
  finding.rule = Rule::kRecursiveRead;
  finding.parts = {ToPart(d, outer), ToPart(writer, d.lock)};
  finding.objects = {d.lock};
  finding.assumes = {"a writer that waits stops new readers"};
  return finding;
}

}  // namespace

void FindRecursiveReads(const Observations& o, std::vector<Finding>& findings) {
  const absl::flat_hash_set<ObjectIndex> locks = LocksReadTwice(o);
  if (locks.empty()) return;
  Rivals rivals(o, locks);
  std::map<std::tuple<ObjectIndex, SiteIndex, SiteIndex>, size_t> rows;
  for (const Dependency& d : o.dependencies) {
    if (!IsRecursiveRead(d)) continue;
    const Rival* const writer = rivals.Beside(d, d.lock, model::Mode::kShared);
    if (writer == nullptr) continue;
    const auto [row, is_new] = rows.try_emplace(
        std::tuple(d.lock, ReadAlready(d)->site, d.site), findings.size());
    if (is_new) {
      findings.push_back(ToFinding(d, *writer));
    } else {
      ++findings[row->second].count;
    }
  }
}

}  // namespace lockcheck::analysis
