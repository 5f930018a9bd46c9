#include "lib/report/edges.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "lib/graph/strong_components.h"

namespace lockcheck::report {
namespace {

using analysis::Dependency;
using analysis::GivesUp;
using analysis::Hold;

// Of the graph of instances, without requests that give up.
graph::Components InstanceComponents(
    const analysis::Observations& observations) {
  std::vector<graph::Edge> edges;
  for (const Dependency& d : observations.dependencies) {
    if (GivesUp(d.how) || d.lock >= observations.object_count) continue;
    for (const Hold& hold : d.held) {
      if (hold.object >= observations.object_count) continue;
      edges.emplace_back(hold.object, d.lock);
    }
  }
  return graph::StrongComponents(
      static_cast<uint32_t>(observations.object_count), edges);
}

using SitePair = std::pair<std::optional<uint32_t>, std::optional<uint32_t>>;

struct Building {
  EdgeRow row;
  std::map<SitePair, uint64_t> sites;
};

std::vector<EdgeSite> MostFrequentFirst(
    const std::map<SitePair, uint64_t>& sites) {
  std::vector<EdgeSite> rows;
  rows.reserve(sites.size());
  for (const auto& [pair, count] : sites) {
    rows.push_back({pair.first, pair.second, count});
  }
  std::stable_sort(
      rows.begin(), rows.end(),
      [](const EdgeSite& a, const EdgeSite& b) { return a.count > b.count; });
  return rows;
}

}  // namespace

std::vector<EdgeRow> OrderEdges(const analysis::Observations& observations,
                                const Naming& naming, SiteTable& sites) {
  const graph::Components components = InstanceComponents(observations);
  std::map<std::pair<uint32_t, uint32_t>, Building> edges;
  for (const Dependency& d : observations.dependencies) {
    const auto to = naming.Class(d.lock);
    if (!to) continue;
    const auto asked = sites.Row(d.site);
    for (const Hold& hold : d.held) {
      const auto from = naming.Class(hold.object);
      if (!from) continue;
      Building& edge = edges[{*from, *to}];
      edge.row.count += d.count;
      edge.row.gives_up &= GivesUp(d.how);
      edge.row.in_cycle |= !GivesUp(d.how) && hold.object != d.lock &&
                           components.of[hold.object] == components.of[d.lock];
      edge.sites[{sites.Row(hold.site), asked}] += d.count;
    }
  }
  std::vector<EdgeRow> rows;
  for (auto& [ends, edge] : edges) {
    std::tie(edge.row.from, edge.row.to) = ends;
    edge.row.sites = MostFrequentFirst(edge.sites);
    rows.push_back(std::move(edge.row));
  }
  return rows;
}

}  // namespace lockcheck::report
