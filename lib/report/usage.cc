#include "lib/report/usage.h"

#include <algorithm>
#include <map>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "lib/analysis/hold_estimate.h"

namespace lockcheck::report {
namespace {

using analysis::Blame;
using analysis::Histogram;
using analysis::ObjectAtSite;
using analysis::ObjectIndex;
using analysis::SiteShare;
using analysis::Statistics;
using analysis::Usage;

double Share(double part, double whole) { return whole > 0 ? part / whole : 0; }

UsageRow RowOf(const Usage& usage, std::span<const SiteShare> shares,
               const Statistics& statistics) {
  UsageRow row;
  row.acquisitions = usage.acquisitions;
  row.contended = usage.contended;
  row.unmet = usage.unmet;
  row.standing = usage.standing;
  row.try_failed = usage.try_failed;
  row.owner_changes = usage.owner_changes;
  row.caused_ns = usage.caused_ns;
  row.signal_waits = usage.signal_waits;
  row.signal_wait_ns = static_cast<double>(usage.signal_ns);
  row.wait = TimesOf(usage.wait);
  row.hold = TimesOf(usage.hold);
  if (!statistics.exact) {
    const analysis::HoldEstimate estimate = analysis::EstimateHolds(
        usage.acquisitions, usage.hold.moments(), shares, usage.stamped);
    if (row.hold.n == 0 && estimate.total == 0) return row;
    row.hold.n += usage.stamped.all.count - usage.stamped.sampled.count;
    row.hold.total = estimate.total;
    row.hold.mean = estimate.mean;
    row.hold.error = estimate.error;
  }
  if (row.hold.n == 0) return row;
  row.utilisation = Share(row.hold.total, statistics.duration_ns);
  return row;
}

// Fills the usage of the sites; gives the sums it was made of, by row.
std::vector<Usage> FillSites(const Statistics& statistics, SiteTable& sites,
                             Report& report) {
  std::vector<double> blocked_ns(statistics.sites.size());
  for (const ObjectAtSite& share : statistics.shares) {
    blocked_ns[share.site] += share.blocked_ns;
  }
  std::vector<Usage> sums;
  std::vector<std::vector<SiteShare>> shares;  // one for each address
  for (size_t i = 0; i < statistics.sites.size(); ++i) {
    const auto row = sites.Row(static_cast<analysis::SiteIndex>(i));
    if (!row) continue;
    if (*row >= sums.size()) {
      sums.resize(*row + 1);
      shares.resize(*row + 1);
    }
    const Usage& address = statistics.sites[i];
    sums[*row].Merge(address);
    shares[*row].push_back({address.acquisitions, blocked_ns[i],
                            address.acquisitions, address.hold.moments(),
                            address.stamped});
  }
  for (size_t i = 0; i < sums.size(); ++i) {
    report.sites[i].usage = RowOf(sums[i], shares[i], statistics);
  }
  return sums;
}

// What the locks of each class share with each row of the sites.
std::vector<std::vector<SiteShare>> SharesOfClasses(
    const Statistics& statistics, const Naming& naming, SiteTable& sites,
    const std::vector<Usage>& site_sums, const Report& report) {
  std::map<std::pair<uint32_t, uint32_t>, SiteShare> sums;
  for (const ObjectAtSite& share : statistics.shares) {
    const auto lock_class = naming.Class(share.object);
    const auto row = sites.Row(share.site);
    if (!lock_class || !row) continue;
    SiteShare& sum = sums[{*lock_class, *row}];
    sum.acquisitions += share.acquisitions;
    sum.blocked_ns += share.blocked_ns;
    sum.all_acquisitions = site_sums[*row].acquisitions;
    sum.measured = site_sums[*row].hold.moments();
    sum.stamped = site_sums[*row].stamped;
  }
  std::vector<std::vector<SiteShare>> shares(report.classes.size());
  for (const auto& [key, share] : sums) shares[key.first].push_back(share);
  return shares;
}

void FillClasses(const Statistics& statistics, const Naming& naming,
                 const std::vector<std::vector<SiteShare>>& shares,
                 Report& report) {
  struct Sum {
    Usage usage;
    uint32_t max_waiters = 0, actors = 0;
    double busiest_ns = 0;
    uint64_t found_waiters = 0, woken_in_vain = 0;
  };
  std::vector<Sum> sums(report.classes.size());
  // A fork copies a lock, but to its users it is one.
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> actors_of_lock;
  for (size_t i = 0; i < statistics.objects.size(); ++i) {
    const auto row = naming.Class(static_cast<analysis::ObjectIndex>(i));
    if (!row) continue;
    const analysis::ObjectUsage& object = statistics.objects[i];
    Sum& sum = sums[*row];
    sum.usage.Merge(object);
    sum.max_waiters = std::max(sum.max_waiters, object.max_waiters);
    sum.found_waiters += object.found_waiters;
    sum.woken_in_vain += object.woken_in_vain;
    uint32_t& actors =
        actors_of_lock[{*row, naming.Ordinal(static_cast<ObjectIndex>(i))}];
    actors += object.actors;
    sum.actors = std::max(sum.actors, actors);
    const double held =
        statistics.exact ? object.hold.total() : object.hold_estimate_ns;
    sum.busiest_ns = std::max(sum.busiest_ns, held);
  }
  for (size_t i = 0; i < sums.size(); ++i) {
    UsageRow& row = report.classes[i].usage;
    row = RowOf(sums[i].usage, shares[i], statistics);
    row.max_waiters = sums[i].max_waiters;
    row.actors = sums[i].actors;
    row.found_waiters = sums[i].found_waiters;
    row.woken_in_vain = sums[i].woken_in_vain;
    // Whoever gives back a permit does not say to whom, nor who takes it from
    // whom; but of a single one, which is a lock.
    if (model::EndsByAnybody(report.classes[i].kind)) {
      row.found_waiters.reset();
      if (row.owner_changes == 0u) row.owner_changes.reset();
    }
    if (row.utilisation) {
      // An estimate may exceed what one exclusive lock can be held.
      row.utilisation =
          std::min(1.0, Share(sums[i].busiest_ns, statistics.duration_ns));
    }
  }
}

void FillActors(const Statistics& statistics, Report& report) {
  const size_t n = std::min(report.actors.size(), statistics.actors.size());
  for (size_t i = 0; i < n; ++i) {
    report.actors[i].usage = RowOf(statistics.actors[i], {}, statistics);
    report.actors[i].blocked_ns = statistics.actors[i].blocked_ns;
  }
}

// One row per class, waiter's and holder's site.
void FillBlame(const Statistics& statistics, const Naming& naming,
               SiteTable& sites, Report& report) {
  using Key =
      std::tuple<uint32_t, std::optional<uint32_t>, std::optional<uint32_t>>;
  std::map<Key, BlameRow> rows;
  for (const Blame& blame : statistics.blame) {
    const auto lock_class = naming.Class(blame.object);
    if (!lock_class) continue;
    const Key key{*lock_class, sites.Row(blame.waiter_site),
                  sites.Row(blame.holder_site)};
    const auto [it, is_new] = rows.try_emplace(key);
    BlameRow& row = it->second;
    if (is_new) {
      std::tie(row.lock_class, row.waiter_site, row.holder_site) = key;
      row.exact = true;
    }
    row.waits += blame.waits;
    row.ns += blame.ns;
    row.exact &= blame.exact;
  }
  for (auto& [key, row] : rows) report.blame.push_back(row);
  std::stable_sort(
      report.blame.begin(), report.blame.end(),
      [](const BlameRow& a, const BlameRow& b) { return a.ns > b.ns; });
}

}  // namespace

Times TimesOf(const Histogram& histogram) {
  Times times;
  times.n = histogram.count();
  times.total = histogram.total();
  times.mean = histogram.mean();
  times.p50 = histogram.Percentile(50);
  times.p90 = histogram.Percentile(90);
  times.p99 = histogram.Percentile(99);
  times.max = histogram.max();
  return times;
}

void FillUsage(const analysis::Statistics& statistics, const Naming& naming,
               SiteTable& sites, Report& report) {
  const std::vector<Usage> site_sums = FillSites(statistics, sites, report);
  FillClasses(statistics, naming,
              SharesOfClasses(statistics, naming, sites, site_sums, report),
              report);
  FillActors(statistics, report);
  FillBlame(statistics, naming, sites, report);
}

}  // namespace lockcheck::report
