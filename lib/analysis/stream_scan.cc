#include "lib/analysis/stream_scan.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "lib/analysis/piece_edges.h"
#include "lib/analysis/stream_records.h"
#include "lib/analysis/tally.h"
#include "lib/log/decode.h"

namespace lockcheck::analysis {

using log::AcquireRecord;
using log::BlockRecord;
using log::ReleaseRecord;

// The first may be in no cycle, and a later one in one.
static constexpr uint32_t kTimedOutOfOnePlace = 16;

StreamScan::StreamScan(const log::Recording& recording, Piece& piece,
                       Totals& totals)
    : piece_(piece),
      totals_(totals),
      ids_(recording, piece.actor),
      waits_(ids_, piece, totals),
      posts_(ids_, piece, totals),
      misuses_(ids_, piece),
      turns_(ids_, recording, piece) {
  open_.reserve(64);
}

// ---- Holds ----

void StreamScan::OnSegment(const log::SegmentHeader& header) {
  totals_.first_ticks = std::min(totals_.first_ticks, header.ticks);
  if (piece_.usage.begin_ticks == 0) piece_.usage.begin_ticks = header.ticks;
  Stamp(header.ticks);
  const size_t count = header.held_count();
  bool same = count == open_.size();
  for (size_t i = 0; same && i < count; ++i) {
    const Acquisition a = trie_.Decode(open_[i].label);
    const log::RawHold held = header.HeldAt(i);
    same = a.object == held.object && a.site == held.site;
  }
  if (same) return;
  // A segment was lost, or the actor inherited its holds over fork.
  open_.clear();
  top_ = HeldTrie::kRoot;
  for (size_t i = 0; i < count; ++i) Hold(header.HeldAt(i));
}

void StreamScan::Hold(const log::RawHold& held) {
  const HeldTrie::Label label = trie_.LabelOf(
      Acquisition{.object = held.object, .site = held.site, .mode = held.mode});
  top_ = trie_.Child(top_, label).id;
  open_.push_back({.node = top_, .label = label, .since = 0, .timed = false});
}

// Locks may be released in any order; those acquired later are then held under
// fewer locks than before.
void StreamScan::Remove(size_t at) {
  open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(at));
  HeldTrie::NodeId above = at == 0 ? HeldTrie::kRoot : open_[at - 1].node;
  for (size_t i = at; i < open_.size(); ++i) {
    above = open_[i].node = trie_.Child(above, open_[i].label).id;
  }
  top_ = Top();
}

void StreamScan::OnReleasedByOther(uint32_t object) {
  ++events_;
  for (size_t i = open_.size(); i-- > 0;) {
    if (trie_.Decode(open_[i].label).object == object) return Remove(i);
  }
}

// A length stands alone: the start may be in a segment that was lost.
void StreamScan::AddHold(const Open& open, const ReleaseRecord& release) {
  const uint64_t end =
      release.timed ? release.end_ticks : open.since + release.length_ticks;
  if (release.timed || open.timed) Stamp(end);
  if (!release.has_length && !open.timed) return;
  const Acquisition a = trie_.Decode(open.label);
  AddHold(a.object, a.site, open.since, end);
}

// Holds are added many at a time: which histogram is next cannot be known, and
// in one loop the processor waits for several of them at once.
void StreamScan::AddHold(uint32_t object, uint32_t site, uint64_t start,
                         uint64_t end) {
  kept_holds_[kept_count_++] = {ids_.Object(object), ids_.Site(site),
                                ids_.Ns(start, end)};
  if (kept_count_ == kept_holds_.size()) AddKeptHolds();
}

void StreamScan::AddKeptHolds() {
  const std::span<const KeptHold> kept(kept_holds_.data(), kept_count_);
  for (const KeptHold& h : kept) {
    if (h.object < totals_.objects.size())
      totals_.objects[h.object].hold.Add(h.ns);
  }
  for (const KeptHold& h : kept) {
    if (h.site < totals_.sites.size()) totals_.sites[h.site].hold.Add(h.ns);
    piece_.usage.hold.Add(h.ns);
  }
  kept_count_ = 0;
}

void StreamScan::NotePhase(HeldTrie::Node& node) {
  node.last_phase = phase_;
  phases_.Add(node.id, phase_);
}

void StreamScan::NoteSection(uint32_t object, uint32_t site,
                             std::optional<uint64_t> sampled_ticks) {
  const auto since = stamped_.Begin(object);
  if (!since) return;
  stamped_.Released(object, events_,
                    {.site = site,
                     .since = *since,
                     .until = 0,
                     .sampled_ticks = sampled_ticks});
}

void StreamScan::NoteRelease(const Open& open, const ReleaseRecord& r) {
  const Acquisition a = trie_.Decode(open.label);
  std::optional<uint64_t> sampled;
  if (r.has_length) sampled = r.length_ticks;
  if (r.timed && open.timed) sampled = r.end_ticks - open.since;
  stamped_.Released(a.object, events_,
                    {.site = a.site,
                     .since = *open.waited_until,
                     .until = 0,
                     .sampled_ticks = sampled});
}

void StreamScan::AddStamped(ObjectIndex object,
                            const StampedHolds::Hold& hold) {
  StampedTimes times;
  if (hold.sampled_ticks) {
    times.sampled.Add(ids_.Ns(0, *hold.sampled_ticks));
    times.all = times.sampled;
  } else {
    times.all.Add(ids_.Ns(hold.since, hold.until));
  }
  totals_.objects[object].stamped += times;
  piece_.kept_waiting.Add(object, hold.since, hold.until);
  const SiteIndex site = ids_.Site(hold.site);
  if (site < totals_.sites.size()) totals_.sites[site].stamped += times;
  piece_.usage.stamped += times;
}

void StreamScan::OnSawWaiters(uint32_t object, uint64_t ticks) {
  Stamp(ticks);
  const ObjectIndex o = ids_.Object(object);
  if (o >= totals_.objects.size()) return;
  ++totals_.objects[o].found_waiters;
  piece_.ends_seen.Add(o, ticks, ticks + 1);
  if (const auto hold = stamped_.Ended(object, events_, ticks)) {
    AddStamped(o, *hold);
  }
}

void StreamScan::OnTryFailed(uint32_t object, uint32_t site, model::How how) {
  ++events_;
  const ObjectIndex o = ids_.Object(object);
  const SiteIndex s = ids_.Site(site);
  if (o < totals_.objects.size()) ++totals_.objects[o].try_failed;
  if (s < totals_.sites.size()) ++totals_.sites[s].try_failed;
  ++piece_.usage.try_failed;
  // With locks held it would be a dependency, and a try makes none.
  if (!open_.empty()) return;
  Count(trie_.Child(
      top_, trie_.LabelOf(Acquisition{
                .object = object, .site = site, .how = how, .failed = true})));
}

// ---- Waits ----

void StreamScan::OnBlock(const BlockRecord& block) {
  ++events_;
  ++wait_events_;
  Stamp(block.ticks);
  waits_.OnBlock(block, Acts());
  turns_.OnBlock(block);
  if (!open_.empty() && ids_.IsOutside(ids_.Object(block.object))) {
    AddGivenUp(block);
  }
}

void StreamScan::OnWake(uint32_t owner, uint32_t owner_site, uint64_t ticks) {
  ++events_;
  ++wait_events_;
  Stamp(ticks);
  waits_.OnWake(owner, owner_site, ticks);
}

void StreamScan::OnUnblock(model::Outcome outcome, uint64_t ticks) {
  ++events_;
  ++wait_events_;
  Stamp(ticks);
  const auto lock = waits_.lock();
  if (lock && outcome == model::Outcome::kAcquired) {
    stamped_.Acquired(*lock, ticks);
  }
  if (const auto request = waits_.OnUnblock(outcome, ticks, Acts())) {
    AddGivenUp(*request);
    if (outcome == model::Outcome::kTimedOut) NoteTimedOut(*request, ticks);
  }
}

// The request was made, and nothing was acquired.
void StreamScan::AddGivenUp(const BlockRecord& block) {
  Count(trie_.Child(top_, trie_.LabelOf(Acquisition{.object = block.object,
                                                    .site = block.site,
                                                    .how = block.how,
                                                    .mode = block.mode,
                                                    .joins = block.join,
                                                    .failed = true})));
}

// With nothing held nobody waits for its actor.
void StreamScan::NoteTimedOut(const BlockRecord& block, uint64_t ticks) {
  if (open_.empty()) return;
  uint32_t& before = timed_out_[{block.object, block.site}];
  if (before++ < kTimedOutOfOnePlace) piece_.timed_out.push_back(ticks);
}

// ---- Actors ----

void StreamScan::NextPhase(bool fork, ActorIndex other, SiteIndex site,
                           uint64_t ticks) {
  piece_.steps.push_back({.fork = fork,
                          .other = other,
                          .phase = phase_,
                          .site = site,
                          .ticks = ticks});
  ++phase_;
}

void StreamScan::OnFork(uint32_t child, uint64_t ticks) {
  ++events_;
  Stamp(ticks);
  NextPhase(true, ids_.Actor(child), kNone, ticks);
}

void StreamScan::OnBegin(log::BeginHow, uint32_t, uint32_t, uint64_t ticks) {
  ++events_;
  Stamp(ticks);
}

void StreamScan::OnJoin(uint32_t actor, uint64_t ticks) {
  ++events_;
  Stamp(ticks);
  waits_.OnJoin(actor, ticks);
  CloseWait();
  const StreamWaits::Join join = waits_.TakeJoin(actor);
  Count(trie_.Child(top_, trie_.LabelOf(Acquisition{.object = actor,
                                                    .site = join.site,
                                                    .how = join.how,
                                                    .joins = true})));
  NextPhase(false, ids_.Actor(actor), ids_.Site(join.site), ticks);
}

