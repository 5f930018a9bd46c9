// What the inline code of types between processes calls.

#include "lockcheck/internal/process_signal.h"

#include "instrument/runtime/across.h"
#include "instrument/runtime/entry.h"
#include "instrument/runtime/process_identity.h"
#include "instrument/runtime/process_shadow.h"
#include "instrument/runtime/unseen.h"
#include "instrument/runtime/wait_records.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

// Calls `record` with the table and this process's queue, if it records.
template <typename Record>
void Recorded(const ProcessSignal& signal, SiteSlot* slot, Caller caller,
              Record record) {
  const runtime::Unseen unseen;
  const runtime::Table* const table = runtime::Recording();
  if (table == nullptr) return;
  if (WaitQueue* const queue = table->process_signal(signal, slot, caller)) {
    record(*table, *queue);
  }
}

}  // namespace

ProcessObject::ProcessObject(const char* called, source_location where) noexcept
    : made_line(where.line()), number(runtime::NewNumber()) {
  if (runtime::Recording() != nullptr) runtime::ShowWaitsAcross();
  runtime::CopyNames({called, where.file_name()}, made_name, made_file);
}

void RecordPost(const ProcessSignal& signal, const PostFacts& facts,
                const ProcessGrant& grant, SiteSlot* slot,
                Caller caller) noexcept {
  Recorded(signal, slot, caller, [&](const auto& table, WaitQueue& queue) {
    table.post(queue, signal.kind, facts,
               {grant.first_ticket, grant.count, grant.next_ticket}, slot,
               caller);
  });
}

void RecordTake(const ProcessSignal& signal, const TakeFacts& facts,
                SiteSlot* slot, Caller caller) noexcept {
  Recorded(signal, slot, caller, [&](const auto& table, WaitQueue& queue) {
    table.take(queue, signal.kind, facts, slot, caller);
  });
}

void RecordTakeOf(const ProcessSignal& signal, uint32_t sequence, How how,
                  SiteSlot* slot, Caller caller) noexcept {
  Recorded(signal, slot, caller, [&](const auto& table, WaitQueue& queue) {
    const uint32_t tag = queue.tag.load(std::memory_order_relaxed);
    if (HasSeen(tag, sequence, how)) return;
    table.take(queue, signal.kind, {how, sequence, 0}, slot, caller);
    NoteSeen(tag, sequence, how);
  });
}

void RecordTakeOnce(const ProcessSignal& signal, How how, SiteSlot* slot,
                    Caller caller) noexcept {
  Recorded(signal, slot, caller, [&](const auto&, WaitQueue& queue) {
    TakeOnce(queue, signal.kind, how, slot, caller);
  });
}

void RecordTryFailed(const ProcessSignal& signal, SiteSlot* slot,
                     Caller caller) noexcept {
  Recorded(signal, slot, caller, [&](const auto& table, WaitQueue& queue) {
    table.try_failed(queue, signal.kind, slot, caller);
  });
}

void RecordMisuse(const ProcessSignal& signal, uint8_t misuse, SiteSlot* slot,
                  Caller caller) noexcept {
  Recorded(signal, slot, caller, [&](const auto& table, WaitQueue& queue) {
    table.misused(queue, signal.kind, static_cast<model::Misuse>(misuse), slot,
                  caller);
  });
}

bool AwaitSignal(const ProcessSignal& signal, ProcessWait& wait,
                 const ProcessSettle& settle, SiteSlot* slot, Caller caller,
                 const Deadline* deadline) noexcept {
  const runtime::Unseen unseen;
  runtime::ProcessSleep sleep{signal.object, &wait, &settle};
  Waiter waiter;
  waiter.ticket = wait.ticket;
  runtime::QueuedWait queued{nullptr, &waiter, slot, caller, deadline};
  queued.process = &sleep;
  const runtime::Table* const table = runtime::Recording();
  queued.queue =
      table == nullptr ? nullptr : table->process_signal(signal, slot, caller);
  if (queued.queue == nullptr) {
    bool looked = false;
    return runtime::SleepInQueue(queued, nullptr, &looked);
  }
  table->prepare_wait(*queued.queue, signal.kind, waiter, slot, caller);
  return table->queued_wait(queued);
}

void DestroyProcessObject(ProcessObject& object) noexcept {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->destroy_process_object(object);
  }
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal
