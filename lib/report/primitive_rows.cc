#include "lib/report/primitive_rows.h"

#include <algorithm>
#include <vector>

#include "lib/analysis/wait_overlap.h"
#include "lib/report/usage.h"

namespace lockcheck::report {
namespace {

using analysis::ObjectIndex;
using analysis::PoolUsage;
using analysis::PostUsage;
using analysis::Statistics;

LevelInTimeRow RowOf(const analysis::LevelInTime& level, double ns_per_tick) {
  LevelInTimeRow row;
  row.ns = static_cast<double>(level.ticks) * ns_per_tick;
  row.mean = level.mean;
  row.error = level.error;
  row.p50 = level.p50;
  row.p90 = level.p90;
  row.p99 = level.p99;
  row.parts = level.parts;
  return row;
}

LevelRow RowOf(const analysis::Level& level, const char* what,
               uint32_t begins_with, double ns_per_tick) {
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
  if (level.in_time) row.in_time = RowOf(*level.in_time, ns_per_tick);
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
      shown =
          RowOf(*level, primitive.level, begins_with, statistics.ns_per_tick);
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
    sum.woke_nobody += usage.WokeNobody();
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
    // Of a condition it says what a predicate was before any wait.
    if (!model::MayFindNothing(report.classes[i].kind)) usage.takes = sum.takes;
  }
}

// For how much of the run somebody waited for the object.
double WaitedShare(const Statistics& statistics, ObjectIndex object) {
  const auto found = statistics.waited.find(object);
  if (found == statistics.waited.end() || statistics.duration_ns <= 0) return 0;
  const double ns = statistics.ns_per_tick *
                    static_cast<double>(analysis::TotalTicks(found->second));
  return std::min(1.0, ns / statistics.duration_ns);
}

// By Little's law the mean number in use is the time for which permits were
// held, all added up, over the time of the run. All are while somebody waits.
void FillInUse(const Statistics& statistics, ObjectIndex o, PermitsRow& row) {
  const analysis::ObjectUsage& usage = statistics.objects[o];
  const double share = WaitedShare(statistics, o);
  row.all_in_use_share = share;
  if (statistics.duration_ns <= 0) return;
  const double held =
      statistics.exact ? usage.hold.total() : usage.hold_estimate_ns;
  const double least = statistics.exact ? 0 : row.begins_with * share;
  const double estimate =
      std::min<double>(row.begins_with, held / statistics.duration_ns);
  if (usage.hold.count() == 0 && least == 0) return;
  row.in_use = std::max(estimate, least);
  if (usage.hold.count() == 0 || estimate < least) return;
  row.in_use_error =
      statistics.exact ? 0 : usage.estimate_error_ns / statistics.duration_ns;
}

// Permits that are held like locks.
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
    // Whoever waited or was turned away found none left. Signals are no
    // permits that come back.
    const bool signals = statistics.posts.contains(o);
    row.all_in_use =
        !signals && usage.contended + usage.try_failed + usage.standing != 0;
    if (!signals) FillInUse(statistics, o, row);
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

// For how long actors lived and waited for nothing, added up: nobody can have
// run for longer.
double FreeNs(const Statistics& statistics) {
  double free = 0;
  for (const analysis::ActorUsage& actor : statistics.actors) {
    if (actor.last_ticks <= actor.begin_ticks) continue;
    const double lived =
        static_cast<double>(actor.last_ticks - actor.begin_ticks) *
        statistics.ns_per_tick;
    free += std::max(0.0, lived - actor.blocked_ns);
  }
  return free;
}

std::vector<double> HeldAtLeast(const Statistics& statistics,
                                const Naming& naming, const Report& report) {
  std::vector<double> least(report.classes.size());
  for (size_t i = 0; i < statistics.objects.size(); ++i) {
    const auto row = naming.Class(static_cast<ObjectIndex>(i));
    if (row) least[*row] += statistics.objects[i].held_at_least_ns;
  }
  return least;
}

void FillGils(const Statistics& statistics, const Naming& naming,
              Report& report) {
  const std::vector<double> held_at_least =
      HeldAtLeast(statistics, naming, report);
  const double free = FreeNs(statistics);
  for (ClassRow& row : report.classes) {
    if (row.kind != model::ObjectKind::kGil) continue;
    const UsageRow& usage = row.usage;
    GilRow gil;
    gil.switches = usage.owner_changes.value_or(0);
    // A sample may be far off; each actor runs or waits and does not do both.
    const double least =
        report.exact_holds
            ? 0
            : held_at_least[static_cast<size_t>(&row - report.classes.data())];
    if (usage.hold.n != 0 || least > 0) {
      gil.running_ns = std::min(std::max(usage.hold.total, least), free);
      if (usage.hold.n != 0 && usage.hold.total >= least) {
        gil.running_error_ns =
            usage.hold.error * static_cast<double>(usage.acquisitions);
      }
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
  FillGils(statistics, naming, report);
  if (statistics.joins.count() != 0) {
    report.joins =
        JoinsRow{statistics.standing_joins, TimesOf(statistics.joins)};
  }
}

}  // namespace lockcheck::report
