// What a thread tells LiveOrder and LiveEnds, the first time it comes that way.
#include <algorithm>

#include "instrument/runtime/live.h"
#include "instrument/runtime/live_book.h"
#include "instrument/runtime/live_order.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/lock_order.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/reporter.h"

namespace lockcheck::runtime {
namespace {

using Answer = LiveOrder::Answer;

uint32_t Id(const Hold& hold) {
  return ObjectOf(hold) | (IsRead(hold) ? LiveOrder::kShared : 0);
}

// What a thread holds, in the form that LiveOrder wants. Few of them lie on the
// stack.
class HeldLocks {
 public:
  HeldLocks(const Hold* holds, size_t count)
      : count_(count),
        ids_(count <= kFew ? few_ : static_cast<uint32_t*>(MapPages(Bytes()))) {
    if (ids_ == nullptr) return;
    for (size_t i = 0; i < count; ++i) {
      ids_[i] = Id(holds[i]);
      ids_[count + i] = SiteOf(holds[i]);
    }
  }
  ~HeldLocks() {
    if (ids_ != few_ && ids_ != nullptr) UnmapPages(ids_, Bytes());
  }
  HeldLocks(const HeldLocks&) = delete;
  HeldLocks& operator=(const HeldLocks&) = delete;

  bool ok() const { return ids_ != nullptr; }
  size_t count() const { return count_; }
  const uint32_t* ids() const { return ids_; }
  const uint32_t* sites() const { return ids_ + count_; }

 private:
  static constexpr size_t kFew = 32;
  size_t Bytes() const { return 2 * count_ * sizeof(uint32_t); }

