#include "instrument/runtime/condition.h"

#include <errno.h>

#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/misuse.h"
#include "instrument/runtime/objects.h"
#include "instrument/runtime/plain.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/wait.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {

using internal::ConditionKind;
using internal::ConditionState;
using log::Op;

static_assert(static_cast<uint8_t>(ConditionKind::kConditionVariable) ==
              static_cast<uint8_t>(model::ObjectKind::kConditionVariable));

namespace {

uint32_t IdOf(Thread* t, ConditionState& c, ConditionKind kind, uint32_t site) {
  if (c.tag.load(std::memory_order_relaxed) == 0) {
    RegisterObject(t, c.tag,
                   {static_cast<model::ObjectKind>(kind), site, &c, c.file,
                    c.line, c.name});
  }
  return c.tag.load(std::memory_order_relaxed) >> 3;
}

void WriteBlock(Thread* t, const ConditionWait& wait) {
  Begin(t, 9)
      .Word(wait.waiter->object)
      .Word(wait.waiter->site)
      .Word(0)
      .Word(0)
      .U64(Ticks())
      .Word(wait.waiter->ticket)
      .End(Op::kBlock, static_cast<uint32_t>(wait.deadline == nullptr
                                                 ? model::How::kBlocking
                                                 : model::How::kTimed));
}

// Nobody in particular has to end it: it is no part of a deadlock of locks.
void BeginWait(Thread* t, const ConditionWait& wait) {
  Wanted wanted{};
  wanted.site = wait.waiter->site;
  wanted.timed = wait.deadline != nullptr;
  BeginWaiting(t, wanted);
  WriteBlock(t, wait);
}

void WriteWaitStack(Thread* t, const ConditionWait& wait) {
  const uint32_t stack = RecordStack(
      t,
      {log::StackReason::kWait, wait.waiter->object, wait.waiter->site, 0, 0},
      wait.slot, wait.caller);
  Begin(t, 2).Word(stack).End(Op::kWaitStack);
}

}  // namespace

void DoPrepareWait(ConditionState& condition, ConditionKind kind,
                   internal::Waiter& waiter, internal::SiteSlot* slot,
                   internal::Caller caller) {
  const KeepErrno keep_errno;
  if (Thread* const t = Enter()) {
    waiter.site = SiteId(t, slot, caller);
    waiter.object = IdOf(t, condition, kind, waiter.site);
    Leave(t);
  }
}

bool DoConditionWait(const ConditionWait& wait) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  bool looked = false;
  if (t == nullptr) {
    const bool signalled = SleepInQueue(wait, nullptr, &looked);
    return signalled;
  }
  ReadyToWait(t);
  BeginWait(t, wait);
  const Deadline look = Soon(kLongWaitNs);
  uint32_t actor = t->hot.actor;
  Leave(t);
  bool signalled = SleepInQueue(wait, &look, &looked);
  if (looked) {
    if (Resume(t, actor)) BeginWait(t, wait);
    actor = t->hot.actor;
    if (!t->live) WriteWaitStack(t, wait);
    Leave(t);
    signalled = SleepInQueue(wait, nullptr, &looked);
  }
  if (Resume(t, actor)) BeginWait(t, wait);
  EndWaiting(t);
  Begin(t, 4).U64(Ticks()).End(
      Op::kUnblock,
      static_cast<uint32_t>(signalled ? model::Outcome::kSignalled
                                      : model::Outcome::kTimedOut));
  t->after_wait = t->hot.cursor;
  Leave(t);
  return signalled;
}

void DoNotify(ConditionState& condition, ConditionKind kind, model::Post post,
              const Notified& notified, internal::SiteSlot* slot,
              internal::Caller caller) {
  const KeepErrno keep_errno;
  if (Thread* const t = Enter()) {
    const uint32_t site = SiteId(t, slot, caller);
    const uint32_t object = IdOf(t, condition, kind, site);
    Begin(t, 6)
        .Word(object)
        .Word(site)
        .Word(notified.first)
        .Word(notified.count)
        .Word(notified.next_ticket)
        .End(Op::kPost, static_cast<uint32_t>(post));
    Leave(t);
  }
}

void DoDestroyCondition(ConditionState& condition, bool waited) {
  const KeepErrno keep_errno;
  const uint32_t object = condition.tag.load(std::memory_order_relaxed) >> 3;
  if (Thread* const t = object == 0 ? nullptr : Enter()) {
    if (waited) {
      ReportMisuse(
          t,
          {model::Misuse::kDestroyWaited, object, 0, 0, nullptr, nullptr, {}});
    }
    Begin(t, 2).Word(object).End(Op::kDestroy);
    Leave(t);
  }
  condition.tag.store(0, std::memory_order_relaxed);
}

}  // namespace lockcheck::runtime
