#include "lib/analysis/asked.h"

#include <algorithm>
#include <compare>
#include <iterator>
#include <span>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/stack_finder.h"
#include "lib/log/in_parallel.h"

namespace lockcheck::analysis {
namespace {

auto KeyOf(const Request& r) { return std::tie(r.lock, r.mode, r.how, r.site); }
auto KeyOf(const Dependency& d) {
  return std::tie(d.lock, d.mode, d.how, d.site, d.held);
}
std::weak_ordering Compare(const Hold& a, const Hold& b) {
  return std::tie(a.object, a.mode, a.site) <=>
         std::tie(b.object, b.mode, b.site);
}
bool Before(const Request& a, const Request& b) { return KeyOf(a) < KeyOf(b); }
bool Before(const Dependency& a, const Dependency& b) {
  const auto first = std::tie(a.lock, a.mode, a.how, a.site) <=>
                     std::tie(b.lock, b.mode, b.how, b.site);
  if (first != 0) return first < 0;
  return std::lexicographical_compare_three_way(a.held.begin(), a.held.end(),
                                                b.held.begin(), b.held.end(),
                                                Compare) < 0;
}

// Sorted, equal ones made one. The lists are one actor's.
template <typename Asked>
void MergeEqual(std::vector<Asked>& list) {
  std::sort(list.begin(), list.end(),
            [](const Asked& a, const Asked& b) { return Before(a, b); });
  size_t kept = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0 && KeyOf(list[kept - 1]) == KeyOf(list[i])) {
      Asked& into = list[kept - 1];
      into.count += list[i].count;
      into.phases.insert(into.phases.end(), list[i].phases.begin(),
                         list[i].phases.end());
    } else {
      if (kept != i) list[kept] = std::move(list[i]);
      ++kept;
    }
  }
  list.resize(kept);
  for (Asked& asked : list) {
    auto& phases = asked.phases;
    std::sort(phases.begin(), phases.end());
    phases.erase(std::unique(phases.begin(), phases.end()), phases.end());
  }
}

struct Asked {
  std::vector<Dependency> dependencies;
  std::vector<Request> requests;
};

// Takes both lists out of one actor's pieces.
Asked MergePieces(std::span<Piece> pieces, const StackFinder& stacks) {
  Asked all;
  uint32_t phases_before = 0;
  const auto take = [&phases_before](auto& from, auto& to) {
    for (auto& asked : from) {
      for (uint32_t& phase : asked.phases) phase += phases_before;
    }
    if (to.empty()) {
      to = std::move(from);
    } else {
      std::move(from.begin(), from.end(), std::back_inserter(to));
      from = {};
    }
  };
  for (Piece& piece : pieces) {
    take(piece.dependencies, all.dependencies);
    take(piece.requests, all.requests);
    phases_before += static_cast<uint32_t>(piece.steps.size());
  }
  MergeEqual(all.dependencies);
  MergeEqual(all.requests);
  for (Dependency& d : all.dependencies) {
    d.stack = stacks.OfRequest(d.actor, d.lock, d.site, &d.held.back());
  }
  for (Request& r : all.requests)
    r.stack = stacks.OfRequest(r.actor, r.lock, r.site, nullptr);
  return all;
}

// The pieces of each actor that has any: index ranges into `pieces`.
std::vector<std::span<Piece>> ByActor(std::vector<Piece>& pieces) {
  std::vector<std::span<Piece>> actors;
  for (size_t i = 0; i < pieces.size();) {
    size_t j = i;
    while (j < pieces.size() && pieces[j].actor == pieces[i].actor) ++j;
    actors.emplace_back(&pieces[i], j - i);
    i = j;
  }
  return actors;
}

}  // namespace

void MergeAsked(const log::Recording& recording, unsigned threads,
                std::vector<Piece>& pieces, Observations& o) {
  const StackFinder stacks(recording);
  const std::vector<std::span<Piece>> actors = ByActor(pieces);
  std::vector<Asked> asked(actors.size());
  log::InParallel(threads, actors.size(), [&](unsigned, size_t i) {
    asked[i] = MergePieces(actors[i], stacks);
  });
  size_t dependencies = 0, requests = 0;
  for (const Asked& a : asked) {
    dependencies += a.dependencies.size();
    requests += a.requests.size();
  }
  o.dependencies.reserve(dependencies);
  o.requests.reserve(requests);
  for (Asked& a : asked) {
    std::move(a.dependencies.begin(), a.dependencies.end(),
              std::back_inserter(o.dependencies));
    std::move(a.requests.begin(), a.requests.end(),
              std::back_inserter(o.requests));
    a = {};
  }
}

}  // namespace lockcheck::analysis
