#include "lockcheck/internal/observe.h"

#include <sched.h>

#include "instrument/runtime/deadlock_report.h"
#include "instrument/runtime/entry.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/stall.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/unseen.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

using runtime::Thread;

// A thread that begins a segment shows, for a moment, a number and a place that
// do not belong together; the cursor is not behind the place then.
[[gnu::no_sanitize_thread]] bool Mark(const Thread* t, ThreadMark& mark) {
  const auto load = [](const auto& field) {
    return __atomic_load_n(&field, __ATOMIC_ACQUIRE);
  };
  while (true) {
    mark.actor = load(t->hot.actor);
    if (mark.actor == 0) return false;
    mark.segment = load(t->segment);
    const uint32_t* const begin = load(t->segment_begin);
    const uint32_t* const cursor = load(t->hot.cursor);
    if (cursor > begin && load(t->segment) == mark.segment &&
        load(t->hot.actor) == mark.actor) {
      mark.words = static_cast<uint32_t>(cursor - begin);
      return true;
    }
    sched_yield();
  }
}

bool Records() { return runtime::Recording() != nullptr; }

}  // namespace

const char* LogPath() noexcept {
  // With mode=live there is none that could be read again.
  return Records() && runtime::g_log_path[0] != 0 ? runtime::g_log_path
                                                  : nullptr;
}

bool IsOffByChoice() noexcept {
  return runtime::g_options.mode == runtime::RunModeOption::kOff;
}

bool HasLogByDefault() noexcept { return runtime::g_log_by_default; }

bool ThrowsOnDeadlock() noexcept {
  return runtime::g_options.on_deadlock == runtime::OnDeadlock::kThrow;
}

LogState StateOfLog() noexcept {
  if (!Records()) return {};
  const log::FileHeader& header = *runtime::g_writer.header();
  return {runtime::g_writer.stopped(),
          header.next_block.load(std::memory_order_relaxed),
          header.ring_blocks};
}

uint64_t LogTicks() noexcept { return runtime::Ticks(); }

size_t MarkThreads(ThreadMark* marks, size_t size) noexcept {
  const runtime::Unseen unseen;
  if (!Records()) return 0;
  size_t count = 0;
  for (const Thread* t = runtime::FirstThread(); t != nullptr;
       t = t->next_all) {
    ThreadMark mark;
    // What a thread wrote into a block that is thrown away is in no log.
    if (t->magic == 0 || t->scratch || !Mark(t, mark)) continue;
    if (count < size) marks[count] = mark;
    ++count;
  }
  return count;
}

size_t HeldByThisThread() noexcept {
  const runtime::Unseen unseen;
  if (!Records()) return 0;
  Thread* const t = runtime::Enter();
  if (t == nullptr) return 0;
  size_t count = 0;
  for (size_t i = 0; i < runtime::HoldCount(t); ++i) {
    count += runtime::IsPermit(t->kept().hot.holds[i]) ? 0 : 1;
  }
  runtime::Leave(t);
  return count;
}

bool IsHeldByThisThread(const void* lock) noexcept {
  const runtime::Unseen unseen;
  if (!Records()) return false;
  Thread* const t = runtime::Enter();
  if (t == nullptr) return false;
  const uint32_t object =
      runtime::ObjectId(*static_cast<const LockState*>(lock));
  const bool held = object != 0 && runtime::FindHold(t, object) != SIZE_MAX;
  runtime::Leave(t);
  return held;
}

const char* SuppressionsPath() noexcept {
  return runtime::g_options.suppressions;
}

const char* BaselinePath() noexcept { return runtime::g_options.baseline; }

void SetDeadlockHook(DeadlockHook hook) noexcept {
  runtime::g_deadlock_hook.store(hook, std::memory_order_release);
}

void SayDeadlock(const void* deadlock) noexcept {
  if (deadlock == nullptr) return runtime::SayEachWait();
  runtime::SayWhoAndWhere(*static_cast<const runtime::Deadlock*>(deadlock));
}

bool IsOwnerInParent(const void* deadlock) noexcept {
  if (deadlock == nullptr) return false;
  const runtime::GoneOwner* const owner =
      static_cast<const runtime::Deadlock*>(deadlock)->gone_owner();
  return owner != nullptr && owner->tid == 0;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal
