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
                           const NoteFacts& facts, uint32_t bits = 0) {
  at[2] = facts.sequence;
  at[1] = ((object.tag.load(std::memory_order_relaxed) | site) &
           ~log::kShortOpMask) |
          bits;
  StoreWord(at, log::Extended(op, 3, arg));
  return at + 3;
}

inline uint32_t* WriteTake(uint32_t* at, const WaitQueue& taken, uint32_t site,
                           const NoteFacts& facts) {
  const auto how = static_cast<uint32_t>(facts.how);
  return WriteNote(at, log::Op::kTake, how | log::kShortNote, taken, site,
                   facts);
}

inline uint32_t* WritePost(uint32_t* at, const WaitQueue& posted, uint32_t site,
                           const NoteFacts& facts) {
  const auto post = static_cast<uint32_t>(facts.post);
  return WriteNote(at, log::Op::kPost, post | log::kShortNote, posted, site,
                   facts);
}

// As one record if they are neighbours, as most are: both are registered at the
// queue's first use.
inline uint32_t* WriteBoth(uint32_t* at, const WaitQueue& taken,
                           const WaitQueue& posted, uint32_t site,
                           const NoteFacts& facts) {
  constexpr uint32_t kNext = uint32_t{1} << log::kObjectShift;
  const uint32_t from_taken = posted.tag.load(std::memory_order_relaxed) -
                              taken.tag.load(std::memory_order_relaxed);
  if (__builtin_expect(from_taken != kNext && from_taken != 0 - kNext, false)) {
    return WritePost(WriteTake(at, taken, site, facts), posted, site, facts);
  }
  return WriteNote(at, log::Op::kTakeAndPost,
                   log::TakeAndPost(static_cast<uint32_t>(facts.how),
                                    static_cast<uint32_t>(facts.post)),
                   taken, site, facts,
                   from_taken == kNext ? 0 : log::kPostedBefore);
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
  if (taken == nullptr) {
    next = WritePost(next, *posted, site, facts);
  } else if (posted == nullptr) {
    next = WriteTake(next, *taken, site, facts);
  } else {
    next = WriteBoth(next, *taken, *posted, site, facts);
  }
  t->hot.cursor = next;
  t->after_long = next;
  runtime::DelaySample(t, static_cast<size_t>(next - cursor));
  SetGate(&h, gate);
  return true;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal
