#include "lib/report/dot.h"

#include <set>
#include <string_view>

#include "fmt/format.h"
#include "lib/report/layout.h"
#include "lib/report/naming.h"
#include "lib/report/sites.h"

namespace lockcheck::report {
namespace {

std::string Quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// The most frequent pair of places, and how many more there are.
std::string EdgeLabel(const Report& report, const EdgeRow& edge) {
  std::string label =
      fmt::format("{}x", FormatCount(static_cast<double>(edge.count)));
  if (edge.sites.empty()) return label;
  label += "\nheld: " + SiteLabel(report, edge.sites[0].held) +
           "\nasked: " + SiteLabel(report, edge.sites[0].asked);
  if (edge.sites.size() > 1) {
    label += fmt::format("\n{} more", edge.sites.size() - 1);
  }
  return label;
}

}  // namespace

std::string Dot(const Report& report, bool all) {
  std::string nodes, edges;
  std::set<uint32_t> named;
  const auto name = [&](uint32_t index) {
    std::string node = Quote(ClassLabel(report.classes[index]));
    if (named.insert(index).second) nodes += fmt::format("  {};\n", node);
    return node;
  };
  for (const EdgeRow& edge : report.edges) {
    if (!all && !edge.in_cycle) continue;
    const std::string from = name(edge.from), to = name(edge.to);
    edges += fmt::format("  {} -> {} [label={}{}{}];\n", from, to,
                         Quote(EdgeLabel(report, edge)),
                         edge.in_cycle ? ", color=red, penwidth=2" : "",
                         edge.gives_up ? ", style=dashed" : "");
  }
  return "digraph lock_order {\n  rankdir=LR;\n  node [shape=box];\n" + nodes +
         edges + "}\n";
}

}  // namespace lockcheck::report
