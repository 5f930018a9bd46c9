#include "instrument/runtime/saying.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "instrument/runtime/command.h"
#include "instrument/runtime/deadlock_report.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/plain.h"
#include "instrument/runtime/process.h"

namespace lockcheck::runtime {

namespace {

// False once somebody has waited in vain.
std::atomic<bool> g_patient{true};

Sayings& Page() { return g_fork_page->sayings; }

uint32_t Tid() { return static_cast<uint32_t>(syscall(SYS_gettid)); }

// If the process ends it has ended by then. No cancellation point.
void HoldBack() {
  const KeepErrno keep_errno;
  timespec left = {1, 0};
  while (syscall(SYS_nanosleep, &left, &left) != 0 && errno == EINTR) {
  }
}

}  // namespace

Saying::Saying() : tid_(Tid()) {
  uint32_t settled_by;
  {
    const ProcessLock lock;
    next_ = Page().first;
    Page().first = this;
    settled_by = Page().settled_by;
  }
  if (settled_by != 0 && settled_by != tid_) HoldBack();
}

// In a child that was forked meanwhile it is not in the list.
Saying::~Saying() {
  {
    const ProcessLock lock;
    Saying** at = &Page().first;
    while (*at != nullptr && *at != this) at = &(*at)->next_;
    if (*at == this) *at = next_;
    Page().over.fetch_add(1, std::memory_order_release);
  }
  Futex(Page().over, FUTEX_WAKE, INT32_MAX, nullptr, 0);
}

void Saying::BeginNames(const Deadlock& deadlock) {
  const ProcessLock lock;
  names_ = &deadlock;
}

bool Saying::TakeNames() {
  const ProcessLock lock;
  const bool taken = names_ != nullptr;
  names_ = nullptr;
  return taken;
}

// Under ProcessLock.
bool OthersSay() {
  const uint32_t me = Tid();
  for (const Saying* s = Page().first; s != nullptr; s = s->next_) {
    if (s->tid_ != me) return true;
  }
  return false;
}

// Under the lock those threads do not go on, and what they look at stays.
void SayNames(bool of_others) {
  const uint32_t me = Tid();
  const ProcessLock lock;
  for (Saying* s = Page().first; s != nullptr; s = s->next_) {
    if (s->names_ == nullptr || (s->tid_ != me && !of_others)) continue;
    SayWhoAndWhere(*s->names_);
    s->names_ = nullptr;
  }
}

void AwaitSayings() {
  const Deadline patience = Soon(kReportPatienceNs);
  while (g_patient.load()) {
    const uint32_t over = Page().over.load(std::memory_order_acquire);
    {
      const ProcessLock lock;
      if (!OthersSay()) break;
    }
    if (FutexWait(Page().over, over, &patience) == ETIMEDOUT) {
      g_patient.store(false);
    }
  }
  // What this thread was saying when a handler interrupted it, which ends the
  // process, nobody else says.
  SayNames(!g_patient.load());
}

void SettleSayings() {
  while (true) {
    AwaitSayings();
    const ProcessLock lock;
    if (OthersSay() && g_patient.load()) continue;
    Page().settled_by = Tid();
    return;
  }
}

bool AreSayingsSettled() {
  const ProcessLock lock;
  return Page().settled_by != 0;
}

}  // namespace lockcheck::runtime
