#include "instrument/runtime/elsewhere.h"

#include <utility>

#include "instrument/runtime/message.h"

namespace lockcheck::runtime {
namespace {

// It sleeps, and has what it had.
[[gnu::no_sanitize_thread]] void TakeHolds(const Thread* t, Wanted* wanted) {
  const ThreadHolds& holds = const_cast<Thread*>(t)->kept().hot;
  wanted->holds = holds.holds;
  wanted->top = holds.top;
}

}  // namespace

bool SharedWords::Add(const FutexSleep& sleep) {
  if (sleep.is_private) return true;
  if (count_ == kMost && !AreOwn()) return false;
  addresses_[count_++] = sleep.address;
  return true;
}

bool SharedWords::AreOwn() {
  const size_t count = std::exchange(count_, 0);
  return count == 0 || !IsAnyShared(addresses_, count);
}

bool SleepsAt(uint32_t tid, FutexSleep* sleep, SharedWords* words) {
  return SeeFutexSleep(tid, sleep) && words->Add(*sleep);
}

bool NoteElsewhere(Thread* t, SharedWords* words) {
  ForgetElsewhere(t);
  FutexSleep sleep;
  if (!SleepsAt(TidOf(t), &sleep, words)) return false;
  const uint32_t tid = JoinedBy(sleep);
  const Thread* const joined = tid == 0 ? nullptr : ThreadByTid(tid);
  t->joins.store(joined == nullptr ? 0 : ActorOf(joined),
                 std::memory_order_relaxed);
  t->elsewhere.store(1, std::memory_order_relaxed);
  return true;
}

void ForgetElsewhere(Thread* t) {
  t->elsewhere.store(0, std::memory_order_relaxed);
}

bool SeeAnyWait(const Thread* t, Wanted* wanted, uint32_t* number) {
  if (SeeWait(t, wanted, number)) return true;
  if (!IsElsewhere(t)) return false;
  *wanted = {};
  wanted->actor = ActorOf(t);
  wanted->joined = t->joins.load(std::memory_order_relaxed);
  TakeHolds(t, wanted);
  return true;
}

void SayElsewhere() {
  for (const Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    if (!IsAlive(t) || !IsElsewhere(t)) continue;
    Message m;
    m << "  A" << uint64_t{ActorOf(t)};
    if (t->name[0] != 0) m << " " << t->name;
    m << " (thread " << uint64_t{TidOf(t)} << ") waits for ";
    const uint32_t joined = t->joins.load(std::memory_order_relaxed);
    if (joined != 0) {
      m << "the end of A" << uint64_t{joined};
    } else {
      m << "something that lockcheck does not see";
    }
  }
}

}  // namespace lockcheck::runtime
