// The waits of one piece of an actor's stream: from the record that begins each
// to the one that ends it, measured and charged to those who held the lock.
//
// Problem: a wait may end well, in vain, or with its end lost; it may see
// several owners, stand at the log's end, or be for an actor's end instead of a
// lock, or for a signal. Here is what it costs; what was asked for, and under
// which locks, is the scan's business, so what came to nothing is handed back
// to it.
//
// Thread safety: none; writes to its piece and to its thread's totals.
#ifndef LOCKCHECK_LIB_ANALYSIS_STREAM_WAITS_H_
#define LOCKCHECK_LIB_ANALYSIS_STREAM_WAITS_H_

#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "lib/analysis/piece.h"
#include "lib/analysis/raw_ids.h"
#include "lib/log/decode.h"
#include "lib/model/primitives.h"

namespace lockcheck::analysis {

class StreamWaits {
 public:
  // All three outlive it.
  StreamWaits(const RawIds& ids, Piece& piece, Totals& totals)
      : ids_(ids), piece_(piece), totals_(totals) {}

  bool open() const { return wait_.has_value(); }
  // Raw id of the lock that is waited for, if one is.
  std::optional<uint32_t> lock() const {
    return wait_ && wait_->what == For::kLock
               ? std::optional(wait_->block.object)
               : std::nullopt;
  }

  // None may be open. `acts`: of the actor, see Rewaits.
  void OnBlock(const log::BlockRecord& block, uint64_t acts);
  void OnWake(uint32_t owner, uint32_t owner_site, uint64_t ticks);
  void OnWaitStack(uint32_t stack) {
    if (wait_) wait_->stack = stack;
  }
  // The request for a lock or an actor's end that came to nothing, if one did.
  std::optional<log::BlockRecord> OnUnblock(model::Outcome outcome,
                                            uint64_t ticks, uint64_t acts);
  // Ends the wait for that actor, if it is open.
  void OnJoin(uint32_t actor, uint64_t ticks);
  // How and where the actor that was just joined was waited for; a join's wait
  // says so, the join itself does not. Forgets it.
  struct Join {
    uint32_t site = 0;  // 0: not known
    model::How how = model::How::kBlocking;
  };
  Join TakeJoin(uint32_t actor);

  // The open wait was given up, or its end was lost: the request, as above.
  std::optional<log::BlockRecord> GiveUp();
  // The open wait stands at the log's end: into the piece.
  void Keep() const;

 private:
  // What a wait is for. One for a signal (nothing can be held of its object) is
  // measured like one for a lock, but it is no contention, nobody is to blame
  // for it and it asks for nothing that others could hold.
  enum class For : uint8_t { kLock, kSignal, kActorEnd };
  struct OpenWait {
    log::BlockRecord block;
    For what = For::kLock;
    uint32_t stack = 0;
    uint64_t owner_since = 0;
    bool new_owner = true;  // its share is not yet counted as a wait
  };

  void ChargeOwner(uint64_t ticks);
  void NoteRefused(const OpenWait& wait, uint64_t ticks);
  void End(uint64_t ticks);
  For WhatFor(const log::BlockRecord& block) const;
  void BeginSignal(const log::BlockRecord& block, uint64_t acts);
  std::optional<log::BlockRecord> CountGivenUp(const OpenWait& wait);

  const RawIds& ids_;
  Piece& piece_;
  Totals& totals_;
  std::optional<OpenWait> wait_;
  std::set<std::pair<uint32_t, uint32_t>> refused_;  // object and site
  uint32_t join_actor_ = 0;
  Join join_;  // of that actor
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_STREAM_WAITS_H_
