#include "instrument/runtime/task.h"

#include "instrument/runtime/carried.h"
#include "instrument/runtime/entry.h"
#include "instrument/runtime/fork.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/unseen.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {

uint32_t DoForkTask() {
  if (g_options.mode == RunModeOption::kLive) return 0;
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return 0;
  const uint32_t task = NewId(&log::FileHeader::next_actor);
  WriteForkOf(t, task, Ticks());
  Leave(t);
  return task;
}

uint32_t DoForkRemoteTask() {
  const uint32_t task = DoForkTask();
  if (task != 0) NoteOtherProcess(task);
  return task;
}

Worker DoBeginTask(const internal::TaskStart& start, SiteSlot* slot,
                   Caller caller) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return {};
  const uint32_t site = SiteId(t, slot, caller);
  // Else the worker's part of the block might end between the two actors.
  Room(t, SegmentWords(t) + kFewWords);
  const uint64_t now = Ticks();
  if (start.alone) WriteForkOf(t, start.task, now);
  WriteJoinBlockOf(t, start.task, site, now);
  const Worker worker{t->hot.actor, t->segment};
  SetThreadOf(start.task, t);
  BecomeActor(t, start.task, 0);
  t->begin_how = log::BeginHow::kTask;
  t->begin_parent = start.parent;
  t->begin_ticks = now;
  WriteBegin(t);
  if (start.name != nullptr) WriteNameOf(t, start.task, start.name);
  Leave(t);
  return worker;
}

void DoEndTask(uint32_t task, const Worker& worker) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  // Else it has forked, and this is the child: an actor that goes on.
  if (t->hot.actor == task) {
    ReportStillHeld(t);
    t->kept().hot.top = t->kept().hot.holds;
    Room(t, SegmentWords(t) + kFewWords);
    WriteEndOfCarried(t);
    SetThreadOf(task, nullptr);
    BecomeActor(t, worker.actor, worker.segment + 1);
    WriteJoinOf(t, task, t->stamp);
  }
  Leave(t);
}

void DoTaskJoined(uint32_t task, SiteSlot* slot, Caller caller) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  if (t->live) return Leave(t);
  const uint32_t site = SiteId(t, slot, caller);
  NoteJoin(t, site, slot, caller);
  const uint64_t now = Ticks();
  WriteJoinBlockOf(t, task, site, now);
  WriteJoinOf(t, task, now);
  Leave(t);
}

void DoWorkFor(const internal::QueueState* jobs,
               const internal::WaitQueue* slots) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  t->slots.store(slots, std::memory_order_relaxed);
  t->jobs.store(jobs, std::memory_order_release);
  Leave(t);
}

}  // namespace lockcheck::runtime

namespace lockcheck::inline LOCKCHECK_ABI::internal {

uint32_t ForkTask() noexcept {
  const runtime::Unseen unseen;
  const runtime::Table* const table = runtime::Recording();
  return table == nullptr ? 0 : table->fork_task();
}

uint32_t ForkRemoteTask() noexcept {
  const runtime::Unseen unseen;
  const runtime::Table* const table = runtime::Recording();
  return table == nullptr ? 0 : table->fork_remote_task();
}

TaskScope::TaskScope(const TaskStart& start, SiteSlot* slot,
                     Caller caller) noexcept
    : task_(start.task) {
  const runtime::Unseen unseen;
  const runtime::Table* const table =
      task_ == 0 ? nullptr : runtime::Recording();
  if (table == nullptr) return;
  const runtime::Worker worker = table->begin_task(start, slot, caller);
  worker_ = worker.actor;
  segment_ = worker.segment;
}

TaskScope::~TaskScope() {
  if (worker_ == 0) return;
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->end_task(task_, {worker_, segment_});
  }
}

namespace {

void WorkFor(const QueueState* jobs, const WaitQueue* slots) {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->work_for(jobs, slots);
  }
}

}  // namespace

WorkScope::WorkScope(const QueueState& jobs, const WaitQueue& slots) noexcept {
  WorkFor(&jobs, &slots);
}

WorkScope::~WorkScope() { WorkFor(nullptr, nullptr); }

void TaskJoined(uint32_t task, SiteSlot* slot, Caller caller) noexcept {
  const runtime::Unseen unseen;
  const runtime::Table* const table =
      task == 0 ? nullptr : runtime::Recording();
  if (table != nullptr) table->task_joined(task, slot, caller);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal
