// One actor's records, one after the other: what of them is in its piece.
//
// Problem: a log has a hundred million records, and nearly all of them are
// sections of locks. So their way, from the decoder into a count at a node of a
// trie, is inline and without an allocation; all that is rarer is in
// stream_scan.cc or in a class of its own.
//
// Thread safety: none; two may be at work on two pieces.
#ifndef LOCKCHECK_LIB_ANALYSIS_STREAM_RECORDS_H_
#define LOCKCHECK_LIB_ANALYSIS_STREAM_RECORDS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/held_trie.h"
#include "lib/analysis/phase_lists.h"
#include "lib/analysis/piece.h"
#include "lib/analysis/raw_ids.h"
#include "lib/analysis/stamped_holds.h"
#include "lib/analysis/stream_misuses.h"
#include "lib/analysis/stream_posts.h"
#include "lib/analysis/stream_scan.h"
#include "lib/analysis/stream_turns.h"
#include "lib/analysis/stream_waits.h"
#include "lib/log/decode.h"
#include "lib/log/recording.h"

namespace lockcheck::analysis {

class StreamScan final : public log::RecordVisitor {
 public:
  StreamScan(const log::Recording& recording, Piece& piece, Totals& totals);

  // ---- Records ----
  void OnSegment(const log::SegmentHeader& header);
  void OnAct() { CloseWait(); }
  void OnSection(uint32_t object, uint32_t site) {
    events_ += 2;
    if (stamped_.waited()) [[unlikely]]
      NoteSection(object, site);
    Count(trie_.Child(top_, HeldTrie::LabelOf(object, site)));
  }
  void OnSection(const log::AcquireRecord& a, const log::ReleaseRecord& r) {
    events_ += 2;
    HeldTrie::Node& node = trie_.Child(top_, LabelOf(a));
    node.handovers += a.handed_over;
    Count(node);
    const bool timed = a.timed && r.timed;
    if (told_of_death_) [[unlikely]]
      NoteNextOwner(a);
    if (stamped_.waited()) [[unlikely]] {
      NoteSection(
          a.object, a.site,
          timed ? std::optional(r.end_ticks - a.start_ticks) : std::nullopt);
    }
    if (timed) {
      Stamp(r.end_ticks);
      AddHold(a.object, a.site, a.start_ticks, r.end_ticks);
    }
  }
  void OnAcquire(const log::AcquireRecord& a) {
    ++events_;
    const HeldTrie::Label label = LabelOf(a);
    HeldTrie::Node& node = trie_.Child(top_, label);
    node.handovers += a.handed_over;
    Count(node);
    if (a.timed) Stamp(a.start_ticks);
    if (told_of_death_) [[unlikely]]
      NoteNextOwner(a);
    top_ = node.id;
    open_.push_back({.node = top_,
                     .label = label,
                     .since = a.timed ? a.start_ticks : stamp_,
                     .timed = a.timed});
    if (stamped_.waited()) [[unlikely]] {
      open_.back().waited_until = stamped_.Begin(a.object);
    }
  }
  void OnRelease(const log::ReleaseRecord& r) {
    ++events_;
    if (r.depth >= open_.size()) [[unlikely]] {
      ++totals_.bad_releases;
      return;
    }
    const size_t at = open_.size() - 1 - r.depth;
    if (open_[at].waited_until) [[unlikely]]
      NoteRelease(open_[at], r);
    if (r.timed || r.has_length) AddHold(open_[at], r);
    if (r.depth == 0) {
      open_.pop_back();
      top_ = Top();
    } else {
      Remove(at);
    }
  }
  void OnReleasedByOther(uint32_t object);
  void OnPost(const log::PostRecord& post) {
    ++events_;
    posts_.OnPost(post, stamp_);
  }
  void OnTake(const log::TakeRecord& take) { posts_.OnTake(take, stamp_); }
  void OnAccess(const log::AccessRecord&) { ++events_; }
  void OnSawWaiters(uint32_t object, uint64_t ticks);
  void OnTryFailed(uint32_t object, uint32_t site, model::How how);
  void OnBlock(const log::BlockRecord& block);
  void OnWake(uint32_t owner, uint32_t owner_site, uint64_t ticks);
  void OnUnblock(model::Outcome outcome, uint64_t ticks);
  void OnWaitStack(uint32_t stack) { waits_.OnWaitStack(stack); }
  void OnFork(uint32_t child, uint64_t ticks);
  void OnBegin(log::BeginHow how, uint32_t parent, uint32_t tid,
               uint64_t ticks);
  void OnJoin(uint32_t actor, uint64_t ticks);
  void OnEnd(uint64_t ticks, uint64_t cpu_ns, uint32_t voluntary,
             uint32_t involuntary);
  void OnDestroy(uint32_t object);
  void OnMisuse(model::Misuse misuse, uint32_t object, uint32_t site,
                uint32_t owner, uint32_t stack, uint64_t ticks);
  void OnExit(uint64_t ticks, uint64_t monotonic_ns, uint64_t process_cpu_ns,
              uint32_t voluntary, uint32_t involuntary);
  void OnNote(log::NoteKind kind, uint64_t value);
  void NoteNextOwner(const log::AcquireRecord& a);

