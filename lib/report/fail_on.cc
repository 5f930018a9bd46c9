#include "lib/report/fail_on.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "lib/report/class_words.h"
#include "lib/report/commented_lines.h"
#include "lib/report/identity.h"
#include "lib/report/layout.h"
#include "lib/report/names.h"
#include "lib/report/nearest.h"
#include "lib/report/suppress.h"

namespace lockcheck::report {
namespace {

using analysis::Verdict;

constexpr std::string_view kNone = "none";
constexpr std::string_view kKinds[] = {
    "deadlock", "actual",     "confirmed", "possible",      "order",
    "misuse",   "incomplete", "hazard",    kClassOrderRule, kNone};
constexpr std::string_view kContention = "contention:";
constexpr std::string_view kMetrics[] = {"p50",  "p90",   "p99",      "max",
                                         "mean", "total", "contended"};

struct UnitOf {
  std::string_view suffix;
  double factor;
};
constexpr UnitOf kTimeUnits[] = {
    {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
constexpr UnitOf kShareUnits[] = {{"%", 1}};

// A number and one of `units`, nothing else.
template <size_t n>
std::optional<double> Quantity(std::string_view text,
                               const UnitOf (&units)[n]) {
  double number = 0;
  const char* const end = text.data() + text.size();
  // from_chars would take "inf" and "nan".
  if (text.empty() ||
      (!std::isdigit(static_cast<unsigned char>(text[0])) && text[0] != '.')) {
    return std::nullopt;
  }
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  const std::string_view suffix =
      StripBlanks({rest, static_cast<size_t>(end - rest)});
  for (const UnitOf& unit : units) {
    if (suffix == unit.suffix) return number * unit.factor;
  }
  return std::nullopt;
}

template <size_t n>
std::string NearestOf(std::string_view word,
                      const std::string_view (&names)[n]) {
  return Nearest(word, std::vector<std::string>(names, names + n));
}

absl::StatusOr<Budget> ParseBudget(std::string_view item) {
  const auto error = [&](std::string_view what) {
    return absl::InvalidArgumentError(
        fmt::format("--fail-on '{}': {}", item, what));
  };
  Budget budget;
  budget.text = item.substr(kContention.size());
  std::string_view rest = budget.text;
  if (const size_t at = rest.find('@'); at != rest.npos) {
    budget.pattern = StripBlanks(rest.substr(at + 1));
    rest = rest.substr(0, at);
    if (budget.pattern.empty()) return error("no lock class after the @");
  }
  const size_t greater = rest.find('>');
  if (greater == rest.npos) {
    return error("write contention:p99>5ms or contention:contended>10%");
  }
  const std::string metric(StripBlanks(rest.substr(0, greater)));
  const std::string_view limit = StripBlanks(rest.substr(greater + 1));
  if (std::find(std::begin(kMetrics), std::end(kMetrics), metric) ==
      std::end(kMetrics)) {
    return error(fmt::format("the metric is one of {}{}",
                             fmt::join(kMetrics, ", "),
                             DidYouMean(NearestOf(metric, kMetrics))));
  }
  const bool share = metric == "contended";
  const auto quantity =
      share ? Quantity(limit, kShareUnits) : Quantity(limit, kTimeUnits);
  if (!quantity) {
    return error(share ? "the limit is a share such as 10%"
                       : "the limit is a time such as 500us, 5ms or 1.5s");
  }
  budget.limit = *quantity;
  budget.column = share ? "contended_percent" : "wait_" + metric;
  return budget;
}

std::string Amount(const Column& column, double value) {
  return column.unit == Unit::kPercent ? FormatPercent(value) + "%"
                                       : FormatDuration(value);
}

std::string What(const Column& column) {
  if (column.unit == Unit::kPercent) return "contended acquisitions";
  return std::string(column.meaning);
}

FindingRow Exceeded(const Report& report, const Budget& budget,
                    const Column& column, uint32_t lock_class, double value) {
  const ClassRow& named = report.classes[lock_class];
  FindingRow row;
  row.kind = FindingKind::kContention;
  row.rule = kBudgetRule;
  row.metric = budget.column;
  row.message = fmt::format(
      "{} is over its budget: {} of {} where {} is "
      "allowed",
      named.name, Amount(column, value), What(column),
      Amount(column, budget.limit));
  row.why = fmt::format("--fail-on contention:{}, {} measured", budget.text,
                        Counted(named.usage.wait.n, "wait"));
  row.advice =
      "hold it for less time, or less often; \"who blocked whom\" says where";
  return row;
}

// A budget is for a whole class, and findings are about objects.
uint32_t AddClassAsObject(Report& report, uint32_t lock_class) {
  const ClassRow& named = report.classes[lock_class];
  ObjectRow& object = report.objects.emplace_back();
  object.name = named.name;
  object.lock_class = lock_class;
  object.kind = named.kind;
  object.created = named.created;
  return static_cast<uint32_t>(report.objects.size() - 1);
}

absl::Status UnknownItem(std::string_view item) {
  if (item.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("--fail-on '': an item is empty; it is one of {}, "
                    "contention:METRIC>LIMIT",
                    fmt::join(kKinds, ", ")));
  }
  // What stands behind a mistyped "contention:" says nothing about it.
  const std::string_view word = item.substr(0, item.find(':'));
  std::vector<std::string> names(std::begin(kKinds), std::end(kKinds));
  // Who wants to fail for something does not mean that.
  names.erase(std::find(names.begin(), names.end(), kNone));
  names.emplace_back("contention");
  std::string nearest = Nearest(word, names);
  if (nearest == names.back()) nearest += ":...";
  return absl::InvalidArgumentError(
      fmt::format("--fail-on '{}': it is one of {}, contention:...{}", item,
                  fmt::join(kKinds, ", "), DidYouMean(nearest)));
}

}  // namespace

absl::StatusOr<FailOn> FailOn::Parse(std::string_view list) {
  FailOn parsed;
  bool none = false;
  while (true) {
    const size_t comma = std::min(list.find(','), list.size());
    const std::string_view item = StripBlanks(list.substr(0, comma));
    if (item.substr(0, kContention.size()) == kContention) {
      auto budget = ParseBudget(item);
      if (!budget.ok()) return budget.status();
      parsed.budgets_.push_back(*std::move(budget));
    } else if (std::find(std::begin(kKinds), std::end(kKinds), item) ==
               std::end(kKinds)) {
      return UnknownItem(item);
    } else if (item == kNone) {
      none = true;
    } else {
      parsed.kinds_.emplace_back(item);
    }
    if (comma == list.size()) break;
    list.remove_prefix(comma + 1);
  }
  if (none && parsed.kinds_.size() + parsed.budgets_.size() > 0) {
    return absl::InvalidArgumentError(
        "--fail-on 'none': it stands alone, nothing beside it");
  }
  return parsed;
}

void FailOn::CheckBudgets(Report& report) {
  std::map<std::string, size_t> row_of_id;
  for (const ClassRow& row : report.classes) {
    if (model::CanBeHeld(row.kind)) classes_.insert(row.name);
  }
  for (Budget& budget : budgets_) {
    const Column* column = FindColumn(budget.column);
    for (size_t i = 0; i < report.classes.size(); ++i) {
      const ClassRow& named = report.classes[i];
      // A worker that waits for work is no contention, however long it waits.
      if (!model::CanBeHeld(named.kind)) continue;
      if (!GlobMatches(budget.pattern, named.name)) continue;
      budget.class_seen = true;
      const double value = column->value(named.usage).value_or(0);
      if (value <= budget.limit) continue;
      FindingRow row =
          Exceeded(report, budget, *column, static_cast<uint32_t>(i), value);
      row.objects = {AddClassAsObject(report, static_cast<uint32_t>(i))};
      Identify(report, row);
      const auto [known, is_new] =
          row_of_id.try_emplace(row.id, report.findings.size());
      if (is_new) {
        report.findings.push_back(std::move(row));
      } else {
        ++report.findings[known->second].count;
      }
    }
  }
  ChooseSuppressions(report);
}

bool FailOn::Contains(std::string_view kind) const {
  return std::find(kinds_.begin(), kinds_.end(), kind) != kinds_.end();
}

bool FailOn::names_class_order() const { return Contains(kClassOrderRule); }

std::vector<std::string> FailOn::UnknownClasses() const {
  const std::vector<std::string> classes(classes_.begin(), classes_.end());
  std::vector<std::string> lines;
  for (const Budget& budget : budgets_) {
    if (budget.class_seen || budget.pattern == "*") continue;
    lines.push_back(
        fmt::format("--fail-on '{}{}': no lock class is called '{}'{}",
                    kContention, budget.text, budget.pattern,
                    DidYouMean(Nearest(budget.pattern, classes))));
  }
  return lines;
}

bool FailOn::Names(const FindingRow& row) const {
  if (row.kind == FindingKind::kContention) return true;
  if (row.rule == kClassOrderRule && Contains(kClassOrderRule)) return true;
  if (row.kind != FindingKind::kDeadlock) return Contains(NameOf(row.kind));
  const Verdict verdict = row.verdict.value_or(Verdict::kPossible);
  const bool refuted = verdict == Verdict::kRefuted;
  if (row.rule == "lock-order" && Contains("order") &&
      (!refuted || row.order_violation)) {
    return true;
  }
  // What can happen is possible, too.
  return Contains(NameOf(verdict)) || (!refuted && Contains("deadlock")) ||
         (verdict == Verdict::kConfirmed &&
          Contains(NameOf(Verdict::kPossible)));
}

void FailOn::Mark(Report& report) const {
  report.fails_as_incomplete =
      !(report.whole && report.exhaustive) && Contains("incomplete");
  for (FindingRow& row : report.findings) {
    row.fails = !row.suppressed && !row.in_baseline && Names(row);
  }
}

}  // namespace lockcheck::report
