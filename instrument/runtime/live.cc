#include "instrument/runtime/live.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "instrument/runtime/live_book.h"
#include "instrument/runtime/live_order.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/message.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/reporter.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {
namespace {

bool IsWaiting(const Thread* t) {
  return (t->waiting.number.load(std::memory_order_relaxed) & 1) != 0;
}

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

}  // namespace

void Keep::Begin(Thread* t) {
  // What the others see of a wait stands.
  if (IsWaiting(t)) return;
  const bool begin = !t->begin_kept;
  if (begin || t->hot.cursor != t->mark) {
    Rewind(t);
    const uint32_t last = t->segment;
    Room(t, SegmentWords(t));
    // Else the block was sealed, and has begun one.
    if (t->segment == last) BeginSegment(t, last + 1);
  }
  if (begin) {
    WriteBegin(t);
    t->begin_kept = true;
  }
}

void Keep::End(Thread* t) {
  t->mark = t->hot.cursor;
  t->mark_segment = t->segment;
}

bool RewindInsteadOfSealing(Thread* t) {
  if (!t->live || t->keeping != 0 || IsWaiting(t)) return false;
  Rewind(t);
  // A block of which most is kept leaves too little for what comes.
  const size_t left = static_cast<size_t>(t->end - t->mark);
  return left > SegmentWords(t) + log::kBlockWords / 4;
}

void NoteOrder(Thread* t, const LockRequest& request, uint32_t site) {
  const ThreadHolds& h = t->kept().hot;
  const size_t count = HoldCount(t);
  const bool blocks =
      request.how == How::kBlocking || request.how == How::kMulti;
  if (count <= request.group || !blocks) return;
  const uint32_t wanted =
      ObjectId(*request.lock) | (request.reads ? LiveOrder::kShared : 0);
  // Members of the same request are not asked for under each other.
  const uint64_t way = LiveWay(t, h.top - request.group, wanted);
  if (t->scratch || KnowsLiveWay(t->kept(), way)) return;
  RememberLiveWay(t, way);
  const HeldLocks held(h.holds, count - request.group);
  if (!held.ok()) return;
  if (!t->begin_kept) const Keep keep(t);
  LiveOrder::Request noted = {t->hot.actor, t->phase, wanted, held.ids(),
                              held.count()};
  noted.held_sites = held.sites();
  noted.process = t->process;
  noted.segment = t->mark_segment;
  noted.site = site;
  noted.how = static_cast<uint32_t>(request.how);
  if (NoteLiveRequest(noted) == LiveOrder::Answer::kCloses) {
    NoteClosing(t, *request.lock, site);
  }
}

// Once, as long as that stands in the block.
void ShowObjectsOfWait(Thread* t, uint32_t wanted) {
  if (!t->live) return;
  const Hold* const top = t->kept().hot.top;
  const uint64_t wait =
      LiveWay(t, top, wanted) ^ t->rewinds.load(std::memory_order_relaxed);
  if (t->shown == wait) return;
  t->shown = wait;
  constexpr size_t kMostIds = 16, kMostWords = 512;
  uint32_t ids[kMostIds] = {wanted};
  size_t count = 1;
  const Hold* hold = top;
  while (hold != t->kept().hot.holds && count < kMostIds) {
    ids[count++] = ObjectOf(*--hold);
  }
  uint32_t words[kMostWords];
  const size_t size = DefineLiveObjects(ids, count, words, kMostWords);
  Room(t, size);
  for (size_t i = 0; i < size; i += log::WordsOf(words[i])) {
    Record r(t);
    for (size_t k = 1; k < log::WordsOf(words[i]); ++k) r.Word(words[i + k]);
    r.End(log::OpOf(words[i]), log::ArgOf(words[i]));
  }
}

void ForgetLiveWays(Thread* t) {
  Kept& kept = t->kept();
  kept.live_count = 0;
  kept.live_epoch = t->ways_epoch.load(std::memory_order_relaxed);
  if (kept.live_ways != nullptr) {
    // Zeros from the kernel, when they are next wanted.
    madvise(kept.live_ways, kept.live_capacity * sizeof(uint64_t),
            MADV_DONTNEED);
  } else {
    memset(kept.ways, 0, sizeof(kept.ways));
  }
}

}  // namespace lockcheck::runtime
