#include "lib/analysis/blame.h"

#include <algorithm>
#include <tuple>

namespace lockcheck::analysis {

void BlameTable::Charge(const Pair& pair, uint64_t ns, bool new_wait) {
  Sum& sum = rows_[pair];
  sum.ns += ns;
  if (new_wait) ++sum.waits;
}

void BlameTable::Merge(const BlameTable& other) {
  for (const auto& [pair, theirs] : other.rows_) {
    Sum& sum = rows_[pair];
    sum.ns += theirs.ns;
    sum.waits += theirs.waits;
  }
}

void BlameTable::PlaceUnknown(
    const absl::flat_hash_map<ObjectIndex, SiteIndex>& site_of) {
  std::vector<std::pair<Pair, Sum>> placed;
  for (const auto& [pair, sum] : rows_) {
    if (pair.holder_site != kNone || pair.holder != kNone) continue;
    const auto site = site_of.find(pair.object);
    if (site == site_of.end()) continue;
    placed.emplace_back(pair, sum);
    placed.back().first.holder_site = site->second;
  }
  for (auto& [pair, sum] : placed) {
    Sum& there = rows_[pair];
    there.waits += sum.waits;
    there.ns += sum.ns;
    pair.holder_site = kNone;
    rows_.erase(pair);
  }
}

void BlameTable::AddCaused(Statistics& statistics) const {
  for (const auto& [pair, sum] : rows_) {
    const auto ns = static_cast<double>(sum.ns);
    if (pair.object < statistics.objects.size())
      statistics.objects[pair.object].caused_ns += ns;
    if (pair.holder_site < statistics.sites.size())
      statistics.sites[pair.holder_site].caused_ns += ns;
    if (pair.holder < statistics.actors.size())
      statistics.actors[pair.holder].caused_ns += ns;
  }
}

absl::flat_hash_map<std::pair<ObjectIndex, SiteIndex>, double>
BlameTable::LongestBlocked() const {
  absl::flat_hash_map<std::tuple<ObjectIndex, SiteIndex, ActorIndex>, uint64_t>
      waited;
  for (const auto& [pair, sum] : rows_) {
    waited[{pair.object, pair.holder_site, pair.waiter}] += sum.ns;
  }
  absl::flat_hash_map<std::pair<ObjectIndex, SiteIndex>, double> longest;
  for (const auto& [key, ns] : waited) {
    const auto [object, site, waiter] = key;
    double& most = longest[{object, site}];
    most = std::max(most, static_cast<double>(ns));
  }
  return longest;
}

std::vector<Blame> BlameTable::Rows(bool exact) const {
  std::vector<Blame> rows;
  rows.reserve(rows_.size());
  for (const auto& [pair, sum] : rows_) {
    rows.push_back({.object = pair.object,
                    .waiter_site = pair.waiter_site,
                    .holder_site = pair.holder_site,
                    .waiter = pair.waiter,
                    .holder = pair.holder,
                    .waits = sum.waits,
                    .ns = static_cast<double>(sum.ns),
                    .exact = exact});
  }
  std::sort(rows.begin(), rows.end(), [](const Blame& a, const Blame& b) {
    return std::tie(b.ns, a.object, a.waiter_site, a.holder_site, a.waiter,
                    a.holder) < std::tie(a.ns, b.object, b.waiter_site,
                                         b.holder_site, b.waiter, b.holder);
  });
  return rows;
}

}  // namespace lockcheck::analysis
