#include "lib/report/folded.h"

#include <cmath>
#include <map>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "lib/report/sites.h"

namespace lockcheck::report {
namespace {

// ';' separates frames and a line break stacks; names keep their blanks, since
// readers split the weight off at the last one.
std::string Frame(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c == ';') c = ':';
    if (c == '\n') c = ' ';
  }
  return out;
}

std::string Path(const Report& report, uint32_t lock_class,
                 const std::optional<uint32_t>& site) {
  std::string path =
      fmt::format("[lock {}]", Frame(report.classes[lock_class].name));
  if (!site || report.sites[*site].stack.empty()) return path + ";(not known)";
  const std::vector<SourceLine>& stack = report.sites[*site].stack;
  for (auto line = stack.rbegin(); line != stack.rend(); ++line) {
    path += ';';
    path += Frame(FunctionLabel(*line));
  }
  return path;
}

}  // namespace

std::string Folded(const Report& report, FoldedBy by) {
  std::map<std::string, double> weights;
  for (const BlameRow& row : report.blame) {
    weights[Path(report, row.lock_class,
                 by == FoldedBy::kSuffered ? row.waiter_site
                                           : row.holder_site)] += row.ns;
  }
  std::string out;
  for (const auto& [path, ns] : weights) {
    if (std::round(ns) < 1) continue;
    out += fmt::format("{} {:.0f}\n", path, ns);
  }
  return out;
}

}  // namespace lockcheck::report
