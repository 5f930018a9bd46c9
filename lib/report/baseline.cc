#include "lib/report/baseline.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "lib/report/commented_lines.h"
#include "lib/report/names.h"

namespace lockcheck::report {
namespace {

constexpr size_t kIdDigits = 12;

bool IsId(std::string_view text) {
  return text.size() == kIdDigits &&
         text.find_first_not_of("0123456789abcdef") == text.npos;
}

// No actors, times or lines, which the finding's message has: they change from
// run to run, and the file would with them.
std::string CommentOn(const FindingRow& row) {
  return fmt::format(
      "{} {}: {}", row.verdict ? NameOf(*row.verdict) : NameOf(row.kind),
      row.rule,
      row.suppression_keys.empty() ? row.message : row.suppression_keys[0]);
}

}  // namespace

absl::StatusOr<Baseline> Baseline::Parse(std::string_view text,
                                         const std::string& name) {
  Baseline parsed;
  parsed.name_ = name;
  for (const CommentedLine& line : CommentedLines(text)) {
    if (!IsId(line.entry)) {
      return absl::InvalidArgumentError(fmt::format(
          "{}:{}: '{}' is no finding's id; write its 12 hexadecimal digits, or "
          "let --write-baseline write the file",
          name, line.number, line.entry));
    }
    Entry& entry = parsed.entries_[std::string(line.entry)];
    entry.read = true;
    if (entry.comment.empty()) entry.comment = line.comment;
  }
  return parsed;
}

absl::StatusOr<Baseline> Baseline::Read(const std::string& path) {
  if (path.empty()) return Baseline();
  const auto text = ReadWholeFile(path, "baseline");
  if (!text.ok()) {
    return absl::NotFoundError(
        fmt::format("{}; --write-baseline writes one",
                    std::string_view(text.status().message().data(),
                                     text.status().message().size())));
  }
  return Parse(*text, path);
}

void Baseline::Apply(Report& report) {
  for (FindingRow& row : report.findings) {
    const auto entry = entries_.find(row.id);
    if (entry == entries_.end() || !entry->second.read) continue;
    row.in_baseline = true;
    entry->second.used = true;
    const auto order = entries_.find(row.order_id);
    if (order != entries_.end()) order->second.used = true;
  }
}

void Baseline::Add(const FindingRow& row, const std::string& comment) {
  for (const std::string& id : {row.id, row.order_id}) {
    if (id.empty()) continue;
    Entry& entry = entries_[id];
    if (!entry.comment.empty()) continue;
    entry.comment = comment.empty() ? CommentOn(row) : comment;
  }
}

std::string Baseline::Text() const {
  std::string text;
  for (const auto& [id, entry] : entries_) {
    text += id;
    if (!entry.comment.empty()) text += fmt::format("  # {}", entry.comment);
    text += '\n';
  }
  return text;
}

std::string Baseline::Unused() const {
  constexpr size_t kShown = 10;
  size_t read = 0, unused = 0;
  std::string ids;
  for (const auto& [id, entry] : entries_) {
    if (!entry.read) continue;
    ++read;
    if (entry.used) continue;
    if (++unused <= kShown) ids += " " + id;
  }
  if (unused == 0) return "";
  if (unused > kShown) ids += " ...";
  return fmt::format(
      "{}: {} of its {} findings did not occur:{}; remove those that are fixed",
      name_, unused, read, ids);
}

}  // namespace lockcheck::report
