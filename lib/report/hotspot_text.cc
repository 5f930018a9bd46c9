#include "lib/report/hotspot_text.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/report/names.h"
#include "lib/report/naming.h"
#include "lib/report/primitive_text.h"
#include "lib/report/sites.h"

namespace lockcheck::report {
namespace {

struct Row {
  std::string label;
  const UsageRow* usage;
  const ClassRow* of = nullptr;  // if it is one of a class
};

constexpr std::string_view kWaitColumns[] = {
    "acquisitions",  "contended",  "contended_percent", "wait_total",
    "standing",      "caused",     "wait_mean",         "wait_p50",
    "wait_p90",      "wait_p99",   "wait_max",          "max_waiters",
    "owner_changes", "signal_wait"};
// Of what nobody holds: it is waited for until somebody acts.
constexpr std::string_view kSignalColumns[] = {
    "signal_waits", "signal_wait", "standing", "wait_mean",  "wait_p50",
    "wait_p90",     "wait_p99",    "wait_max", "max_waiters"};
// When nothing waited and no hold was timed.
constexpr std::string_view kQuietColumns[] = {
    "acquisitions", "owner_changes", "actors", "try_failed", "signal_wait"};
constexpr std::string_view kHoldColumns[] = {
    "acquisitions", "hold_n",     "hold_total", "utilisation",
    "hold_mean",    "hold_error", "hold_p50",   "hold_p90",
    "hold_p99",     "hold_max",   "actors",     "try_failed"};
// How far it keeps the run from being parallel.
constexpr std::string_view kSerialColumns[] = {
    "serial",   "serial_error",  "waited",       "crowd",
    "speed_up", "found_waiters", "woken_in_vain"};
// What was done to what nobody holds.
constexpr std::string_view kActColumns[] = {"posts", "woke_nobody", "clears",
                                            "takes", "woken_in_vain"};

// What a narrow terminal can do without, the first of them first.
constexpr std::string_view kExpendable[] = {
    "serial_error", "found_waiters", "crowd",       "woken_in_vain",
    "clears",       "hold_error",    "try_failed",  "wait_p50",
    "hold_p50",     "owner_changes", "max_waiters", "actors",
    "wait_p90",     "hold_p90",      "hold_n",      "wait_mean",
    "hold_mean",    "wait_p99",      "hold_p99",    "contended_percent",
    "signal_wait",  "utilisation"};

std::string Cell(const Column& column, const UsageRow& usage) {
  const auto value = column.value(usage);
  if (!value) return "-";
  if (std::string_view(column.key) == "serial" && !usage.serial_error &&
      *value > 0) {
    return fmt::format(">{}%", FormatPercent(100 * *value));  // at least
  }
  switch (column.unit) {
    case Unit::kCount:
      return FormatCount(*value);
    case Unit::kPercent:
      return FormatPercent(*value);
    case Unit::kNs:
      return *value > 0 ? FormatDuration(*value) : "-";
    case Unit::kRatio:
      return FormatPercent(100 * *value) + "%";
    case Unit::kFactor:
      return fmt::format("x{:.2f}", *value);
  }
  return "";
}

// A column that says nothing in any row is left out.
bool Tells(const Column& column, const std::vector<Row>& rows) {
  constexpr std::string_view kSilentZeros[] = {
      "try_failed",    "hold_error",   "standing",
      "signal_wait",   "serial_error", "found_waiters",
      "woken_in_vain", "waited",       "clears"};
  const bool zero_tells =
      std::find(std::begin(kSilentZeros), std::end(kSilentZeros), column.key) ==
      std::end(kSilentZeros);
  return std::any_of(rows.begin(), rows.end(), [&](const Row& row) {
    const auto value = column.value(*row.usage);
    return value && (zero_tells || *value != 0);
  });
}

// Of a condition it cannot be known whether who was woken found something.
std::string HeadingOf(const Column& column, const std::vector<Row>& rows) {
  const ClassRow* of = rows[0].of;
  const bool at_most = std::string_view(column.key) == "woken_in_vain" &&
                       of != nullptr && !model::CanBeHeld(of->kind);
  return at_most ? fmt::format("{}, at most", column.heading) : column.heading;
}

std::string Table(std::string_view first_heading, const std::vector<Row>& rows,
                  std::span<const std::string_view> keys,
                  const TextOptions& options, const Painter& painter) {
  std::vector<const Column*> columns;
  std::vector<std::string> headings = {std::string(first_heading)};
  for (const std::string_view key : keys) {
    const Column* column = FindColumn(key);
    if (column == nullptr || !Tells(*column, rows)) continue;
    columns.push_back(column);
    headings.push_back(HeadingOf(*column, rows));
  }
  if (columns.empty()) return "";
  TextTable table(std::move(headings), 1);
  for (const Row& row : rows) {
    std::vector<std::string> cells = {row.label};
    for (const Column* column : columns) {
      cells.push_back(Cell(*column, *row.usage));
    }
    table.Add(std::move(cells));
  }
  std::vector<size_t> expendable;
  for (const std::string_view key : kExpendable) {
    for (size_t i = 0; i < columns.size(); ++i) {
      const bool sorted_by = columns[i] == options.sort;
      if (columns[i]->key == key && !sorted_by) expendable.push_back(i + 1);
    }
  }
  table.Fit(options.width, 2, std::move(expendable));
  return table.Render(2, painter);
}

// Largest first; equal ones by how often they were acquired, then as found.
void Sort(std::vector<Row>& rows, const Column& by) {
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
    const double x = by.value(*a.usage).value_or(-1);
    const double y = by.value(*b.usage).value_or(-1);
    if (x != y) return x > y;
    return a.usage->acquisitions > b.usage->acquisitions;
  });
}

