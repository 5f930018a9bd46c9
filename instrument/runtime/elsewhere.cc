#include "instrument/runtime/elsewhere.h"

#include "instrument/runtime/message.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {
namespace {

// Null: it is none that the runtime knows.
const Thread* ThreadByTid(uint32_t tid) {
  for (const Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    if (IsAlive(t) && TidOf(t) == tid) return t;
  }
  return nullptr;
}

// It sleeps, and has what it had.
[[gnu::no_sanitize_thread]] void TakeHolds(const Thread* t, Wanted* wanted) {
  const ThreadHolds& holds = const_cast<Thread*>(t)->kept().hot;
  wanted->holds = holds.holds;
  wanted->top = holds.top;
}

}  // namespace

bool SleepsForThisProcess(uint32_t tid, FutexSleep* sleep) {
  return SeeFutexSleep(tid, sleep) &&
         (sleep->is_private || !IsMappedShared(sleep->address));
}

bool NoteElsewhere(Thread* t) {
  FutexSleep sleep;
  if (!SleepsForThisProcess(TidOf(t), &sleep)) return false;
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
