#include "lib/analysis/summary.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "lib/analysis/cpu_time.h"
#include "lib/analysis/hold_estimate.h"
#include "lib/analysis/place_blame.h"

namespace lockcheck::analysis {
namespace {

double NsBetween(const log::Recording& recording, uint64_t from, uint64_t to) {
  return to <= from
             ? 0
             : static_cast<double>(to - from) * recording.clock.ns_per_tick;
}

// `last`: by object, who was counted last.
void CountAsker(ObjectIndex object, ActorIndex actor,
                std::vector<ActorIndex>& last, Statistics& s) {
  if (object >= s.objects.size() || last[object] == actor) return;
  last[object] = actor;
  ++s.objects[object].askers;
}

void AddActors(const log::Recording& recording, std::span<const Piece> pieces,
               Statistics& s) {
  std::vector<ActorIndex> last_user(recording.objects.size(), kNone);
  std::vector<ActorIndex> last_asker = last_user;
  s.actors.resize(recording.actors.size());
  for (ActorIndex a = 0; a < s.actors.size(); ++a) {
    s.actors[a].begin_ticks = recording.actors[a].begin_ticks;
    s.actors[a].last_ticks = recording.actors[a].end_ticks;
  }
  for (const Piece& piece : pieces) {
    ActorUsage& usage = s.actors[piece.actor];
    usage.Merge(piece.usage);
    usage.blocked_ns += piece.usage.blocked_ns;
    usage.last_ticks = std::max(usage.last_ticks, piece.usage.last_ticks);
    if (usage.begin_ticks == 0) usage.begin_ticks = piece.usage.begin_ticks;
    if (piece.wait) {
      const uint64_t last =
          recording.LastTicksOf(recording.actors[piece.actor].process);
      usage.blocked_ns += NsBetween(recording, piece.wait->since_ticks, last);
      usage.last_ticks = std::max(usage.last_ticks, last);
    }
    for (ObjectIndex object : piece.acquired) {
      if (last_user[object] == piece.actor) continue;
      last_user[object] = piece.actor;
      ++s.objects[object].actors;
    }
    for (const auto& [object, waits] : piece.waits.by_object()) {
      CountAsker(object, piece.actor, last_asker, s);
    }
    for (ObjectIndex object : piece.acquired) {
      CountAsker(object, piece.actor, last_asker, s);
    }
    if (piece.wait) CountAsker(piece.wait->object, piece.actor, last_asker, s);
  }
}

void AddStandingJoin(const log::Recording& recording, const Wait& wait,
                     uint64_t ns, Statistics& s) {
  const size_t actor = wait.object - recording.objects.size();
  if (!wait.joins || actor >= recording.actors.size() ||
      log::IsCarried(recording.actors[actor].how)) {
    return;
  }
  s.joins.Add(ns);
  ++s.standing_joins;
}

// A wait that stands has been suffered up to the log's end.
void AddStandingWaits(const log::Recording& recording,
                      std::span<const Piece> pieces, uint64_t last_seen,
                      BlameTable& blame, Statistics& s) {
  for (const Piece& piece : pieces) {
    if (!piece.wait) continue;
    const Wait& wait = *piece.wait;
    const uint64_t last =
        std::max(last_seen,
                 recording.LastTicksOf(recording.actors[piece.actor].process));
    const auto ns = [&](uint64_t since) {
      return static_cast<uint64_t>(NsBetween(recording, since, last));
    };
    if (wait.object >= s.objects.size()) {
      AddStandingJoin(recording, wait, ns(wait.since_ticks), s);
      continue;
    }
    const bool signal = !model::CanBeHeld(recording.objects[wait.object].kind);
    const auto add = [&](auto& usage) {
      usage.AddWait(ns(wait.since_ticks), signal);
      ++usage.standing;
    };
    add(s.objects[wait.object]);
    if (wait.site < s.sites.size()) add(s.sites[wait.site]);
    add(s.actors[piece.actor]);
    if (signal) continue;
    blame.Charge({.object = wait.object,
                  .waiter_site = wait.site,
                  .holder_site = wait.owner_site,
                  .waiter = piece.actor,
                  .holder = wait.owner},
                 ns(piece.wait_owner_since), piece.wait_new_owner);
  }
}

std::vector<WaitInterval> Clipped(std::vector<WaitInterval> intervals,
                                  uint64_t first, uint64_t last) {
  for (WaitInterval& i : intervals) {
    i.begin = std::max(i.begin, first);
    i.end = std::min(i.end, last);
  }
  return intervals;
}

// For how long a lock was held at least, by who waited meanwhile. To be woken
// takes a waiter some time, in which nobody has the lock: so from where an
// owner is known up to the first release that saw waiters.
void FindLeastHeld(std::span<const Piece> pieces, uint64_t first, uint64_t last,
                   Statistics& s) {
  WaitIntervals waits, ends;
  for (const Piece& piece : pieces) {
    waits.Append(piece.kept_waiting);
    ends.Append(piece.ends_seen);
    if (piece.wait && piece.wait->owner_site != kNone &&
        piece.wait->object < s.objects.size()) {
      WaitIntervals standing;
      standing.Add(piece.wait->object, piece.wait_owner_since, last);
      waits.Append(standing);
    }
  }
  for (const auto& [object, intervals] : waits.by_object()) {
    if (object >= s.objects.size()) continue;
    std::vector<WaitInterval> seen;
    if (const auto found = ends.by_object().find(object);
        found != ends.by_object().end()) {
      seen = Union(found->second);
    }
    const auto held = Union(Clipped(EndedBy(intervals, seen), first, last));
    ObjectUsage& usage = s.objects[object];
    usage.held_at_least_ns =
        std::max(static_cast<double>(TotalTicks(held)) * s.ns_per_tick,
                 static_cast<double>(usage.stamped.all.total));
  }
}

void LookAtWaitsOfAll(std::span<const Piece> pieces, uint64_t first,
                      uint64_t last, Statistics& s) {
  WaitIntervals all;
  for (const Piece& piece : pieces) {
    all.Append(piece.waits);
    if (piece.wait && piece.wait->object < s.objects.size()) {
      WaitIntervals standing;
      standing.Add(piece.wait->object, piece.wait->since_ticks, UINT64_MAX);
      all.Append(standing);
    }
  }
  for (const auto& [object, intervals] : all.by_object()) {
    if (object < s.objects.size()) {
      s.objects[object].max_waiters = MostOverlapping(intervals);
      s.waited[object] = Union(Clipped(intervals, first, last));
    }
  }
}

// Of all actors but tasks and coroutines, which run on another one.
uint32_t MostRunnable(const log::Recording& recording,
                      std::span<const Piece> pieces, const Statistics& s) {
  std::vector<std::vector<WaitInterval>> idle(recording.actors.size());
  for (const Piece& piece : pieces) {
    std::vector<WaitInterval>& of = idle[piece.actor];
    for (const auto& [all, waits] : piece.idle.by_object()) {
      of.insert(of.end(), waits.begin(), waits.end());
    }
    if (piece.wait) of.push_back({piece.wait->since_ticks, UINT64_MAX});
  }
  std::vector<WaitInterval> runnable;
  for (ActorIndex a = 0; a < idle.size(); ++a) {
    if (log::IsCarried(recording.actors[a].how)) continue;
    const auto left = Without(Union(std::move(idle[a])),
                              s.actors[a].begin_ticks, s.actors[a].last_ticks);
    runnable.insert(runnable.end(), left.begin(), left.end());
  }
  return MostOverlapping(runnable);
}

// Waits that began again at once, where one is in another piece of the stream
// than the other.
void CountRewaitsAcrossPieces(const log::Recording& recording,
                              std::span<const Piece> pieces, Statistics& s) {
  Rewaits before;
  for (const Piece& piece : pieces) {
    const auto& segments = recording.actors[piece.actor].segments;
    if (piece.begins_stream) before = Rewaits();
    if (piece.first != 0 &&
        segments[piece.first].number != segments[piece.first - 1].number + 1) {
      before = Rewaits();
    }
    const auto object = before.Append(piece.rewaits);
    if (object && model::MayFindNothing(recording.objects[*object].kind)) {
      ++s.objects[*object].woken_in_vain;
    }
  }
}

std::vector<ObjectAtSite> SharesOf(const Totals& totals) {
  const auto blocked = totals.blame.LongestBlocked();
  std::vector<ObjectAtSite> shares;
  shares.reserve(totals.shares.size());
  for (const auto& [pair, count] : totals.shares) {
    const auto found = blocked.find(pair);
    shares.push_back({pair.first, pair.second, count,
                      found != blocked.end() ? found->second : 0});
  }
  std::sort(shares.begin(), shares.end(),
            [](const ObjectAtSite& a, const ObjectAtSite& b) {
              return std::tie(a.object, a.site) < std::tie(b.object, b.site);
            });
  return shares;
}

void EstimateObjects(Statistics& s) {
  std::vector<SiteShare> shares;
  size_t next = 0;
  for (ObjectIndex object = 0; object < s.objects.size(); ++object) {
    shares.clear();
    for (; next < s.shares.size() && s.shares[next].object == object; ++next) {
      const ObjectAtSite& share = s.shares[next];
      const Usage& site = s.sites[share.site];
      shares.push_back({share.acquisitions, share.blocked_ns, site.acquisitions,
                        site.hold.moments(), site.stamped});
    }
    ObjectUsage& usage = s.objects[object];
    const HoldEstimate estimate = EstimateHolds(
        usage.acquisitions, usage.hold.moments(), shares, usage.stamped);
    usage.hold_estimate_ns = estimate.total;
    usage.estimate_error_ns =
        estimate.error * static_cast<double>(usage.acquisitions);
  }
}

}  // namespace

Statistics Summarize(const log::Recording& recording,
                     std::span<const Piece> pieces, Totals totals) {
  PlaceBlame(recording, pieces, totals);
  Statistics s;
  s.events = totals.events;
  s.objects = std::move(totals.objects);
  s.sites = std::move(totals.sites);
  s.posts = std::move(totals.posts);
  s.joins = std::move(totals.joins);
  s.ns_per_tick = recording.clock.ns_per_tick;
  const uint64_t last =
      std::max({totals.last_ticks, recording.last_ticks, recording.now_ticks});
  AddActors(recording, pieces, s);
  AddStandingWaits(recording, pieces, totals.last_ticks, totals.blame, s);
  LookAtWaitsOfAll(pieces, totals.first_ticks, last, s);
  FindLeastHeld(pieces, totals.first_ticks, last, s);
  CountRewaitsAcrossPieces(recording, pieces, s);
  s.most_runnable = MostRunnable(recording, pieces, s);
  s.pools = PoolsOf(recording, pieces);
  totals.blame.AddCaused(s);
  s.shares = SharesOf(totals);
  EstimateObjects(s);
  s.exact = totals.full_timing && !totals.other_timing;
  s.blame = totals.blame.Rows(s.exact);
  s.duration_ns = NsBetween(recording, totals.first_ticks, last);
  s.end_ns = NsBetween(recording, recording.clock.start_ticks, last);
  const CpuTime cpu = CpuTimeOf(recording, s.actors);
  s.cpu_ns = cpu.most_ns;
  // The middle, if it is near enough to either end to be called a number.
  constexpr double kNearEnough = 1.25;
  if (s.duration_ns > 0 && cpu.most_ns <= kNearEnough * cpu.least_ns) {
    s.cores_used = (cpu.least_ns + cpu.most_ns) / 2 / s.duration_ns;
  }
  s.sample_interval = static_cast<uint32_t>(
      std::min<uint64_t>(totals.sample_interval, UINT32_MAX));
  return s;
}

}  // namespace lockcheck::analysis