  // Before a segment that does not continue the one before it.
  void LoseTrack() {
    CloseWait();
    stamped_ = StampedHolds();
    piece_.rewaits.LoseTrack();
  }
  // The piece before ended with the end of a wait for that lock.
  void GoesOnWith(uint32_t lock, uint64_t ticks) {
    stamped_.Acquired(lock, ticks);
  }
  // The stream goes on in another piece, and has its next stamp there.
  void GoesOnAt(uint64_t ticks) {
    if (posts_.pending()) posts_.Stamped(ticks);
  }
  // After the last record.
  void Finish();

 private:
  struct Open {
    HeldTrie::NodeId node;
    HeldTrie::Label label;
    uint64_t since;  // ticks: the start if timed, else some time before it
    bool timed;
    std::optional<uint64_t> waited_until = {};  // ticks: it began then
  };
  struct KeptHold {
    ObjectIndex object;
    SiteIndex site;
    uint64_t ns;
  };

  // ---- The fast path's parts ----
  HeldTrie::NodeId Top() const {
    return open_.empty() ? HeldTrie::kRoot : open_.back().node;
  }
  HeldTrie::Label LabelOf(const log::AcquireRecord& a) {
    return trie_.LabelOf(Acquisition{.object = a.object,
                                     .site = a.site,
                                     .group = a.group,
                                     .how = a.how,
                                     .mode = a.mode});
  }
  void Count(HeldTrie::Node& node) {
    ++node.count;
    if (node.last_phase != phase_) [[unlikely]] {
      NotePhase(node);
    }
  }
  // A wait that is still open was given up, or its end was lost.
  void CloseWait() {
    if (waits_.open()) [[unlikely]] {
      if (const auto request = waits_.GiveUp()) AddGivenUp(*request);
    }
  }
  // But those of waits.
  uint64_t Acts() const { return events_ - wait_events_ + posts_.takes(); }
  void Stamp(uint64_t ticks) {
    stamp_ = std::max(stamp_, ticks);
    if (posts_.pending()) [[unlikely]]
      posts_.Stamped(stamp_);
  }

  void NotePhase(HeldTrie::Node& node);
  void NextPhase(bool fork, ActorIndex other, SiteIndex site, uint64_t ticks);
  void Remove(size_t at);
  void Hold(const log::RawHold& held);
  void AddHold(const Open& open, const log::ReleaseRecord& release);
  void AddHold(uint32_t object, uint32_t site, uint64_t start, uint64_t end);
  void AddKeptHolds();
  void NoteSection(uint32_t object, uint32_t site,
                   std::optional<uint64_t> sampled_ticks = {});
  void NoteRelease(const Open& open, const log::ReleaseRecord& release);
  void AddStamped(ObjectIndex object, const StampedHolds::Hold& hold);
  void AddGivenUp(const log::BlockRecord& block);
  void NoteTimedOut(const log::BlockRecord& block, uint64_t ticks);

  std::vector<analysis::Hold> Held() const;

  // ---- At the end ----
  void TakeEndState();

  Piece& piece_;
  Totals& totals_;
  const RawIds ids_;

  HeldTrie trie_;
  HeldTrie::NodeId top_ = HeldTrie::kRoot;
  uint32_t phase_ = 0;
  uint64_t events_ = 0, wait_events_ = 0;
  uint64_t stamp_ = 0;
  bool told_of_death_ = false;  // and the acquisition is to follow
  std::vector<Open> open_;
  StampedHolds stamped_;
  StreamWaits waits_;
  StreamPosts posts_;
  StreamMisuses misuses_;
  StreamTurns turns_;
  std::array<KeptHold, 64> kept_holds_;
  size_t kept_count_ = 0;
  PhaseLists phases_;
  absl::flat_hash_map<std::pair<uint32_t, uint32_t>, uint32_t> timed_out_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_STREAM_RECORDS_H_
