#include "lib/report/suppress.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "fmt/format.h"
#include "lib/report/commented_lines.h"
#include "lib/report/names.h"

namespace lockcheck::report {
namespace {

std::vector<std::string_view> KnownKinds() {
  std::vector<std::string_view> kinds = AllRules();
  for (const auto& more : {AllVerdicts(), AllKinds()}) {
    kinds.insert(kinds.end(), more.begin(), more.end());
  }
  return kinds;
}

absl::StatusOr<Suppression> ParseLine(const CommentedLine& line,
                                      const std::string& name) {
  const auto error = [&](std::string_view what) {
    return absl::InvalidArgumentError(
        fmt::format("{}:{}: {}", name, line.number, what));
  };
  const std::string_view rule = line.entry;
  const size_t colon = rule.find(':');
  if (colon == rule.npos) return error("write kind:pattern  # why it is safe");
  Suppression row;
  row.kind = StripBlanks(rule.substr(0, colon));
  row.pattern = StripBlanks(rule.substr(colon + 1));
  row.comment = line.comment;
  row.line = line.number;
  const std::vector<std::string_view> kinds = KnownKinds();
  if (std::find(kinds.begin(), kinds.end(), row.kind) == kinds.end()) {
    std::string all;
    for (const std::string_view kind : kinds) {
      if (!all.empty()) all += ", ";
      all += kind;
    }
    return error(
        fmt::format("no kind is called '{}'; there are {}", row.kind, all));
  }
  if (row.pattern.empty()) {
    return error("no pattern after the colon; * matches everything");
  }
  if (row.comment.empty()) {
    return error("no comment; add  # and why it is safe");
  }
  return row;
}

// Is a line with the pattern read back as that pattern, which matches itself
// alone?
bool IsPlain(const std::string& rule, const std::string& pattern) {
  if (pattern.find_first_of("*?") != pattern.npos) return false;
  const std::string line = fmt::format("{}:{}  # x", rule, pattern);
  const auto read = ParseLine(SplitComment(line), "");
  return read.ok() && read->kind == rule && read->pattern == pattern;
}

bool Matches(const Suppression& row, const FindingRow& finding) {
  const bool kind = row.kind == finding.rule ||
                    row.kind == NameOf(finding.kind) ||
                    (finding.verdict && row.kind == NameOf(*finding.verdict));
  if (!kind) return false;
  return GlobMatches(row.pattern, finding.id) ||
         std::any_of(
             finding.suppression_keys.begin(), finding.suppression_keys.end(),
             [&](const auto& key) { return GlobMatches(row.pattern, key); });
}

}  // namespace

absl::StatusOr<Suppressions> Suppressions::Parse(std::string_view text,
                                                 const std::string& name) {
  Suppressions parsed;
  parsed.name_ = name;
  for (const CommentedLine& line : CommentedLines(text)) {
    auto row = ParseLine(line, name);
    if (!row.ok()) return row.status();
    parsed.rows_.push_back(*std::move(row));
  }
  return parsed;
}

absl::StatusOr<Suppressions> Suppressions::Read(const std::string& path) {
  if (path.empty()) return Suppressions();
  const auto text = ReadWholeFile(path, "suppressions");
  if (!text.ok()) return text.status();
  return Suppressions::Parse(*text, path);
}

void Suppressions::Apply(Report& report) {
  for (FindingRow& finding : report.findings) {
    for (Suppression& row : rows_) {
      if (!Matches(row, finding)) continue;
      finding.suppressed = true;
      ++row.used;
    }
  }
}

void ChooseSuppressions(Report& report) {
  absl::flat_hash_map<std::pair<std::string, std::string>, size_t> matched;
  for (const FindingRow& row : report.findings) {
    ++matched[{row.rule, row.id}];
    for (const std::string& key : row.suppression_keys) {
      if (key != row.id) ++matched[{row.rule, key}];
    }
  }
  for (FindingRow& row : report.findings) {
    const std::string pattern =
        row.suppression_keys.empty() ? "" : row.suppression_keys[0];
    const bool readable =
        IsPlain(row.rule, pattern) && matched[{row.rule, pattern}] == 1;
    row.suppression =
        fmt::format("{}:{}", row.rule, readable ? pattern : row.id);
    row.suppressed_locks = readable ? "" : pattern;
  }
}

std::vector<std::string> Suppressions::Unused() const {
  std::vector<std::string> lines;
  for (const Suppression& row : rows_) {
    if (row.used != 0) continue;
    lines.push_back(fmt::format("{}:{}: {}:{} matches nothing; remove it",
                                name_, row.line, row.kind, row.pattern));
  }
  return lines;
}

bool GlobMatches(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = pattern.npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() &&
               (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace lockcheck::report