  const size_t count_;
  uint32_t few_[2 * kFew];
  uint32_t* const ids_;
};

// ---- Ways -------------------------------------------------------------------

void PutWay(uint64_t* ways, uint32_t capacity, uint64_t way) {
  const size_t place = LiveWayPlace(way);
  for (size_t i = 0; i < kWayProbes; ++i) {
    uint64_t& slot = ways[(place + i) & (capacity - 1)];
    if (slot != 0) continue;
    slot = way;
    return;
  }
  ways[place & (capacity - 1)] = way;
}

// The old table stays: a handler may have interrupted one who looks at it. All
// the old ones together are smaller than the new one.
void GrowWays(Kept& kept) {
  const bool grown = kept.live_ways != nullptr;
  const uint32_t capacity = grown ? kept.live_capacity : kWayCache;
  const uint64_t* const old = grown ? kept.live_ways : kept.ways;
  const uint32_t larger = 4 * capacity;
  auto* const ways =
      static_cast<uint64_t*>(MapPages(larger * sizeof(uint64_t)));
  if (ways == nullptr) return;
  for (uint32_t i = 0; i < capacity; ++i) {
    if (old[i] != 0) PutWay(ways, larger, old[i]);
  }
  kept.live_ways = ways;
  kept.live_capacity = larger;
}

void RememberLiveWay(Thread* t, uint64_t way) {
  Kept& kept = t->kept();
  // The ways of another epoch are not found any more.
  if (kept.live_epoch != t->ways_epoch.load(std::memory_order_relaxed)) {
    ForgetLiveWays(t);
  }
  const uint32_t capacity =
      kept.live_ways != nullptr ? kept.live_capacity : kWayCache;
  if (++kept.live_count > capacity / 2 && capacity < kMostWays) GrowWays(kept);
  if (kept.live_ways != nullptr) {
    PutWay(kept.live_ways, kept.live_capacity, way);
  } else {
    PutWay(kept.ways, kWayCache, way);
  }
}

// True for the first time.
bool IsNewWay(Thread* t, uint64_t way) {
  if (t->scratch || KnowsLiveWay(t->kept(), way)) return false;
  RememberLiveWay(t, way);
  return true;
}

// ---- Requests ---------------------------------------------------------------

struct Wish {
  uint32_t wanted;  // with its mode
  uint32_t site;
  How how;
  size_t before;  // how many of the locks held were held before the call
  // Of a try: the member that the call waited for, if it is one of std::lock's.
  const Hold* member = nullptr;
};

// Of std::lock's members the first is waited for, and the next ones are tried.
// It is the outermost that may be one, as long as somebody tried those within.
// False: none was waited for, so this is no try of std::lock.
bool FindMember(Thread* t, Wish& wish) {
  const Hold* const holds = t->kept().hot.holds;
  size_t i = HoldCount(t);
  while (i != 0 && IsTried(holds[i - 1])) --i;
  if (i == 0) return false;
  wish.before = i - 1;
  wish.member = &holds[i - 1];
  return true;
}

uint64_t WayOf(Thread* t, const Wish& wish) {
  constexpr uint64_t kSpread = 0xff51afd7ed558ccdull;
  const Hold* const top = t->kept().hot.holds + wish.before;
  const uint64_t way = LiveWay(t, top, wish.wanted);
  return wish.member == nullptr ? way : (way ^ wish.site * kSpread) | 1;
}

LiveOrder::Request RequestOf(Thread* t, const Wish& wish,
                             const HeldLocks& held) {
  LiveOrder::Request request = {t->hot.actor, t->phase, wish.wanted, held.ids(),
                                held.count()};
  if (wish.member != nullptr) {
    request.tried = wish.site;
    request.member = Id(*wish.member);
    request.member_site = SiteOf(*wish.member);
  }
  request.held_sites = held.sites();
  request.process = t->process;
  request.segment = t->mark_segment;
  request.site = wish.site;
  request.how = static_cast<uint32_t>(wish.how);
  return request;
}

// Under what was held before.
Answer NoteUnderHeld(Thread* t, const Wish& wish) {
  const HeldLocks held(t->kept().hot.holds, wish.before);
  if (!held.ok()) return Answer::kKnown;
  if (!t->begin_kept) const Keep keep(t);
  const LiveOrder::Request request = RequestOf(t, wish, held);
  if (wish.member == nullptr && AnyLiveOrderDeclared()) {
    SayIfOrderIsBroken(t, request);
  }
  return NoteLiveRequest(request);
}

// Under the thread's end: the first request for that lock, in that mode.
Answer NoteUnderEnd(Thread* t, const Wish& wish) {
  if (!t->notes_wanted) return Answer::kKnown;
  if (wish.before != 0) {
    Wish alone = wish;
    alone.before = 0;
    if (!IsNewWay(t, WayOf(t, alone))) return Answer::kKnown;
  }
  LiveEnds::Wanted wanted = {t->phase,
                             wish.wanted,
                             t->mark_segment,
                             wish.site,
                             static_cast<uint32_t>(wish.how),
                             0,
                             0,
                             0,
                             wish.before != 0};
  if (wish.member != nullptr) {
    wanted.tried = wish.site;
    wanted.member = Id(*wish.member);
    wanted.member_site = SiteOf(*wish.member);
  }
  const LiveBegin begin = {t->process, t->begin_parent, t->tid, t->begin_ticks};
  const LiveWantedAnswer noted = NoteLiveWanted(t->hot.actor, begin, wanted);
  t->notes_wanted = noted.has_room;
  return noted.answer;
}

bool IsClosing(Answer answer) {
  return answer == Answer::kCloses || answer == Answer::kMayClose;
}

void NoteWish(Thread* t, const LockState& lock, const Wish& wish) {
  if (wish.before == 0 && !t->notes_wanted) return;
  if (!IsNewWay(t, WayOf(t, wish))) return;
  const Answer under_end = NoteUnderEnd(t, wish);
  Answer answer = Answer::kKnown;
  if (wish.before != 0) answer = NoteUnderHeld(t, wish);
  if (!IsClosing(answer) && !IsClosing(under_end)) return;
  NoteClosing(t, &lock, wish.site,
              answer == Answer::kCloses ? ClosingRequest::kOrder
                                        : ClosingRequest::kPerhaps);
}

}  // namespace

void NoteOrder(Thread* t, const LockRequest& request, uint32_t site) {
  Wish wish = {
      ObjectId(*request.lock) | (request.reads ? LiveOrder::kShared : 0), site,
      request.how, HoldCount(t)};
  switch (request.how) {
    case How::kBlocking:
      break;
    case How::kMulti:
      // Members of the same request are not asked for under each other.
      wish.before -= std::min<size_t>(wish.before, request.group);
      break;
    case How::kTry:
      if (!FindMember(t, wish)) return;
      break;
    default:
      return;
  }
  NoteWish(t, *request.lock, wish);
}

void NoteJoinOrder(Thread* t, uint32_t actor, uint32_t site) {
  const HeldLocks held(t->kept().hot.holds, HoldCount(t));
  if (held.count() == 0 || !held.ok() || t->scratch) return;
  if (!t->begin_kept) const Keep keep(t);
  const Wish wish = {LiveOrder::EndOf(actor), site, How::kBlocking,
                     held.count()};
  const Answer answer = NoteLiveJoin(RequestOf(t, wish, held));
  if (IsClosing(answer)) {
    NoteClosing(t, nullptr, site,
                answer == Answer::kCloses ? ClosingRequest::kJoin
                                          : ClosingRequest::kPerhaps);
  }
  // What is kept next begins a segment: the request comes before it.
  if (t->hot.cursor == t->mark) {
    Room(t, SegmentWords(t));
    BeginSegment(t, t->segment + 1);
  }
}

}  // namespace lockcheck::runtime