bool Used(const Row& row) {
  return row.usage->acquisitions + row.usage->contended +
             row.usage->try_failed + row.usage->wait.n +
             row.usage->signal_waits + row.usage->posts.value_or(0) +
             row.usage->clears.value_or(0) + row.usage->takes.value_or(0) >
         0;
}

// What classes have beside the columns that sites and actors have, too.
std::string ClassTables(const std::vector<Row>& rows,
                        const TextOptions& options, const Painter& painter) {
  std::vector<const ClassRow*> classes;
  for (const Row& row : rows) {
    if (row.of != nullptr) classes.push_back(row.of);
  }
  if (classes.empty()) return "";
  std::string out;
  const bool held = model::CanBeHeld(classes[0]->kind);
  std::vector<Row> waited, acted;
  for (const Row& row : rows) {
    const UsageRow& u = *row.usage;
    if (u.waited_ns.value_or(0) > 0) waited.push_back(row);
    if (u.posts.value_or(0) + u.clears.value_or(0) + u.takes.value_or(0) > 0) {
      acted.push_back(row);
    }
  }
  if (held) {
    out += Table("serial", waited, kSerialColumns, options, painter);
    out += PermitTable(classes, options, painter);
  } else {
    out += Table("acts", acted, kActColumns, options, painter);
  }
  return out + LevelTable(classes, options, painter);
}

std::string Group(std::string_view title, std::string_view noun,
                  std::vector<Row> rows,
                  std::span<const std::string_view> wait_columns,
                  const TextOptions& options, const Painter& painter) {
  std::erase_if(rows, [](const Row& row) { return !Used(row); });
  if (rows.empty()) return "";
  const Column* by =
      options.sort != nullptr ? options.sort : FindColumn("wait_total");
  Sort(rows, *by);
  std::string out = painter.Paint(Style::kBold, title);
  const size_t all = rows.size();
  if (options.top != 0 && rows.size() > options.top) {
    rows.resize(options.top);
  }
  out += fmt::format("  {} of {}, by {}\n", rows.size(), Counted(all, noun),
                     by->key);
  const bool waited = std::any_of(rows.begin(), rows.end(), [](const Row& r) {
    return r.usage->contended + r.usage->wait.n > 0 || r.usage->caused_ns > 0;
  });
  const bool held = std::any_of(rows.begin(), rows.end(), [](const Row& r) {
    return r.usage->hold.n > 0;
  });
  if (waited) out += Table("waits", rows, wait_columns, options, painter);
  const bool awaited = std::any_of(rows.begin(), rows.end(), [](const Row& r) {
    return r.usage->signal_waits > 0;
  });
  const bool signals =
      rows[0].of != nullptr && !model::CanBeHeld(rows[0].of->kind);
  if (!waited && (awaited || !held) && !signals) {
    out += Table("", rows, kQuietColumns, options, painter);
  }
  if (held) out += Table("holds", rows, kHoldColumns, options, painter);
  return out + ClassTables(rows, options, painter);
}

