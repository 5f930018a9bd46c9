#include "lib/report/wait_text.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

#include "fmt/format.h"
#include "lib/report/naming.h"
#include "lib/report/sentences.h"
#include "lib/report/sites.h"

namespace lockcheck::report {
namespace {

using Waits = std::span<const StandingWaitRow>;

// Nothing in the log is later than the beginning of the wait, so it says no
// more than that.
bool IsOfUnknownLength(const Report& report, const StandingWaitRow& wait) {
  return wait.duration_ns == 0 && LastsToLastRecord(report, wait);
}

size_t ToLastRecord(const Report& report) {
  return static_cast<size_t>(
      std::count_if(report.standing_waits.begin(), report.standing_waits.end(),
                    [&](const StandingWaitRow& wait) {
                      return LastsToLastRecord(report, wait);
                    }));
}

// What the table says of how long they have waited ends there.
std::string MeasuredTo(const Report& report) {
  const size_t to_record = ToLastRecord(report);
  if (to_record == 0) return "";
  return to_record == report.standing_waits.size()
             ? ", measured to the log's last record"
             : ", measured to now, or to the log's last record of a process "
               "that does not run";
}

std::string Remark(const Report& report, const StandingWaitRow& row) {
  if (!row.unsignalled) return row.stuck ? "stuck" : "";
  return (row.stuck ? "stuck; " : "") + NobodyDid(report, row);
}

std::string In(const Report& report, const std::optional<uint32_t>& site) {
  return site ? SiteLabel(report.sites[*site].where) : "";
}

std::string WaitTable(const Report& report, Waits waits,
                      const TextOptions& options, const Painter& painter) {
  const char* const lasts = ToLastRecord(report) != 0 ? "for at least" : "for";
  TextTable table({"actor", "waits for", "in", "held by", lasts, ""}, 4);
  for (const StandingWaitRow& row : waits) {
    const ObjectRow& object = report.objects[row.wants.object];
    const char* const nobody = model::CanBeHeld(object.kind) ? "?" : "-";
    table.Add({ActorHeading(report.actors[row.actor]), object.name,
               In(report, row.wants.site),
               row.owner ? ActorHeading(report.actors[*row.owner]) : nobody,
               IsOfUnknownLength(report, row) ? "unknown"
                                              : FormatDuration(row.duration_ns),
               Remark(report, row)});
  }
  table.Fit(options.width, 2, {});
  return table.Render(2, painter);
}

std::string HeldThing(const Report& report, const HoldRow& hold) {
  return IsPool(report, hold.object)
             ? "a worker of " + PoolName(report, hold.object)
             : HeldName(report, hold);
}

std::string HoldTable(const Report& report, Waits waits,
                      const TextOptions& options, const Painter& painter) {
  TextTable table({"actor", "holds meanwhile", "acquired in"}, 3);
  bool any = false;
  for (const StandingWaitRow& row : waits) {
    for (const HoldRow& hold : row.holds) {
      table.Add({ActorHeading(report.actors[row.actor]),
                 HeldThing(report, hold),
                 // A task begins at no place.
                 IsPool(report, hold.object) ? In(report, hold.site)
                                             : SiteLabel(report, hold.site)});
      any = true;
    }
  }
  if (!any) return "";
  table.Fit(options.width, 2, {});
  return table.Render(2, painter);
}

}  // namespace

std::string HowLong(const Report& report, const StandingWaitRow& wait) {
  if (IsOfUnknownLength(report, wait)) return "an unknown time";
  const std::string time = FormatDuration(wait.duration_ns);
  return LastsToLastRecord(report, wait)
             ? "at least " + time + ", to the log's last record"
             : time;
}

std::string WaitText(const Report& report, const TextOptions& options,
                     const Painter& painter) {
  const size_t count = report.standing_waits.size();
  if (count == 0) return "";
  const bool now = ToLastRecord(report) == 0;
  std::string out =
      painter.Paint(Style::kBold, now ? "WAITS NOW" : "WAITS AT THE END");
  out += fmt::format("  {}\n", Counted(count, "actor") +
                                   (count == 1 ? " waits" : " wait") +
                                   MeasuredTo(report));
  const size_t shown = options.top != 0 ? std::min(options.top, count) : count;
  const Waits waits = Waits(report.standing_waits).first(shown);
  out += WaitTable(report, waits, options, painter);
  if (shown < count) {
    out += fmt::format("  and {} more (--top)\n", count - shown);
  }
  return out + HoldTable(report, waits, options, painter);
}

}  // namespace lockcheck::report
