#include "lib/report/primitive_text.h"

#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/report/naming.h"

namespace lockcheck::report {
namespace {

using Cells = std::vector<std::string>;

std::string Count(uint64_t n) { return FormatCount(static_cast<double>(n)); }
std::string Share(double share) { return FormatPercent(100 * share) + "%"; }

// "3", "3.2", "31".
std::string Mean(double mean) {
  return mean < 10 ? fmt::format("{:.2g}", mean) : FormatCount(mean);
}

std::string Table(Cells headings, std::vector<Cells> rows,
                  std::vector<size_t> expendable, const TextOptions& options,
                  const Painter& painter) {
  if (rows.empty()) return "";
  TextTable table(std::move(headings), 1);
  for (Cells& row : rows) table.Add(std::move(row));
  table.Fit(options.width, 2, std::move(expendable));
  return table.Render(2, painter);
}

std::string Parts(const std::vector<double>& parts) {
  std::string text;
  for (const double part : parts) {
    text += fmt::format("{}{}", text.empty() ? "" : " ", Mean(part));
  }
  return text.empty() ? "-" : text;
}

// Whether more is known of it than that there were acts in a time.
bool Tells(const LevelRow& level) {
  const auto spread = static_cast<double>(level.max - level.min);
  return level.in_time->error <= std::max(0.5, spread / 4);
}

std::string InTimeTable(std::span<const ClassRow* const> classes,
                        const TextOptions& options, const Painter& painter) {
  std::vector<Cells> rows;
  for (const ClassRow* row : classes) {
    if (!row->level || !row->level->in_time) continue;
    const LevelInTimeRow& t = *row->level->in_time;
    const bool tells = Tells(*row->level);
    const auto cell = [&](uint64_t n) {
      return tells ? Count(n) : std::string("-");
    };
    rows.push_back({ClassLabel(*row), row->level->of, FormatDuration(t.ns),
                    Mean(t.mean), Mean(t.error), cell(t.p50), cell(t.p90),
                    cell(t.p99), tells ? Parts(t.parts) : "-"});
  }
  return Table({"over time", "of", "in", "mean", "+-", "p50", "p90", "p99",
                "in the course of time"},
               std::move(rows), {6, 5, 7, 2, 8}, options, painter);
}

std::string After(const LevelRow& level) {
  if (level.every == 0) return "some acts";
  return level.every == 1 ? "each act"
                          : fmt::format("1 act in {}", Count(level.every));
}

std::string Running(const GilRow& gil) {
  if (!gil.running_ns) return "-";
  return fmt::format("{}{}", gil.running_error_ns ? "" : ">",
                     FormatDuration(*gil.running_ns));
}

std::string InUse(const PermitsRow& permits) {
  if (!permits.in_use) return "-";
  return fmt::format("{}{}", permits.in_use_error ? "" : ">",
                     Mean(*permits.in_use));
}

std::string AllInUse(const PermitsRow& permits) {
  const double share = permits.all_in_use_share.value_or(0);
  if (share > 0) return Share(share);
  return permits.all_in_use ? "yes" : "not seen";
}

template <typename Row>
std::vector<const ClassRow*> With(const Report& report,
                                  std::optional<Row> ClassRow::*row) {
  std::vector<const ClassRow*> classes;
  for (const ClassRow& named : report.classes) {
    if (named.*row) classes.push_back(&named);
  }
  return classes;
}

}  // namespace

std::string LevelTable(std::span<const ClassRow* const> classes,
                       const TextOptions& options, const Painter& painter) {
  std::vector<Cells> rows;
  for (const ClassRow* row : classes) {
    if (!row->level) continue;
    const LevelRow& l = *row->level;
    rows.push_back({ClassLabel(*row), l.of, After(l), Count(l.begins_with),
                    Mean(l.mean), Count(l.min), Count(l.p50), Count(l.p90),
                    Count(l.p99), Count(l.max), Parts(l.parts)});
  }
  return Table({"levels", "of", "after", "at first", "mean", "min", "p50",
                "p90", "p99", "max", "in the course of the acts"},
               std::move(rows), {7, 6, 3, 5, 8, 2, 10}, options, painter) +
         InTimeTable(classes, options, painter);
}

std::string PermitTable(std::span<const ClassRow* const> classes,
                        const TextOptions& options, const Painter& painter) {
  std::vector<Cells> rows;
  for (const ClassRow* row : classes) {
    if (!row->permits) continue;
    const PermitsRow& p = *row->permits;
    rows.push_back(
        {ClassLabel(*row), Count(p.begins_with), InUse(p),
         p.in_use_error.value_or(0) > 0 ? Mean(*p.in_use_error) : "-",
         AllInUse(p)});
  }
  return Table({"permits", "at first", "in use, mean", "+-", "all in use"},
               std::move(rows), {3}, options, painter);
}

std::string GilText(const Report& report, const TextOptions& options,
                    const Painter& painter) {
  std::vector<Cells> rows;
  for (const ClassRow* row : With(report, &ClassRow::gil)) {
    const GilRow& g = *row->gil;
    rows.push_back({ClassLabel(*row), Count(g.switches), Running(g),
                    g.running_error_ns.value_or(0) > 0
                        ? FormatDuration(*g.running_error_ns)
                        : "-",
                    FormatDuration(g.waiting_ns), Share(g.waited_share),
                    Share(g.convoy)});
  }
  if (rows.empty()) return "";
  return painter.Paint(Style::kBold, "GIL") + "\n" +
         Table({"", "switches", "running", "+-", "waiting", "takes that waited",
                "convoy"},
               std::move(rows), {3}, options, painter);
}

std::string PoolText(const Report& report, const TextOptions& options,
                     const Painter& painter) {
  std::vector<Cells> work, queue;
  for (const ClassRow* row : With(report, &ClassRow::pool)) {
    const PoolRow& p = *row->pool;
    work.push_back({ClassLabel(*row), Count(p.workers), Count(p.tasks),
                    Share(p.utilisation), Count(p.most_running),
                    FormatDuration(p.open_ns), FormatDuration(p.ran.total),
                    FormatDuration(p.ran.mean),
                    FormatDuration(static_cast<double>(p.ran.max))});
    if (p.queued.n == 0) continue;
    const auto time = [](uint64_t ns) {
      return FormatDuration(static_cast<double>(ns));
    };
    queue.push_back(
        {ClassLabel(*row), Count(p.most_queued), FormatDuration(p.queued.total),
         FormatDuration(p.queued.mean), time(p.queued.p50), time(p.queued.p90),
         time(p.queued.p99), time(p.queued.max)});
  }
  if (work.empty()) return "";
  return painter.Paint(Style::kBold, "POOLS") + "\n" +
         Table({"work", "workers", "tasks", "used", "at once", "open", "ran",
                "mean", "max"},
               std::move(work), {7, 5}, options, painter) +
         Table(
             {"queue", "at once", "queued", "mean", "p50", "p90", "p99", "max"},
             std::move(queue), {4, 5, 6}, options, painter);
}

std::string JoinText(const Report& report, const TextOptions& options,
                     const Painter& painter) {
  if (!report.joins) return "";
  const Times& t = report.joins->wait;
  const auto time = [](uint64_t ns) {
    return FormatDuration(static_cast<double>(ns));
  };
  return painter.Paint(Style::kBold, "JOINS") + "\n" +
         Table({"waits", "joins", "awaited", "standing", "mean", "p50", "p90",
                "p99", "max"},
               {{"ends of threads", Count(t.n), FormatDuration(t.total),
                 Count(report.joins->standing), FormatDuration(t.mean),
                 time(t.p50), time(t.p90), time(t.p99), time(t.max)}},
               {5, 6, 7}, options, painter);
}

}  // namespace lockcheck::report