void StreamScan::OnEnd(uint64_t ticks, uint64_t, uint32_t, uint32_t) {
  ++events_;
  Stamp(ticks);
  piece_.ended = true;
}

void StreamScan::OnExit(uint64_t ticks, uint64_t, uint64_t, uint32_t,
                        uint32_t) {
  ++events_;
  Stamp(ticks);
  piece_.exited = true;
}

void StreamScan::OnDestroy(uint32_t) { ++events_; }

void StreamScan::OnMisuse(model::Misuse misuse, uint32_t object, uint32_t site,
                          uint32_t owner, uint32_t stack, uint64_t ticks) {
  ++events_;
  Stamp(ticks);
  misuses_.OnMisuse(misuse, object, site, owner, stack, ticks);
}

void StreamScan::OnNote(log::NoteKind kind, uint64_t value) {
  if (kind == log::NoteKind::kTiming) {
    (value == 2 ? totals_.full_timing : totals_.other_timing) = true;
  } else if (kind == log::NoteKind::kSampleInterval) {
    totals_.sample_interval = std::max(totals_.sample_interval, value);
  } else if (kind == log::NoteKind::kLive) {
    piece_.is_live = true;
  } else if (kind == log::NoteKind::kQuiescent) {
    piece_.quiescent = std::max(piece_.quiescent, value);
  } else if (kind == log::NoteKind::kQuiescentAcross) {
    piece_.quiescent_across = std::max(piece_.quiescent_across, value);
  } else if (kind == log::NoteKind::kStarved) {
    piece_.starved.push_back({ids_.Actor(static_cast<uint32_t>(value)),
                              ids_.Object(static_cast<uint32_t>(value >> 32))});
  } else if (kind == log::NoteKind::kLeft) {
    piece_.left_then.push_back(ids_.Actor(static_cast<uint32_t>(value)));
  } else if (kind == log::NoteKind::kNobodyResumes) {
    piece_.left.push_back({value, std::exchange(piece_.left_then, {})});
  } else if (kind == log::NoteKind::kElsewhere) {
    piece_.elsewhere.push_back(
        {ids_.Actor(static_cast<uint32_t>(value)),
         ids_.Actor(static_cast<uint32_t>(value >> 32))});
  } else if (kind == log::NoteKind::kOwnerDied) {
    OwnerDeath death;
    death.owner = ids_.Actor(static_cast<uint32_t>(value >> 32));
    death.object = ids_.Object(static_cast<uint32_t>(value));
    death.next = piece_.actor;
    death.ticks = stamp_;
    piece_.owner_deaths.push_back(death);
    told_of_death_ = true;
  } else if (StreamTurns::IsAbout(kind)) {
    turns_.OnNote(kind, value, stamp_, Held());
  }
}

std::vector<analysis::Hold> StreamScan::Held() const {
  std::vector<analysis::Hold> held;
  for (const Open& open : open_) {
    held.push_back(HoldOf(trie_, open.label, ids_));
  }
  return held;
}

// The acquisition behind the note.
void StreamScan::NoteNextOwner(const AcquireRecord& a) {
  told_of_death_ = false;
  // In a damaged log it may be another one.
  if (piece_.owner_deaths.empty()) return;
  OwnerDeath& death = piece_.owner_deaths.back();
  if (death.object == ids_.Object(a.object)) {
    death.next_site = ids_.Site(a.site);
  }
}

// ---- The end of the piece ----

void StreamScan::Finish() {
  if (piece_.ends_stream) {
    TakeEndState();
  } else {
    CloseWait();  // the next piece begins afresh
  }
  AddKeptHolds();
  piece_.rewaits.Finish(Acts());
  Tally(trie_, phases_, ids_, piece_, totals_);
  totals_.events += events_;
  totals_.last_ticks = std::max(totals_.last_ticks, stamp_);
  piece_.usage.last_ticks = stamp_;
}

void StreamScan::TakeEndState() {
  for (const Open& open : open_) {
    piece_.held.push_back(
        {.hold = HoldOf(trie_, open.label, ids_), .not_before = open.since});
  }
  if (!waits_.open()) return;
  waits_.Keep();
  CloseWait();
}

void ScanPiece(const log::Recording& recording, Piece& piece, Totals& totals,
               void (*read)(void* data), void* data) {
  StreamScan scan(recording, piece, totals);
  const auto& segments = recording.actors[piece.actor].segments;
  if (piece.first != 0 &&
      segments[piece.first].number == segments[piece.first - 1].number + 1) {
    const auto wait = WaitAtEnd(segments[piece.first - 1]);
    if (wait) scan.GoesOnWith(wait->object, wait->ticks);
  }
  for (size_t i = piece.first; i < piece.last; ++i) {
    if (i > piece.first && segments[i].number != segments[i - 1].number + 1) {
      scan.LoseTrack();
    }
    log::DecodeSegment(segments[i].words, scan);
    read(data);
  }
  if (piece.last < segments.size()) {
    scan.GoesOnAt(BeginTicks(segments[piece.last]));
  }
  scan.Finish();
}

}  // namespace lockcheck::analysis
