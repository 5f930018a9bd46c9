#include "lib/analysis/pool_usage.h"

#include <algorithm>
#include <map>

#include "lib/analysis/piece.h"
#include "lib/analysis/raw_ids.h"
#include "lib/analysis/wait_overlap.h"

namespace lockcheck::analysis {
namespace {

struct Task {
  uint64_t submitted = 0;  // ticks; 0: not known
  uint64_t begin = 0, end = 0;
};

bool IsTask(const log::Recording& recording, ActorIndex actor) {
  return actor < recording.actors.size() &&
         recording.actors[actor].how == log::BeginHow::kTask;
}

// By actor; 0 of all but tasks. A lone worker forks its tasks, too, but it is
// not who submitted them.
std::vector<uint64_t> Submissions(const log::Recording& recording,
                                  std::span<const Piece> pieces) {
  std::vector<uint64_t> submitted(recording.actors.size());
  for (const Piece& piece : pieces) {
    for (const PhaseStep& step : piece.steps) {
      if (step.fork && IsTask(recording, step.other) &&
          recording.actors[step.other].parent == piece.actor) {
        submitted[step.other] = step.ticks;
      }
    }
  }
  return submitted;
}

std::map<ObjectIndex, std::vector<Task>> TasksByPool(
    const log::Recording& recording, std::span<const Piece> pieces) {
  const std::vector<uint64_t> submitted = Submissions(recording, pieces);
  std::map<ObjectIndex, std::vector<Task>> pools;
  for (const Piece& piece : pieces) {
    if (piece.slot_of == kNone || !IsTask(recording, piece.actor)) continue;
    const log::Actor& actor = recording.actors[piece.actor];
    if (!actor.begun) continue;
    const uint64_t end =
        actor.ended ? actor.end_ticks : recording.LastTicksOf(actor.process);
    pools[piece.slot_of].push_back({submitted[piece.actor], actor.begin_ticks,
                                    std::max(actor.begin_ticks, end)});
  }
  return pools;
}

PoolUsage UsageOf(const log::Recording& recording, ObjectIndex object,
                  std::span<const Task> tasks) {
  const auto ns = [&](uint64_t from, uint64_t to) {
    return RawIds::Ns(recording.clock, from, to);
  };
  PoolUsage pool;
  pool.object = object;
  pool.workers = recording.objects[object].value;
  pool.tasks = tasks.size();
  std::vector<WaitInterval> queued, running;
  uint64_t first = UINT64_MAX, last = 0;
  for (const Task& task : tasks) {
    pool.ran.Add(ns(task.begin, task.end));
    running.push_back({task.begin, task.end});
    const bool known = task.submitted != 0;
    if (known) {
      pool.queued.Add(ns(task.submitted, task.begin));
      queued.push_back({task.submitted, task.begin});
    }
    first = std::min(first, known ? task.submitted : task.begin);
    last = std::max(last, task.end);
  }
  pool.most_queued = MostOverlapping(queued);
  pool.most_running = MostOverlapping(running);
  pool.open_ns = static_cast<double>(ns(first, last));
  return pool;
}

}  // namespace

double PoolUsage::utilisation() const {
  if (workers == 0 || open_ns <= 0) return 0;
  return std::min(1.0, ran.total() / (workers * open_ns));
}

std::vector<PoolUsage> PoolsOf(const log::Recording& recording,
                               std::span<const Piece> pieces) {
  std::vector<PoolUsage> pools;
  for (const auto& [object, tasks] : TasksByPool(recording, pieces)) {
    pools.push_back(UsageOf(recording, object, tasks));
  }
  return pools;
}

}  // namespace lockcheck::analysis
