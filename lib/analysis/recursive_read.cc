#include "lib/analysis/recursive_read.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
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
  Part reader;
  reader.actor = d.actor;
  reader.holds.assign(d.held.begin(), d.held.end());
  const auto outer = reader.holds.begin() + (ReadAlready(d) - &d.held[0]);
  reader.outer = static_cast<uint32_t>(outer - reader.holds.begin());
  std::rotate(reader.holds.begin(), outer, outer + 1);
  reader.wants = d.lock;
  reader.mode = d.mode;
  reader.how = d.how;
  reader.site = d.site;
  reader.stack = d.stack;
  reader.count = d.count;
  Finding finding;
  finding.kind = Kind::kHazard;
  finding.rule = Rule::kRecursiveRead;
  finding.parts = {std::move(reader), ToPart(writer, d.lock)};
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
