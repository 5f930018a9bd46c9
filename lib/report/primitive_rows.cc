#include "lib/report/primitive_rows.h"

#include <algorithm>
#include <vector>

#include "lib/report/usage.h"

namespace lockcheck::report {
namespace {

using analysis::ObjectIndex;
using analysis::PoolUsage;
using analysis::PostUsage;
using analysis::Statistics;

LevelRow RowOf(const analysis::Level& level, const char* what,
               uint32_t begins_with) {
  LevelRow row;
  row.of = what;
  row.begins_with = begins_with;
  row.acts = level.acts;
  row.every = level.every;
  row.mean = level.mean;
  row.min = level.min;
  row.p50 = level.p50;
  row.p90 = level.p90;
  row.p99 = level.p99;
  row.max = level.max;
  row.parts = level.parts;
  return row;
}

void FillLevels(const Statistics& statistics, const log::Recording& recording,
                const Naming& naming, Report& report) {
  for (ObjectIndex o = 0; o < recording.objects.size(); ++o) {
    const auto found = statistics.posts.find(o);
    const auto row = naming.Class(o);
    if (found == statistics.posts.end() || !row) continue;
    const log::Object& object = recording.objects[o];
    const model::Primitive& primitive = model::PrimitiveOf(object.kind);
    if (primitive.level == nullptr) continue;
    const bool counts = primitive.stock == model::Stock::kCount;
    const uint32_t begins_with = counts ? object.value : 0;
    const auto level = found->second.LevelOf(begins_with, counts);
    std::optional<LevelRow>& shown = report.classes[*row].level;
    if (level && (!shown || shown->acts < level->acts)) {
      shown = RowOf(*level, primitive.level, begins_with);
    }
  }
}

void FillPosts(const Statistics& statistics, const Naming& naming,
               Report& report) {
  std::vector<PostUsage> sums(report.classes.size());
  for (const auto& [object, usage] : statistics.posts) {
    const auto row = naming.Class(object);
    if (!row) continue;
    PostUsage& sum = sums[*row];
    sum.posts += usage.posts;
    sum.woke_nobody += usage.woke_nobody;
    sum.unsaid += usage.unsaid;
    sum.clears += usage.clears;
    sum.takes += usage.takes;
  }
  for (size_t i = 0; i < sums.size(); ++i) {
    UsageRow& usage = report.classes[i].usage;
    const PostUsage& sum = sums[i];
    const bool acted = sum.posts + sum.clears + sum.takes != 0;
    if (!acted && model::CanBeHeld(report.classes[i].kind)) continue;
    usage.posts = sum.posts;
    if (sum.unsaid == 0) usage.woke_nobody = sum.woke_nobody;
    usage.clears = sum.clears;
    usage.takes = sum.takes;
  }
}

// Permits that are held like locks; by Little's law their mean number in use is
// the time for which they were held, all added up, over the time of the run.
void FillPermits(const Statistics& statistics, const log::Recording& recording,
                 const Naming& naming, Report& report) {
  for (ObjectIndex o = 0; o < recording.objects.size(); ++o) {
    const log::Object& object = recording.objects[o];
    const model::Primitive& primitive = model::PrimitiveOf(object.kind);
    if (!primitive.exclusive_hold || primitive.stock != model::Stock::kCount) {
      continue;
    }
    const auto class_of = naming.Class(o);
    if (!class_of) continue;
    const analysis::ObjectUsage& usage = statistics.objects[o];
    PermitsRow row;
    row.begins_with = object.value;
    row.acquired = usage.acquisitions;
    const double held =
        statistics.exact ? usage.hold.total() : usage.hold_estimate_ns;
    if (usage.hold.count() != 0 && statistics.duration_ns > 0) {
      row.in_use =
          std::min<double>(object.value, held / statistics.duration_ns);
    }
    // Whoever waited or was turned away found none left. Signals are no
    // permits that come back.
    const bool signals = statistics.posts.contains(o);
    row.all_in_use =
        !signals && usage.contended + usage.try_failed + usage.standing != 0;
    if (signals) row.in_use.reset();
    std::optional<PermitsRow>& shown = report.classes[*class_of].permits;
    if (!shown || shown->in_use.value_or(0) < row.in_use.value_or(0)) {
      const bool all = row.all_in_use || (shown && shown->all_in_use);
      shown = row;
      shown->all_in_use = all;
    } else {
      shown->all_in_use |= row.all_in_use;
    }
  }
}

void FillPools(const Statistics& statistics, const Naming& naming,
               Report& report) {
  for (const PoolUsage& pool : statistics.pools) {
    const auto class_of = naming.Class(pool.object);
    if (!class_of) continue;
    std::optional<PoolRow>& shown = report.classes[*class_of].pool;
    if (shown && shown->tasks >= pool.tasks) continue;
    shown = PoolRow{.workers = pool.workers,
                    .tasks = pool.tasks,
                    .most_running = pool.most_running,
                    .most_queued = pool.most_queued,
                    .open_ns = pool.open_ns,
                    .utilisation = pool.utilisation(),
                    .queued = TimesOf(pool.queued),
                    .ran = TimesOf(pool.ran)};
  }
}

void FillGils(Report& report) {
  for (ClassRow& row : report.classes) {
    if (row.kind != model::ObjectKind::kGil) continue;
    const UsageRow& usage = row.usage;
    GilRow gil;
    gil.switches = usage.owner_changes;
    // It is never free while somebody waits.
    const double least = report.exact_holds ? 0 : usage.waited_ns.value_or(0);
    if (usage.hold.n != 0 || least > 0) {
      gil.running_ns = std::max(usage.hold.total, least);
    }
    gil.waiting_ns = usage.wait.total;
    const auto takes = static_cast<double>(usage.acquisitions);
    if (takes > 0) {
      gil.waited_share =
          std::min(1.0, static_cast<double>(usage.contended) / takes);
      gil.convoy = std::min(
          1.0, static_cast<double>(usage.found_waiters.value_or(0)) / takes);
    }
    row.gil = gil;
  }
}

}  // namespace

void FillPrimitiveRows(const Statistics& statistics,
                       const log::Recording& recording, const Naming& naming,
                       Report& report) {
  FillPosts(statistics, naming, report);
  FillLevels(statistics, recording, naming, report);
  FillPermits(statistics, recording, naming, report);
  FillPools(statistics, naming, report);
  FillGils(report);
  if (statistics.joins.count() != 0) {
    report.joins =
        JoinsRow{statistics.standing_joins, TimesOf(statistics.joins)};
  }
}

}  // namespace lockcheck::report
