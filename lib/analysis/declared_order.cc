#include "lib/analysis/declared_order.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/declared_graph.h"
#include "lib/analysis/dependency_part.h"

namespace lockcheck::analysis {
namespace {

using log::ProcessIndex;
using Scope = std::vector<ProcessIndex>;  // whose declarations count

class Declarations {
 public:
  explicit Declarations(const log::Recording& recording)
      : recording_(recording) {
    const auto shared = [&](ObjectIndex object) {
      return model::IsBetweenProcesses(recording.objects[object].kind);
    };
    for (uint32_t i = 0; i < recording.declared_orders.size(); ++i) {
      const log::DeclaredOrder& order = recording.declared_orders[i];
      const bool for_all = shared(order.first) && shared(order.second);
      (for_all ? of_all_ : of_process_[order.process]).push_back(i);
    }
  }

  // What counts for a process.
  DeclaredGraph& For(ProcessIndex process) {
    DeclaredGraph*& known = graph_of_[process];
    if (known == nullptr) {
      auto& graph = graphs_[ScopeOf(process)];
      if (graph == nullptr) graph = Build(ScopeOf(process));
      known = graph.get();
    }
    return *known;
  }

  std::set<DeclaredPath> Contradictions() {
    For(kNone);
    for (const auto& [process, declarations] : of_process_) For(process);
    std::set<DeclaredPath> cycles;
    for (const auto& [scope, graph] : graphs_) {
      for (DeclaredPath& cycle : graph->Contradictions()) {
        std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()),
                    cycle.end());
        cycles.insert(std::move(cycle));
      }
    }
    return cycles;
  }

  bool is_cut() const {
    return std::any_of(graphs_.begin(), graphs_.end(),
                       [](const auto& of) { return of.second->is_cut(); });
  }

 private:
  // Itself and those it was forked from, if they declared something.
  Scope ScopeOf(ProcessIndex process) const {
    Scope scope;
    const auto& processes = recording_.processes;
    for (size_t steps = processes.size();
         process < processes.size() && steps > 0; --steps) {
      if (of_process_.contains(process)) scope.push_back(process);
      process = processes[process].parent;
    }
    return scope;
  }

  std::unique_ptr<DeclaredGraph> Build(const Scope& scope) const {
    std::vector<uint32_t> all = of_all_;
    for (const ProcessIndex process : scope) {
      const auto& declarations = of_process_.at(process);
      all.insert(all.end(), declarations.begin(), declarations.end());
    }
    return std::make_unique<DeclaredGraph>(recording_, all);
  }

  const log::Recording& recording_;
  std::vector<uint32_t> of_all_;
  std::map<ProcessIndex, std::vector<uint32_t>> of_process_;
  std::map<Scope, std::unique_ptr<DeclaredGraph>> graphs_;
  absl::flat_hash_map<ProcessIndex, DeclaredGraph*> graph_of_;
};

bool IsHeldAlready(const Dependency& d) {
  return std::any_of(d.held.begin(), d.held.end(),
                     [&](const Hold& hold) { return hold.object == d.lock; });
}

Finding Broken(const Dependency& d, size_t hold, const DeclaredPath& path) {
  Finding finding;
  finding.kind = Kind::kMisuse;
  finding.rule = Rule::kDeclaredOrder;
  finding.objects = {d.lock, d.held[hold].object};
  finding.parts = {ToPart(d, hold)};
  finding.declared = path;
  return finding;
}

Finding Contradiction(const log::Recording& recording,
                      const DeclaredPath& cycle) {
  Finding finding;
  finding.kind = Kind::kMisuse;
  finding.rule = Rule::kDeclaredOrder;
  for (const uint32_t declaration : cycle) {
    finding.objects.push_back(recording.declared_orders[declaration].first);
  }
  finding.declared = cycle;
  return finding;
}

}  // namespace

void FindBrokenOrders(const Observations& o, Findings& result) {
  if (o.recording == nullptr || o.recording->declared_orders.empty()) return;
  const log::Recording& recording = *o.recording;
  Declarations declarations(recording);
  for (const DeclaredPath& cycle : declarations.Contradictions()) {
    result.findings.push_back(Contradiction(recording, cycle));
  }
  std::map<std::tuple<ObjectIndex, ObjectIndex, SiteIndex, SiteIndex>, size_t>
      rows;
  for (const Dependency& d : o.dependencies) {
    if (GivesUp(d.how) || IsHeldAlready(d)) continue;
    DeclaredGraph& graph = declarations.For(recording.actors[d.actor].process);
    for (size_t i = 0; i < d.held.size(); ++i) {
      const DeclaredPath& path = graph.Path(d.lock, d.held[i].object);
      if (path.empty()) continue;
      const auto [row, is_new] = rows.try_emplace(
          std::tuple(d.lock, d.held[i].object, d.held[i].site, d.site),
          result.findings.size());
      if (is_new) {
        result.findings.push_back(Broken(d, i, path));
      } else {
        ++result.findings[row->second].count;
      }
      break;  // the outermost says it
    }
  }
  if (!declarations.is_cut()) return;
  result.exhaustive = false;
  result.notes.push_back(
      "the search for locks that are taken in another order than was declared "
      "was cut short: there may be more");
}

}  // namespace lockcheck::analysis
