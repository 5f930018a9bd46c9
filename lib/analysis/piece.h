// What the scan of a part of the log leaves behind: a Piece for every part of
// an actor's stream, Totals for every thread.
//
// A stream is cut only where its actor holds nothing and waits for nothing, so
// the pieces need nothing from each other but the number of phases before them.
// Thread safety: none; no two threads share either.
#ifndef LOCKCHECK_LIB_ANALYSIS_PIECE_H_
#define LOCKCHECK_LIB_ANALYSIS_PIECE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/blame.h"
#include "lib/analysis/observations.h"
#include "lib/analysis/post_statistics.h"
#include "lib/analysis/rewait.h"
#include "lib/analysis/statistics.h"
#include "lib/analysis/wait_overlap.h"
#include "lib/log/recording.h"

namespace lockcheck::analysis {

// Sums over all that one thread of the scan has read.
struct Totals {
  explicit Totals(const log::Recording& recording)
      : objects(recording.objects.size()), sites(recording.sites.size()) {}
  void Merge(const Totals& other);

  uint64_t events = 0;
  uint64_t first_ticks = UINT64_MAX, last_ticks = 0;
  std::vector<ObjectUsage> objects;
  std::vector<Usage> sites;
  // How often an object was acquired at a site.
  absl::flat_hash_map<std::pair<ObjectIndex, SiteIndex>, uint64_t> shares;
  BlameTable blame;
  PostTable posts;
  Histogram joins;                                 // see Statistics
  bool full_timing = false, other_timing = false;  // kTiming notes seen
  uint64_t sample_interval = 0;
  uint64_t bad_releases = 0;   // of a hold that is not there
  uint64_t unknown_ids = 0;    // records of an object that has no entry
  uint64_t cut_held_sets = 0;  // see tally.h
};

struct HeldAtEnd {
  Hold hold;
  uint64_t not_before = 0;  // ticks: acquired then or later
};

struct MisuseSeen {
  MisuseEvent event;
  uint64_t last_ticks = 0;
};

struct PhaseStep {  // the actor's phase `phase` ended with it
  bool fork = false;
  ActorIndex other = kNone;
  uint32_t phase = 0;
  SiteIndex site = kNone;  // of a join, if it is known
  uint64_t ticks = 0;
};

// Somebody waited for an owner that had been given the object and had not yet
// said where it takes it.
struct UnplacedBlame {
  BlameTable::Pair pair;
  uint64_t at = 0;  // ticks
  uint64_t ns = 0;
  bool new_wait = false;
};

// A wait for a lock that ended by having it.
struct PlacedWait {
  ObjectIndex object = kNone;
  SiteIndex site = kNone;
  uint64_t begin = 0, end = 0;  // ticks
};

// What a piece found. Phases count from the piece's beginning.
struct Piece {
  ActorIndex actor = kNone;
  size_t first = 0, last = 0;  // segments [first, last)
  bool begins_stream = false, ends_stream = false;

  std::vector<Dependency> dependencies;
  std::vector<Request> requests;
  std::vector<PhaseStep> steps;
  std::vector<MisuseSeen> misuses;
  absl::flat_hash_map<ObjectIndex, Notification> notifications;
  std::vector<ObjectIndex> acquired;  // distinct
  WaitIntervals waits;
  WaitIntervals idle;  // all waits, for actors' ends too, as if of one object
  // Of these waits, for locks, the parts with an owner whose hold had begun,
  // and holds that waits show (stamped_holds.h); and when releases of the actor
  // saw waiters (one tick each).
  WaitIntervals kept_waiting, ends_seen;
  // Of both no more than kMaxPlaced.
  std::vector<UnplacedBlame> unplaced;
  std::vector<PlacedWait> placed;
  static constexpr size_t kMaxPlaced = 16 * 1024;
  std::vector<uint64_t> refused;  // ticks: requests that had closed a deadlock
  std::vector<uint64_t> timed_out;  // ticks: requests with something held
  // Coroutines that nobody was left to resume, and when that was.
  struct Left {
    uint64_t ticks = 0;
    std::vector<ActorIndex> coroutines;
  };
  std::vector<Left> left;
  std::vector<ActorIndex> left_then;  // until the moment is known
  ActorUsage usage;
  std::vector<HeldAtEnd> held;
  std::optional<Wait> wait;
  Rewaits rewaits;
  ObjectIndex slot_of = kNone;    // the pool whose slot the actor took
  uint64_t quiescent = 0;         // ticks of the last such note; 0: none
  uint64_t quiescent_across = 0;  // of the last kQuiescentAcross
  std::vector<Starved> starved;
  std::vector<Elsewhere> elsewhere;
  std::vector<OwnerDeath> owner_deaths;  // told to the actor
  // Of a coroutine.
  std::vector<HeldAcrossAwait> held_across;
  std::vector<ThreadKept> thread_kept;
  std::vector<ThreadBlocked> blocked_thread;
  SiteIndex awaits = kNone;           // where that was last
  std::vector<NoCarrier> no_carrier;  // of whoever said so
  bool is_live = false;               // NoteKind::kLive
  // Of that wait: since when its owner was seen, in ticks, and whether that
  // owner's share of it is not counted as a wait yet.
  uint64_t wait_owner_since = 0;
  bool wait_new_owner = true;
  bool ended = false, exited = false;
};

// How many locks the segment says are held before its first record.
size_t HeldCount(const log::Segment& segment);

// Nothing is held before the segment's first record and no wait or join that
// began earlier goes on in it.
bool BeginsAfresh(const log::Segment& segment);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_PIECE_H_
