// Cuts the actors' streams into pieces, scans the pieces in parallel and puts
// the results together, in the order of actors and streams, so that nothing
// depends on who scanned what.
#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "lib/analysis/asked.h"
#include "lib/analysis/coroutine_hazards.h"
#include "lib/analysis/end_state.h"
#include "lib/analysis/fork_held.h"
#include "lib/analysis/owner_died.h"
#include "lib/analysis/permits.h"
#include "lib/analysis/refused.h"
#include "lib/analysis/statistics.h"
#include "lib/analysis/stream_scan.h"
#include "lib/analysis/summary.h"
#include "lib/analysis/tally.h"
#include "lib/log/in_parallel.h"

namespace lockcheck::analysis {
namespace {

// A piece is large enough that its new tree is small beside its events, and
// there are enough of them that the last one does not leave the other threads
// idle for long. More would cost more than that: what the pieces of one actor
// have in common, mostly all, is counted in each and merged in the end.
constexpr size_t kMinPiece = 128;  // segments: 8 MiB, some 3 million events
constexpr size_t kPiecesPerThread = 4;

std::vector<Piece> CutIntoPieces(const log::Recording& recording,
                                 unsigned threads, size_t wanted) {
  size_t total = 0;
  for (const log::Actor& actor : recording.actors) {
    total += actor.segments.size();
  }
  const size_t target =
      wanted != 0    ? wanted
      : threads == 1 ? std::max<size_t>(total, 1)
                     : std::max(kMinPiece, total / threads / kPiecesPerThread);
  std::vector<Piece> pieces;
  for (ActorIndex actor = 0; actor < recording.actors.size(); ++actor) {
    const auto& segments = recording.actors[actor].segments;
    for (size_t first = 0; first < segments.size();) {
      size_t last = first + std::min(target, segments.size() - first);
      if (segments.size() - last < target / 2) last = segments.size();
      while (last < segments.size() && !BeginsAfresh(segments[last])) ++last;
      Piece piece;
      piece.actor = actor;
      piece.first = first;
      piece.last = last;
      piece.begins_stream = first == 0;
      piece.ends_stream = last == segments.size();
      pieces.push_back(std::move(piece));
      first = last;
    }
  }
  return pieces;
}

struct Progress {
  const ScanOptions* options = nullptr;
  std::atomic<size_t>* done = nullptr;  // segments
  size_t total = 0;
  bool calling_thread = false;