template <auto member>
bool Any(const Report& report) {
  return std::any_of(report.classes.begin(), report.classes.end(),
                     [](const ClassRow& row) { return row.usage.*member > 0; });
}

}  // namespace

std::string HotspotText(const Report& report, const TextOptions& options,
                        const Painter& painter) {
  std::vector<Row> locks, signals, sites, actors;
  for (const ClassRow& row : report.classes) {
    if (model::IsData(row.kind)) continue;  // nobody waits for it
    (model::CanBeHeld(row.kind) ? locks : signals)
        .push_back({ClassLabel(row), &row.usage, &row});
  }
  for (const SiteRow& row : report.sites) {
    sites.push_back({SiteLabel(row.where), &row.usage});
  }
  for (const ActorRow& row : report.actors) {
    actors.push_back({ActorHeading(row), &row.usage});
  }
  std::string out;
  const auto add_text = [&](const std::string& text) {
    if (!out.empty() && !text.empty()) out += '\n';
    out += text;
  };
  const auto add = [&](std::string_view title, std::string_view noun,
                       std::vector<Row> rows,
                       std::span<const std::string_view> wait_columns) {
    add_text(
        Group(title, noun, std::move(rows), wait_columns, options, painter));
  };
  add("LOCKS", "class", std::move(locks), kWaitColumns);
  add_text(GilText(report, options, painter));
  add("SIGNALS", "class", std::move(signals), kSignalColumns);
  add_text(PoolText(report, options, painter));
  add_text(JoinText(report, options, painter));
  add("SITES", "site", std::move(sites), kWaitColumns);
  add("ACTORS", "actor", std::move(actors), kWaitColumns);
  if (!out.empty() && !Any<&UsageRow::contended>(report)) {
    out += painter.Paint(Style::kDim, Any<&UsageRow::signal_waits>(report)
                                          ? "  nothing had to wait for a lock\n"
                                          : "  nothing had to wait\n");
  }
  if (report.sample_interval > 1 && !report.exact_holds && !out.empty()) {
    out += painter.Paint(Style::kDim,
                         "  waits: all measured; holds: estimated from timed "
                         "ones and from waits\n");
  }
  return out;
}

std::string BlameText(const Report& report, const TextOptions& options,
                      const Painter& painter) {
  if (report.blame.empty()) return "";
  const bool exact = std::all_of(report.blame.begin(), report.blame.end(),
                                 [](const BlameRow& row) { return row.exact; });
  size_t n = report.blame.size();
  if (options.top != 0) n = std::min(n, options.top);
  std::string out = painter.Paint(Style::kBold, "WHO BLOCKED WHOM");
  out +=
      fmt::format("  {} of {}, {}\n", n, Counted(report.blame.size(), "pair"),
                  exact ? "exact" : "attributed to the holder seen");
  TextTable table({"lock", "waited in", "while held by", "waits", "time"}, 3);
  for (size_t i = 0; i < n; ++i) {
    const BlameRow& row = report.blame[i];
    const ClassRow& lock = report.classes[row.lock_class];
    const bool any = !row.holder_site && model::EndsByAnybody(lock.kind);
    table.Add({lock.name, SiteLabel(report, row.waiter_site),
               any ? "(whoever had one)" : SiteLabel(report, row.holder_site),
               FormatCount(static_cast<double>(row.waits)),
               FormatDuration(row.ns)});
  }
  table.Fit(options.width, 2, {});
  return out + table.Render(2, painter);
}

}  // namespace lockcheck::report
