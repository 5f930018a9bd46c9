#include "lib/analysis/stream_waits.h"

#include <algorithm>

namespace lockcheck::analysis {

using log::BlockRecord;

StreamWaits::For StreamWaits::WhatFor(const BlockRecord& block) const {
  if (block.join) return For::kActorEnd;
  return ids_.CanBeHeld(ids_.Object(block.object)) ? For::kLock : For::kSignal;
}

void StreamWaits::OnBlock(const BlockRecord& block, uint64_t acts) {
  wait_ = OpenWait{
      .block = block, .what = WhatFor(block), .owner_since = block.ticks};
  if (block.join) {
    join_actor_ = block.object;
    join_ = {block.site, block.how};
  }
  if (wait_->what == For::kSignal) BeginSignal(block, acts);
  if (wait_->what != For::kLock) return;
  const ObjectIndex o = ids_.Object(block.object);
  const SiteIndex s = ids_.Site(block.site);
  if (o < totals_.objects.size()) ++totals_.objects[o].contended;
  if (s < totals_.sites.size()) ++totals_.sites[s].contended;
  ++piece_.usage.contended;
}

void StreamWaits::BeginSignal(const BlockRecord& block, uint64_t acts) {
  const ObjectIndex o = ids_.Object(block.object);
  const bool again = piece_.rewaits.Begins(o, ids_.Site(block.site), acts);
  if (again && model::MayFindNothing(ids_.Kind(o))) {
    ++totals_.objects[o].woken_in_vain;
  }
}

// The time since the owner was last seen is this owner's.
void StreamWaits::ChargeOwner(uint64_t ticks) {
  const OpenWait& w = *wait_;
  if (w.what != For::kLock) return;
  if (w.block.owner_site != 0) {
    piece_.kept_waiting.Add(ids_.Object(w.block.object), w.owner_since, ticks);
  }
  const BlameTable::Pair pair = {.object = ids_.Object(w.block.object),
                                 .waiter_site = ids_.Site(w.block.site),
                                 .holder_site = ids_.Site(w.block.owner_site),
                                 .waiter = piece_.actor,
                                 .holder = ids_.Actor(w.block.owner)};
  const uint64_t ns = ids_.Ns(w.owner_since, ticks);
  if (pair.holder != kNone && pair.holder_site == kNone &&
      piece_.unplaced.size() < Piece::kMaxPlaced) {
    piece_.unplaced.push_back({pair, w.owner_since, ns, w.new_owner});
  } else {
    totals_.blame.Charge(pair, ns, w.new_owner);
  }
}

void StreamWaits::OnWake(uint32_t owner, uint32_t owner_site, uint64_t ticks) {
  if (!wait_) return;
  ChargeOwner(ticks);
  OpenWait& w = *wait_;
  const ObjectIndex o = ids_.Object(w.block.object);
  if (w.what == For::kLock && o < totals_.objects.size()) {
    ++totals_.objects[o].woken_in_vain;
  }
  w.new_owner = w.block.owner != owner || w.block.owner_site != owner_site;
  w.block.owner = owner;
  w.block.owner_site = owner_site;
  w.owner_since = std::max(w.owner_since, ticks);
}

void StreamWaits::End(uint64_t ticks) {
  ChargeOwner(ticks);
  const BlockRecord& b = wait_->block;
  const uint64_t ns = ids_.Ns(b.ticks, ticks);
  piece_.usage.blocked_ns += static_cast<double>(ns);
  piece_.idle.Add(0, b.ticks, ticks);
  if (wait_->what != For::kActorEnd) {
    const bool signal = wait_->what == For::kSignal;
    const ObjectIndex o = ids_.Object(b.object);
    const SiteIndex s = ids_.Site(b.site);
    if (o < totals_.objects.size()) {
      totals_.objects[o].AddWait(ns, signal);
      piece_.waits.Add(o, b.ticks, ticks);
    }
    if (s < totals_.sites.size()) totals_.sites[s].AddWait(ns, signal);
    piece_.usage.AddWait(ns, signal);
  } else if (!ids_.IsCarried(b.object)) {
    totals_.joins.Add(ns);
  }
  wait_.reset();
}

std::optional<BlockRecord> StreamWaits::OnUnblock(model::Outcome outcome,
                                                  uint64_t ticks,
                                                  uint64_t acts) {
  if (!wait_) return std::nullopt;
  const OpenWait wait = *wait_;
  End(ticks);
  if (wait.what == For::kLock && outcome == model::Outcome::kAcquired &&
      piece_.placed.size() < Piece::kMaxPlaced) {
    piece_.placed.push_back({ids_.Object(wait.block.object),
                             ids_.Site(wait.block.site), wait.block.ticks,
                             ticks});
  }
  switch (outcome) {
    case model::Outcome::kSignalled:
      piece_.rewaits.Signalled(ids_.Object(wait.block.object),
                               ids_.Site(wait.block.site), acts);
      return std::nullopt;
    case model::Outcome::kAcquired:  // counted by its own record, which follows
      return std::nullopt;
    case model::Outcome::kInterrupted:
      NoteRefused(wait, ticks);
      break;
    case model::Outcome::kTimedOut:
      break;
  }
  return CountGivenUp(wait);
}

// A join that fails is none, but an actor's of its own end.
void StreamWaits::NoteRefused(const OpenWait& wait, uint64_t ticks) {
  const bool own_end =
      wait.block.join && ids_.Actor(wait.block.object) == piece_.actor;
  if (wait.what != For::kLock && !own_end) return;
  if (refused_.emplace(wait.block.object, wait.block.site).second) {
    piece_.refused.push_back(ticks);
  }
}

void StreamWaits::OnJoin(uint32_t actor, uint64_t ticks) {
  if (wait_ && wait_->block.join && wait_->block.object == actor) End(ticks);
}

StreamWaits::Join StreamWaits::TakeJoin(uint32_t actor) {
  const Join join = join_actor_ == actor ? join_ : Join();
  join_actor_ = 0;
  return join;
}

std::optional<BlockRecord> StreamWaits::GiveUp() {
  const OpenWait wait = *wait_;
  wait_.reset();
  return CountGivenUp(wait);
}

std::optional<BlockRecord> StreamWaits::CountGivenUp(const OpenWait& wait) {
  const BlockRecord& block = wait.block;
  if (wait.what == For::kActorEnd) join_actor_ = 0;
  if (wait.what == For::kSignal) return std::nullopt;
  if (wait.what != For::kLock) return block;
  const ObjectIndex o = ids_.Object(block.object);
  const SiteIndex s = ids_.Site(block.site);
  if (o < totals_.objects.size()) ++totals_.objects[o].unmet;
  if (s < totals_.sites.size()) ++totals_.sites[s].unmet;
  ++piece_.usage.unmet;
  return block;
}

void StreamWaits::Keep() const {
  const OpenWait& w = *wait_;
  piece_.wait = Wait{
      .object = ids_.Target(w.block.object, w.block.join),
      .joins = w.block.join,
      .how = w.block.how,
      .mode = w.block.mode,
      .site = ids_.Site(w.block.site),
      .stack = ids_.Stack(w.stack),
      .owner = ids_.Actor(w.block.owner),
      .owner_site = ids_.Site(w.block.owner_site),
      .since_ticks = w.block.ticks,
      .ticket = w.block.ticket,
  };
  piece_.wait_owner_since = w.owner_since;
  piece_.wait_new_owner = w.new_owner;
}

}  // namespace lockcheck::analysis
