#include "lib/report/suppress.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "fmt/format.h"
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

// A '#' begins the comment only after a blank: names may hold one.
size_t CommentStart(std::string_view line) {
  for (size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '#' && (line[i - 1] == ' ' || line[i - 1] == '\t')) return i;
  }
  return line.npos;
}

absl::StatusOr<Suppression> ParseLine(std::string_view line,
                                      const std::string& place) {
  const auto error = [&](std::string_view what) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", place, what));
  };
  const size_t hash = CommentStart(line);
  const std::string_view rule = StripBlanks(line.substr(0, hash));
  const size_t colon = rule.find(':');
  if (colon == rule.npos) return error("write kind:pattern  # why it is safe");
  Suppression row;
  row.kind = StripBlanks(rule.substr(0, colon));
  row.pattern = StripBlanks(rule.substr(colon + 1));
  if (hash != line.npos) row.comment = StripBlanks(line.substr(hash + 1));
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
  const auto read = ParseLine(fmt::format("{}:{}  # x", rule, pattern), "");
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
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  Suppressions parsed;
  parsed.name_ = name;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = StripBlanks(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    auto row = ParseLine(line, fmt::format("{}:{}", name, number));
    if (!row.ok()) return row.status();
    row->line = number;
    parsed.rows_.push_back(*std::move(row));
  }
  return parsed;
}

absl::StatusOr<Suppressions> Suppressions::Read(const std::string& path) {
  if (path.empty()) return Suppressions();
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  // An empty file has nothing to copy, which would count as a failure.
  if (file.peek() != EOF) text << file.rdbuf();
  if (!file.is_open() || file.bad() || text.fail()) {
    return absl::NotFoundError(
        fmt::format("{}: cannot read the suppressions: {}", path,
                    errno != 0 ? std::strerror(errno) : "it is no file"));
  }
  return Suppressions::Parse(text.str(), path);
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

std::string_view StripBlanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return "";
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
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