  static void SegmentRead(void* data) {
    const auto& self = *static_cast<const Progress*>(data);
    const size_t done = self.done->fetch_add(1, std::memory_order_relaxed) + 1;
    if (!self.calling_thread || self.options->progress == nullptr) return;
    if (done % 32 != 0) return;
    self.options->progress(
        static_cast<double>(done) / static_cast<double>(self.total),
        self.options->progress_data);
  }
};

Totals ScanPieces(const log::Recording& recording, const ScanOptions& options,
                  unsigned threads, std::vector<Piece>& pieces) {
  std::vector<size_t> order(pieces.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto size = [&](size_t i) { return pieces[i].last - pieces[i].first; };
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return size(a) > size(b); });
  std::atomic<size_t> done = 0;
  Progress base = {.options = &options, .done = &done};
  for (size_t i : order) base.total += size(i);
  std::vector<Progress> progress(threads, base);
  progress[0].calling_thread = true;
  std::vector<std::unique_ptr<Totals>> totals(threads);
  log::InParallel(threads, order.size(), [&](unsigned thread, size_t i) {
    if (!totals[thread]) totals[thread] = std::make_unique<Totals>(recording);
    ScanPiece(recording, pieces[order[i]], *totals[thread],
              &Progress::SegmentRead, &progress[thread]);
  });
  Totals sum = totals[0] ? std::move(*totals[0]) : Totals(recording);
  for (unsigned t = 1; t < threads; ++t) {
    if (totals[t]) sum.Merge(*totals[t]);
  }
  return sum;
}

// A pool's only worker forks each of its tasks, too, when that begins.
bool ForksWhatAnotherSubmitted(const log::Actor& task, ActorIndex forker) {
  return task.how == log::BeginHow::kTask && task.parent != kNone &&
         task.parent != forker;
}

void FindPhases(std::span<const Piece> pieces, Observations& o) {
  o.phase_count.assign(o.actor_count, 1);
  o.alone_on.assign(o.actor_count, kNone);
  o.was_joined.assign(o.actor_count, false);
  for (const Piece& piece : pieces) {
    o.phase_count[piece.actor] += static_cast<uint32_t>(piece.steps.size());
  }
  uint32_t before = 0;
  for (const Piece& piece : pieces) {
    if (piece.begins_stream) before = 0;
    for (const PhaseStep& step : piece.steps) {
      if (step.other == piece.actor) continue;
      if (step.other == kNone) {
        o.has_unseen_actors |= step.fork;
        continue;
      }
      if (!step.fork) o.was_joined[step.other] = true;
      const uint32_t phase = before + step.phase;
      if (step.fork && ForksWhatAnotherSubmitted(
                           o.recording->actors[step.other], piece.actor)) {
        o.alone_on[step.other] = piece.actor;
      } else if (step.fork) {
        o.phase_edges.push_back({piece.actor, phase, step.other, 0});
      } else {
        o.phase_edges.push_back({step.other, o.phase_count[step.other] - 1,
                                 piece.actor, phase + 1, step.site});
      }
    }
    before += static_cast<uint32_t>(piece.steps.size());
  }
}

void MergeMisuses(std::span<const Piece> pieces, Observations& o) {
  absl::flat_hash_map<
      std::tuple<model::Misuse, ActorIndex, ObjectIndex, SiteIndex>, size_t>
      rows;
  for (const Piece& piece : pieces) {
    for (const MisuseSeen& seen : piece.misuses) {
      const MisuseEvent& e = seen.event;
      const auto [row, is_new] = rows.try_emplace(
          std::tuple(e.misuse, e.actor, e.object, e.site), o.misuses.size());
      if (is_new) {
        o.misuses.push_back(e);
      } else {
        o.misuses[row->second].count += e.count;
      }
    }
  }
}

void MergeNotifications(std::span<const Piece> pieces, Observations& o) {
  std::map<std::pair<ActorIndex, ObjectIndex>, Notification> latest;
  for (const Piece& piece : pieces) {  // in the order of the actor's stream
    for (const auto& [object, notification] : piece.notifications) {
      latest[{piece.actor, object}] = notification;
    }
  }
  for (const auto& [key, notification] : latest) {
    o.notifications.push_back(notification);
  }
}

void CollectNotes(std::span<const Piece> pieces, Observations& o) {
  for (const Piece& piece : pieces) {
    o.is_live |= piece.is_live;
    for (const bool across : {false, true}) {
      const uint64_t ticks = across ? piece.quiescent_across : piece.quiescent;
      if (ticks == 0) continue;
      o.quiescences.push_back(
          {piece.actor, ticks, piece.starved, piece.elsewhere, across});
    }
  }
}

// Whoever slept in a wait that is not in the log, when the runtime saw that
// nobody is left, sleeps still if it has recorded nothing since.
void PlaceElsewhere(std::span<const Piece> pieces, Observations& o) {
  absl::flat_hash_map<ActorIndex, uint64_t> seen;  // ticks: when it did so last
  if (o.quiescences.empty()) return;
  for (const Piece& piece : pieces) {
    uint64_t& last = seen[piece.actor];
    last = std::max(last, piece.usage.last_ticks);
  }
  for (const Quiescence& q : o.quiescences) {
    for (const Elsewhere& e : q.elsewhere) {
      if (e.actor >= o.actor_count || seen[e.actor] > q.ticks) continue;
      EndState& end = o.end[e.actor];
      if (end.state != ActorState::kRunning || end.exiting) continue;
      Wait wait;
      wait.joins = e.joined != kNone;
      wait.object = wait.joins ? o.end_object(e.joined) : kUnseen;
      wait.since_ticks = q.ticks;
      end.state = ActorState::kBlocked;
      end.wait = wait;
    }
  }
}

Observations Observe(const log::Recording& recording, unsigned threads,
                     std::vector<Piece>& pieces) {
  Observations o;
  o.recording = &recording;
  o.object_count = recording.objects.size();
  o.actor_count = recording.actors.size();
  FindPhases(pieces, o);
  MergeMisuses(pieces, o);
  MergeNotifications(pieces, o);
  CollectNotes(pieces, o);
  o.end = EndStates(recording, pieces);
  CollectOwnerDeaths(pieces, o);
  CollectTurns(pieces, o);
  PlaceElsewhere(pieces, o);
  o.refused = RefusedMoments(recording, pieces);
  MergeAsked(recording, threads, pieces, o);
  ForgetPermitsOfSignals(o);
  CollectForkHeld(o);
  return o;
}

// How many holds a segment lists at most: they fill half of its block
// (BeginSegment() of the runtime).
constexpr size_t kMostListed = log::kBlockWords / 2 / 2;

bool SomeListIsCut(const log::Recording& recording) {
  return std::any_of(recording.actors.begin(), recording.actors.end(),
                     [](const log::Actor& actor) {
                       return std::any_of(
                           actor.segments.begin(), actor.segments.end(),
                           [](const log::Segment& segment) {
                             return HeldCount(segment) >= kMostListed;
                           });
                     });
}

// What the scan left out: notes for what is the reader's or the log's own
// bound, warnings for records that make no sense.
void SayWhatIsLeftOut(const Totals& totals, const log::Recording& recording,
                      ScanResult& result) {
  if (totals.bad_releases > 0 && SomeListIsCut(recording)) {
    result.notes.push_back(absl::StrCat(
        "an actor held more than ", kMostListed,
        " locks at once, and no block of a log repeats more of them: ",
        totals.bad_releases,
        totals.bad_releases == 1 ? " release of the others is"
                                 : " releases of the others are",
        " not counted"));
  } else if (totals.bad_releases > 0) {
    result.warnings.push_back(absl::StrCat(
        totals.bad_releases,
        totals.bad_releases == 1 ? " release names" : " releases name",
        " a hold that is not there; ignored"));
  }
  if (totals.unknown_ids > 0) {
    result.warnings.push_back(absl::StrCat(
        totals.unknown_ids,
        totals.unknown_ids == 1 ? " request names" : " requests name",
        " an object or actor without an entry; ignored"));
  }
  if (totals.cut_held_sets > 0) {
    result.notes.push_back(absl::StrCat(
        totals.cut_held_sets,
        totals.cut_held_sets == 1 ? " request was" : " requests were",
        " made with more locks held than are looked at: the "
        "innermost ",
        kMaxHeld, ", or ", kFewHeld,
        " if there are very many such requests; a deadlock through the others "
        "may be missed"));
  }
}

}  // namespace

ScanResult Scan(const log::Recording& recording, const ScanOptions& options) {
  constexpr unsigned kMostThreads = 256;
  const unsigned threads = std::min(
      kMostThreads, options.threads != 0
                        ? options.threads
                        : std::max(1u, std::thread::hardware_concurrency()));
  std::vector<Piece> pieces =
      CutIntoPieces(recording, threads, options.piece_segments);
  Totals totals = ScanPieces(recording, options, threads, pieces);
  ScanResult result;
  SayWhatIsLeftOut(totals, recording, result);
  result.statistics = Summarize(recording, pieces, std::move(totals));
  result.observations = Observe(recording, threads, pieces);
  return result;
}

}  // namespace lockcheck::analysis
