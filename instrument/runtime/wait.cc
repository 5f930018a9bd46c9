#include "instrument/runtime/wait.h"

#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/plain.h"
#include "instrument/runtime/plain_shared.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "lib/model/primitives.h"

namespace lockcheck::runtime {
namespace {

using log::Op;

struct Wait {
  Thread* t;
  const LockRequest& request;
  uint32_t site;
  bool long_wait = false;
};

// Of several readers, one.
uint32_t SomeOwner(const LockRequest& request) {
  const LockState& lock = *request.lock;
  const uint32_t owner = Owner(lock);
  if (owner != 0 || !IsShared(request.kind)) return owner;
  const auto& shared = static_cast<const SharedState&>(lock);
  const uint32_t word = lock.word.load(std::memory_order_relaxed);
  return word & internal::kReading
             ? shared.last_reader.load(std::memory_order_relaxed)
             : 0;
}

uint32_t OwnersSite(const LockRequest& request) {
  return SiteOfTag(request.lock->holder_site.load(std::memory_order_relaxed));
}

void WriteBlock(const Wait& w) {
  Record r = Begin(w.t, 8);
  r.Word(ObjectId(*w.request.lock)).Word(w.site);
  r.Word(SomeOwner(w.request)).Word(OwnersSite(w.request));
  r.U64(Ticks());
  r.End(Op::kBlock, static_cast<uint32_t>(w.request.how) |
                        (w.request.reads ? log::kBlockSharedBit : 0u));
}

void WriteWake(const Wait& w, uint32_t owner) {
  Begin(w.t, 6)
      .Word(owner)
      .Word(OwnersSite(w.request))
      .U64(Ticks())
      .End(Op::kWake);
}

void WriteWaitStack(Wait& w) {
  w.long_wait = true;
  const uint32_t stack = RecordStack(
      w.t, {log::StackReason::kWait, ObjectId(*w.request.lock), w.site, 0, 0},
      w.request.slot, w.request.caller);
  Begin(w.t, 2).Word(stack).End(Op::kWaitStack);
}

Round OneRound(const Wait& w, const Deadline* deadline) {
  LockState& lock = *w.request.lock;
  const uint32_t me = w.t->hot.actor;
  return IsShared(w.request.kind) ? SharedRound(static_cast<SharedState&>(lock),
                                                w.request.reads, me, deadline)
                                  : WaitRound(lock, me, deadline);
}

bool GiveUp(const Wait& w, Round round) {
  LockState& lock = *w.request.lock;
  const uint32_t me = w.t->hot.actor;
  return IsShared(w.request.kind)
             ? LastSharedTry(static_cast<SharedState&>(lock), w.request.reads,
                             me, round)
             : LastTry(lock, me, round);
}

bool SleepUntilTaken(Wait& w) {
  const Deadline* const deadline = w.request.deadline;
  const Deadline look = Soon(kLongWaitNs);
  while (true) {
    const bool first = !w.long_wait && IsBefore(look, deadline);
    Leave(w.t);
    const Round round = OneRound(w, first ? &look : deadline);
    BeginBusy(w.t);
    if (round == Round::kTaken) return true;
    if (deadline != nullptr && HasPassed(*deadline)) return GiveUp(w, round);
    if (first && HasPassed(look)) {
      WriteWaitStack(w);
    } else if (const uint32_t owner = SomeOwner(w.request);
               round == Round::kWoken && owner != 0) {
      WriteWake(w, owner);
    }
  }
}

}  // namespace

bool RecordedWait(Thread* t, const LockRequest& request, uint32_t site) {
  Wait w{t, request, site};
  WriteBlock(w);
  const bool taken = SleepUntilTaken(w);
  Record r = Begin(t, 4);
  r.U64(Ticks());
  r.End(Op::kUnblock, static_cast<uint32_t>(taken ? model::Outcome::kAcquired
                                                  : model::Outcome::kTimedOut));
  return taken;
}

}  // namespace lockcheck::runtime
