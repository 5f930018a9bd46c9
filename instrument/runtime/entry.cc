// What the inline code calls: finds the table, and goes on by the mode.
//
// Before the runtime is ready, and in mode=off, a lock is just a lock.

#include "instrument/runtime/entry.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <system_error>
#include <utility>

#include "instrument/runtime/plain.h"
#include "instrument/runtime/plain_shared.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/process_lock.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/unseen.h"
#include "lockcheck/guards.h"
#include "lockcheck/internal/process_hooks.h"
#include "lockcheck/internal/thread_hooks.h"
#include "lockcheck/mutex.h"

namespace lockcheck::runtime {

const Table* Recording() {
  using internal::t_thread;
  const Table* table = g_table.load(std::memory_order_acquire);
  if (__builtin_expect(table == nullptr, false)) {
    Initialize();
    table = g_table.load(std::memory_order_acquire);
  }
  if (table == nullptr || table->mode != internal::kModeRecord) return nullptr;
  // A second copy of the runtime shares the first one's thread state.
  if (__builtin_expect(t_thread.phase == internal::ThreadPointer::kNew,
                       false)) {
    table->attach(&t_thread);
  }
  return table;
}

}  // namespace lockcheck::runtime

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

using runtime::g_table;
using runtime::Got;
using runtime::LockRequest;
using runtime::Table;
using runtime::Unseen;

using runtime::Recording;

Got Lock(const LockRequest& request) {
  const Unseen unseen;
  if (const Table* const table = Recording()) return table->lock(request);
  if (request.process != nullptr) return runtime::PlainProcessRequest(request);
  return runtime::PlainRequest(request) ? Got::kLock : Got::kNothing;
}

// Of a request that may block.
bool LockOrThrow(const LockRequest& request) {
  const Got got = Lock(request);
  if (got == Got::kDeadlock) {
    ThrowLockError(std::errc::resource_deadlock_would_occur,
                   "lockcheck: this wait closes a deadlock");
  }
  if (got == Got::kNotRecoverable) {
    ThrowLockError(std::errc::state_not_recoverable,
                   "lockcheck: the lock's owner died, and the next one did not "
                   "call consistent()");
  }
  return got == Got::kLock;
}

// Said by lock(a, b, ...) while it tries a member that is no lock of ours:
// TryForCall().
thread_local constinit uint32_t t_before_call
    __attribute__((tls_model("initial-exec"))) = kNoCall;

bool Try(LockRequest request) {
  const uint32_t before = t_before_call;
  if (before != kNoCall) {
    const uint32_t now = HoldsOfThread();
    request.how = How::kMulti;
    request.tries = true;
    request.group = now > before ? now - before : 0;
  }
  return Lock(request) == Got::kLock;
}

[[noreturn]] void ThrowTooDeep() {
  throw std::system_error(
      std::make_error_code(std::errc::resource_unavailable_try_again),
      "lockcheck: recursive lock: too many levels");
}

}  // namespace

void ThrowLockError(std::errc code, const char* what) {
  throw std::system_error(std::make_error_code(code), what);
}

void LockUncommon(LockState& lock, LockKind kind, SiteSlot* slot,
                  Caller caller) {
  if (!LockOrThrow({&lock, kind, How::kBlocking, slot, caller, 0, nullptr})) {
    ThrowTooDeep();
  }
}

void TakenUncommon(LockState& lock, SiteSlot* slot) noexcept {
  const Unseen unseen;
  g_table.load(std::memory_order_acquire)->taken(lock, slot);
}

bool TryLockUncommon(LockState& lock, LockKind kind, SiteSlot* slot,
                     Caller caller) noexcept {
  return Try({&lock, kind, How::kTry, slot, caller, 0, nullptr});
}

uint32_t TryForCall(uint32_t before) noexcept {
  return std::exchange(t_before_call, before);
}

bool TimedLockUncommon(LockState& lock, LockKind kind, SiteSlot* slot,
                       Caller caller, const Deadline& deadline) {
  return LockOrThrow({&lock, kind, How::kTimed, slot, caller, 0, &deadline});
}

bool LockMemberUncommon(LockState& lock, LockKind kind, SiteSlot* slot,
                        Caller caller, uint32_t held) {
  LockRequest request = {&lock, kind, How::kMulti, slot, caller, held, nullptr};
  request.tries = held != 0;
  return LockOrThrow(request);
}

namespace {

LockRequest Asked(ProcessRecord& lock, How how, SiteSlot* slot, Caller caller,
                  uint32_t held = 0, const Deadline* deadline = nullptr) {
  LockRequest request{&lock, lock.kind, how, slot, caller, held, deadline};
  request.process = &lock;
  return request;
}

LockRequest Reading(LockRequest request, bool reads) {
  request.reads = reads;
  return request;
}

}  // namespace

void LockProcessUncommon(ProcessRecord& lock, SiteSlot* slot, Caller caller,
                         bool reads) {
  if (!LockOrThrow(Reading(Asked(lock, How::kBlocking, slot, caller), reads))) {
    ThrowTooDeep();
  }
}

