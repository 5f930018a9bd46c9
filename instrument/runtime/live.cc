#include "instrument/runtime/live.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "instrument/runtime/live_book.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {
namespace {

bool IsWaiting(const Thread* t) {
  return (t->waiting.number.load(std::memory_order_relaxed) & 1) != 0;
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
