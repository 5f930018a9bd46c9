// The warm path of what is written of a signal, see warm.cc.

#include "instrument/runtime/warm_parts.h"
#include "lockcheck/internal/wait_queue.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

// Of an object that is registered, and has a short id.
inline bool IsShort(const WaitQueue* object) {
  const uint32_t tag = object->tag.load(std::memory_order_relaxed);
  return tag != 0 && (tag & 2) == 0;
}

inline uint32_t* WriteNote(uint32_t* at, log::Op op, uint32_t arg,
                           const WaitQueue& object, uint32_t site,
                           uint32_t sequence) {
  at[2] = sequence;
  at[1] =
      (object.tag.load(std::memory_order_relaxed) | site) & ~log::kShortOpMask;
  StoreWord(at, log::Extended(op, 3, arg | log::kShortNote));
  return at + 3;
}

}  // namespace

bool WarmNote(const WaitQueue* taken, const WaitQueue* posted, NoteFacts facts,
              const SiteSlot* slot) noexcept {
  runtime::Thread* const t = runtime::Current();
  ThreadHolds& h = t->kept().hot;
  const uint32_t gate = LoadGate(&h);
  const uint32_t site = __atomic_load_n(&slot->tag, __ATOMIC_RELAXED);
  uint32_t* const cursor = t->hot.cursor;
  if (gate == kGateShut || (site & kSiteShort) == 0 || !runtime::HasRoom(t) ||
      (taken != nullptr && !IsShort(taken)) ||
      (posted != nullptr && !IsShort(posted)) ||
      !runtime::ShutAt(t, cursor, gate)) {
    return false;
  }
  uint32_t* next = cursor;
  if (taken != nullptr) {
    next = WriteNote(next, log::Op::kTake, static_cast<uint32_t>(facts.how),
                     *taken, site, facts.sequence);
  }
  if (posted != nullptr) {
    next = WriteNote(next, log::Op::kPost, static_cast<uint32_t>(facts.post),
                     *posted, site, facts.sequence);
  }
  t->hot.cursor = next;
  t->after_long = next;
  runtime::DelaySample(t, static_cast<size_t>(next - cursor));
  SetGate(&h, gate);
  return true;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal
