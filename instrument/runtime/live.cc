#include "instrument/runtime/live.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "instrument/runtime/live_order.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/message.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/reporter.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {
namespace {

constinit LiveOrder g_order;
// A fork may come while another thread is at it: the child begins anew.
bool g_order_in_use = false;
bool g_said_full = false;

bool IsWaiting(const Thread* t) {
  return (t->waiting.number.load(std::memory_order_relaxed) & 1) != 0;
}

uint32_t Id(const Hold& hold) {
  return ObjectOf(hold) | (IsRead(hold) ? LiveOrder::kShared : 0);
}

LiveOrder::Answer Note(const LiveOrder::Request& request) {
  const ProcessLock lock;
  if (g_order_in_use) g_order = LiveOrder();
  g_order_in_use = true;
  const LiveOrder::Answer answer = g_order.Note(request);
  g_order_in_use = false;
  if (g_order.is_full() && !g_said_full) {
    g_said_full = true;
    Message() << "mode=live knows as many combinations of held locks as it "
                 "can: new lock orders are not seen any more, deadlocks are";
  }
  return answer;
}

// An acquisition that takes no time, in the place of the one that follows.
void WriteRequest(Thread* t, const LockRequest& request, uint32_t site) {
  const Keep keep(t);
  Acquisition a{};
  a.object = ObjectId(*request.lock);
  a.site = site;
  a.flags = static_cast<uint32_t>(request.how) |
            (request.reads ? uint32_t{log::kFlagShared} : 0u);
  if (request.group != 0) {
    a.flags |= log::kFlagGroup;
    a.group = request.group;
  }
  OpenHold(t, a);
  CloseHold(t, HoldCount(t) - 1);
}

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

void RememberLiveWay(Kept& kept, uint64_t way) {
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
  if (KnowsLiveWay(t->kept(), way)) return;
  RememberLiveWay(t->kept(), way);
  constexpr size_t kFew = 32;
  uint32_t few[kFew];
  const size_t held_count = count - request.group;
  uint32_t* const held =
      held_count <= kFew
          ? few
          : static_cast<uint32_t*>(MapPages(held_count * sizeof(uint32_t)));
  if (held == nullptr) return;
  for (size_t i = 0; i < held_count; ++i) held[i] = Id(h.holds[i]);
  const LiveOrder::Answer answer =
      Note({t->hot.actor, t->phase, wanted, held, held_count});
  if (held != few) UnmapPages(held, held_count * sizeof(uint32_t));
  if (answer == LiveOrder::Answer::kKnown) return;
  WriteRequest(t, request, site);
  if (answer == LiveOrder::Answer::kCloses) {
    NoteClosing(t, *request.lock, site);
  }
}

void ForgetLiveWays(Kept& kept) {
  kept.live_count = 0;
  if (kept.live_ways != nullptr) {
    // Zeros from the kernel, when they are next wanted.
    madvise(kept.live_ways, kept.live_capacity * sizeof(uint64_t),
            MADV_DONTNEED);
  } else {
    memset(kept.ways, 0, sizeof(kept.ways));
  }
}

namespace {

// What is kept of a block, and what its thread did last, if it lets us.
[[gnu::no_sanitize_thread]] void CopyBlock(int to, const Thread* t,
                                           log::BlockHeader* buffer) {
  constexpr int kPatience = 20;
  const log::BlockHeader* const block = t->block;
  if (block == nullptr || t->scratch) return;
  const auto kept = [t] { return static_cast<size_t>(t->mark - t->begin); };
  for (int i = 0; i < kPatience; ++i) {
    const uint32_t before = t->rewinds.load(std::memory_order_seq_cst);
    log::Writer::CopyHotTo(to, block, log::kBlockWords, buffer);
    if (t->rewinds.load(std::memory_order_seq_cst) == before) return;
  }
  log::Writer::CopyHotTo(to, block, kept(), buffer);
}

}  // namespace

int CopyLog() {
  auto* const buffer =
      static_cast<log::BlockHeader*>(MapPages(log::kBlockSize));
  if (buffer == nullptr) return -1;
  int fd = memfd_create("lockcheck-copy", MFD_CLOEXEC);
  if (fd >= 0 && !g_writer.CopyTo(fd, buffer)) {
    close(fd);
    fd = -1;
  }
  for (const Thread* t = FirstThread(); fd >= 0 && t != nullptr;
       t = t->next_all) {
    CopyBlock(fd, t, buffer);
  }
  UnmapPages(buffer, log::kBlockSize);
  return fd;
}

}  // namespace lockcheck::runtime