bool TryLockProcessUncommon(ProcessRecord& lock, SiteSlot* slot, Caller caller,
                            bool reads) noexcept {
  return Try(Reading(Asked(lock, How::kTry, slot, caller), reads));
}

bool TimedLockProcessUncommon(ProcessRecord& lock, SiteSlot* slot,
                              Caller caller, const Deadline& deadline,
                              bool reads) {
  return LockOrThrow(
      Reading(Asked(lock, How::kTimed, slot, caller, 0, &deadline), reads));
}

bool LockProcessMemberUncommon(ProcessRecord& lock, SiteSlot* slot,
                               Caller caller, uint32_t held) {
  LockRequest request = Asked(lock, How::kMulti, slot, caller, held);
  request.tries = held != 0;
  return LockOrThrow(request);
}

void LockSharedUncommon(SharedState& lock, LockKind kind, SiteSlot* slot,
                        Caller caller) {
  LockOrThrow({&lock, kind, How::kBlocking, slot, caller, 0, nullptr, true});
}

bool TryLockSharedUncommon(SharedState& lock, LockKind kind, SiteSlot* slot,
                           Caller caller) noexcept {
  return Try({&lock, kind, How::kTry, slot, caller, 0, nullptr, true});
}

bool TimedLockSharedUncommon(SharedState& lock, LockKind kind, SiteSlot* slot,
                             Caller caller, const Deadline& deadline) {
  return LockOrThrow(
      {&lock, kind, How::kTimed, slot, caller, 0, &deadline, true});
}

void UnlockSharedUncommon(SharedState& lock, SiteSlot* slot, Caller caller) {
  const Unseen unseen;
  if (const Table* const table = Recording()) {
    table->unlock_shared(lock, slot, caller);
  } else {
    runtime::PlainReadUnlock(lock);
  }
}

void UnlockUncommon(LockState& lock, LockKind kind, SiteSlot* slot,
                    Caller caller) {
  const Unseen unseen;
  const Table* const table = Recording();
  const bool permitted = table != nullptr
                             ? table->unlock(lock, kind, slot, caller)
                             : runtime::PlainUnlock(lock, kind);
  if (!permitted) {
    throw std::system_error(
        std::make_error_code(std::errc::operation_not_permitted),
        "lockcheck: recursive lock unlocked by a thread that does not own it");
  }
}

namespace {

// The moment is the release's; it is written when the waiter is awake.
template <typename Wake>
void WakeAndRecord(uint32_t tag, Wake wake) {
  const Unseen unseen;
  const Table* const table = Recording();
  const uint64_t ticks = table == nullptr ? 0 : runtime::Ticks();
  wake();
  if (table != nullptr && tag != 0) table->saw_waiters(tag, ticks);
}

}  // namespace

void ReleasedToWaiters(LockState& lock, uint32_t tag) noexcept {
  WakeAndRecord(tag, [&] { runtime::WakeWaiter(lock); });
}

void WriterReleased(LockState& lock, uint32_t tag) noexcept {
  WakeAndRecord(tag,
                [&] { runtime::WakeShared(static_cast<SharedState&>(lock)); });
}

void DestroyLock(LockState& lock, LockKind kind) noexcept {
  const Unseen unseen;
  if (const Table* const table = Recording()) table->destroy(lock, kind);
}

uint32_t ForkThread() noexcept {
  const Unseen unseen;
  const Table* const table = Recording();
  return table == nullptr ? 0 : table->fork_thread();
}

void BeginThread(uint32_t actor, uint32_t parent) noexcept {
  const Unseen unseen;
  const Table* const table = g_table.load(std::memory_order_acquire);
  if (table == nullptr || table->mode != kModeRecord) return;
  table->begin_thread(actor, parent);
  Recording();
}

void JoinBlock(uint32_t actor, How how, SiteSlot* slot,
               Caller caller) noexcept {
  const Unseen unseen;
  const Table* const table = Recording();
  if (table != nullptr && actor != 0) {
    table->join_block(actor, how, slot, caller);
  }
}

void JoinEnd(uint32_t actor, Joined joined) noexcept {
  const Unseen unseen;
  const Table* const table = Recording();
  if (table != nullptr && actor != 0) table->join(actor, joined);
}

pid_t ForkChild(uint32_t* actor) noexcept {
  const Table* table;
  {
    const Unseen unseen;
    table = Recording();
    if (table != nullptr) table->fork_place(LOCKCHECK_CALLER());
  }
  const pid_t pid = fork();
  const Unseen unseen;
  *actor = table == nullptr || pid < 0 ? 0 : table->forked(pid == 0);
  return pid;
}

int EndChild(int status) noexcept {
  const Unseen unseen;
  const Table* const table = Recording();
  return table == nullptr ? status : table->end_process(status);
}

void NameThread(const char* name) noexcept {
  const Unseen unseen;
  if (const Table* const table = Recording()) table->name_thread(name);
}

uint32_t SelfActor() noexcept {
  const Unseen unseen;
  const Table* const table = Recording();
  return table == nullptr ? 0 : table->self();
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal
