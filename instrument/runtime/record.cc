#include "instrument/runtime/record.h"

#include <sys/mman.h>
#include <time.h>

#include <cstring>

#include "instrument/runtime/live.h"
#include "instrument/runtime/process.h"

namespace lockcheck::runtime {
namespace {

using log::Op;

// At random, up to twice the mean apart: a plain modulo times one lock of four
// always and the others never. A sample costs two reads of the time-stamp
// counter and a mispredicted branch or two, some 40 ns: at a mean of 16 that
// would be more than all the rest of the recording, at 32 half of it. Who has
// taken many samples needs fewer; who lives briefly has few enough.
uintptr_t SampleGap(Thread* t) {
  const bool early = t->samples < kEarlySamples;
  if (early) ++t->samples;
  const uint32_t mean = early ? kEarlyInterval : kSampleInterval;
  uint32_t x = t->random;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  t->random = x;
  return (1 + x % (2 * mean - 1)) * sizeof(uint32_t);
}

void Publish(Thread* t, uint32_t first, uint32_t* next) {
  uint32_t* const start = t->hot.cursor;
  internal::StoreWord(start, first);
  t->hot.cursor = next;
  if (next - start > 1) t->after_long = next;
}

void RescueDefinitions(void* context, const uint32_t* words, size_t count);

// The file takes no more: what this thread writes from now on is dropped, and
// counted.
void UseScratch(Thread* t) {
  SayStopped();
  void* const scratch = MapPages(log::kBlockSize);
  if (scratch == nullptr) return;  // the old block is overwritten instead
  t->block = static_cast<log::BlockHeader*>(scratch);
}

// None of them is in the block any more.
void ForgetRecordsOfHolds(Thread* t) {
  const ThreadHolds& h = t->kept().hot;
  for (Hold* hold = h.holds; hold != h.top; ++hold) {
    hold->after = internal::kNotHere;
  }
}

void ResetBlock(Thread* t) {
  auto* const words = reinterpret_cast<uint32_t*>(t->block);
  t->begin = words + log::kHeaderWords;
  t->end = words + log::kBlockWords;
  t->safe_end = t->end - 2 * kSlackWords;
  t->hot.cursor = t->begin;
  t->mark = t->begin;
  t->mark_segment = t->segment;
  ForgetRecordsOfHolds(t);
}

}  // namespace

static_assert(internal::kOpenOpcode == log::kOpen &&
              internal::kOpenOpcodeBit == log::kOpenBit &&
              uint32_t{internal::kSiteShort} == log::kSection &&
              internal::kReadOpcode == log::kOpenHandover);

void InstallBlock(Thread* t, log::BlockHeader* block) {
  t->block = block;
  ResetBlock(t);
}

bool GrowHolds(Thread* t) {
  ThreadHolds& h = t->kept().hot;
  const auto capacity = static_cast<size_t>(h.limit - h.holds);
  const size_t larger = capacity == 0 ? 127 : capacity * 2 + 1;
  auto* grown = static_cast<Hold*>(MapPages((larger + 1) * sizeof(Hold)));
  if (grown == nullptr) return false;
  ++grown;  // the first matches nothing
  grown[-1].gate = internal::kGateNoHold;
  const size_t count = HoldCount(t);
  if (count != 0) memcpy(grown, h.holds, count * sizeof(Hold));
  // The old list stays: another thread may be looking at it (deadlock.cc). All
  // the old ones together are smaller than the new one.
  h.holds = grown;
  h.top = grown + count;
  h.limit = grown + larger;
  return true;
}

void FreeHolds(Thread* t) {
  const ThreadHolds& h = t->kept().hot;
  munmap(h.holds - 1,
         static_cast<size_t>(h.limit - h.holds + 1) * sizeof(Hold));
}

Record& Record::Text(const char* text, size_t bytes) {
  Word(static_cast<uint32_t>(bytes));
  const size_t words = (bytes + 3) / 4;
  if (words != 0) {
    next_[words - 1] = 0;
    memcpy(next_, text, bytes);
    next_ += words;
  }
  return *this;
}

Record& Record::Text(const char* text) {
  return Text(text == nullptr ? "" : text, text == nullptr ? 0 : strlen(text));
}

void Record::End(Op op, uint32_t arg) {
  const auto words = static_cast<uint32_t>(next_ - t_->hot.cursor);
  Publish(t_, log::Extended(op, words, arg), next_);
  // An acquisition counts as one word, however long its record is.
  DelaySample(t_, op == Op::kAcquire ? words - 1 : words);
}

namespace {

// A held list longer than a block can hold is cut: the innermost are kept out,
// and a reader sees their release as one of an unknown hold.
size_t ListedHolds(Thread* t) {
  constexpr size_t kMost = log::kBlockWords / 2 / 2;
  const size_t count = HoldCount(t);
  return count < kMost ? count : kMost;
}

}  // namespace

size_t SegmentWords(Thread* t) { return 16 + 2 * ListedHolds(t); }

void BeginSegment(Thread* t, uint32_t number) {
  const Hold* const holds = t->kept().hot.holds;
  const size_t held = ListedHolds(t);
  __atomic_store_n(&t->segment, number, __ATOMIC_RELEASE);
  __atomic_store_n(&t->segment_begin, t->hot.cursor, __ATOMIC_RELEASE);
  t->hot.read_tag = 0;
  t->after_access = nullptr;
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  t->stamp = Ticks();
  Record r(t);
  r.Word(t->hot.actor).Word(t->process).Word(number).U64(t->stamp);
  r.U64(static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 +
        static_cast<uint64_t>(now.tv_nsec));
  r.Word(static_cast<uint32_t>(held));
  for (size_t i = 0; i < held; ++i) {
    r.Word(ObjectOf(holds[i]));
    r.Word(SiteOf(holds[i]) | (IsRead(holds[i]) ? log::kHeldShared : 0));
  }
  r.End(Op::kSegment);
}

void WriteBegin(Thread* t) {
  Record r = Begin(t, 6);
  r.Word(t->begin_parent).Word(t->tid).U64(t->begin_ticks);
  r.End(Op::kBegin, static_cast<uint32_t>(t->begin_how));
}

void EmptyScratch(Thread* t) {
  if (!t->scratch) return;
  uint64_t records = 0;
  for (const uint32_t* p = t->begin; p < t->hot.cursor; ++records) {
    const size_t words = log::RecordWords(p[0], p + 1 < t->end ? p[1] : 0);
    if (words == 0) break;
    p += words;
  }
  g_writer.header()->dropped.fetch_add(records, std::memory_order_relaxed);
  memset(t->begin, 0, static_cast<size_t>(t->hot.cursor - t->begin) * 4);
  ResetBlock(t);
}

void Rewind(Thread* t) {
  if (t->hot.cursor == t->mark) return;
  // Who copies the block meanwhile sees that, and begins anew.
  t->rewinds.fetch_add(1, std::memory_order_seq_cst);
  internal::StoreWord(t->mark, 0);
  memset(t->mark, 0, static_cast<size_t>(t->hot.cursor - t->mark) * 4);
  t->hot.cursor = t->mark;
  t->after_wait = nullptr;
  t->after_access = nullptr;
  t->segment = t->mark_segment;
  ForgetRecordsOfHolds(t);
}

void RoomSlow(Thread* t) {
  const auto old_cursor = reinterpret_cast<uintptr_t>(t->hot.cursor);
  if (t->scratch) {
    EmptyScratch(t);
  } else if (RewindInsteadOfSealing(t)) {
    BeginSegment(t, t->segment + 1);
  } else {
    const auto used = static_cast<size_t>(
        t->hot.cursor - reinterpret_cast<uint32_t*>(t->block));
    switch (g_writer.Seal(t->block, used, &RescueDefinitions, t)) {
      case log::Writer::Sealed::kRescued:  // which began the new segment
        break;
      case log::Writer::Sealed::kSealed:
        ResetBlock(t);
        break;
      case log::Writer::Sealed::kFailed:
        t->scratch = true;
        UseScratch(t);
        ResetBlock(t);
        break;
    }
  }
  if (t->hot.cursor == t->begin) BeginSegment(t, t->segment + 1);
  if (t->timing == Timing::kSampled) {
    t->sample_target -= old_cursor - reinterpret_cast<uintptr_t>(t->hot.cursor);
    SetSampleAt(t);
  } else {
    ResetSampling(t);
  }
}

namespace {

bool IsDefinition(uint32_t word) {
  return (word & log::kShortOpMask) == log::kExtended &&
         log::OpOf(word) >= Op::kDefProcess && log::OpOf(word) <= Op::kDefName;
}

// A ring overwrites its oldest block. The events go; what they were called must
// stay, so definitions are carried over into this thread's new segment, up to
// three quarters of it. What does not fit is counted as dropped.
void RescueDefinitions(void* context, const uint32_t* words, size_t count) {
  auto* const t = static_cast<Thread*>(context);
  ResetBlock(t);
  BeginSegment(t, t->segment + 1);
  uint32_t* const bound = t->begin + log::kBlockWords * 3 / 4;
  uint64_t lost = 0;
  for (size_t i = 0; i < count;) {
    const size_t n =
        log::RecordWords(words[i], i + 1 < count ? words[i + 1] : 0);
    if (n == 0 || i + n > count) break;
    if (IsDefinition(words[i])) {
      if (t->hot.cursor + n > bound) {
        ++lost;
      } else {
        memcpy(t->hot.cursor + 1, words + i + 1, (n - 1) * sizeof(uint32_t));
        Publish(t, words[i], t->hot.cursor + n);
      }
    }
    i += n;
  }
  if (lost != 0) {
    g_writer.header()->dropped.fetch_add(lost, std::memory_order_relaxed);
  }
}

}  // namespace

namespace {

bool IsTry(uint32_t flags) {
  return (flags & log::kFlagHowMask) ==
         static_cast<uint32_t>(internal::How::kTry);
}

// A reader's short record always has the detail word.
bool FitsShort(const Acquisition& a) {
  const uint32_t more = a.flags & (log::kFlagHandover | log::kFlagShared);
  return a.object < log::kShortObjects && a.site < log::kShortSites &&
         (a.flags &
          ~(log::kFlagHandover | log::kFlagStart | log::kFlagShared)) == 0 &&
         more != log::kFlagShared && a.handover <= log::kDetailCount;
}

// Writes the record; returns its first word, 0 if it is a wide one.
uint32_t WriteOpen(Thread* t, const Acquisition& a) {
  const bool handover = (a.flags & log::kFlagHandover) != 0;
  const bool timed = (a.flags & log::kFlagStart) != 0;
  const uint32_t gap = timed ? log::EncodeTicks(a.start_ticks - t->stamp) : 0;
  const bool reads = (a.flags & log::kFlagShared) != 0;
  // A plain record would be one more reading. With mode=live an id comes again.
  const bool was_read_last = !reads && ForgetReading(t, ReadTag(a.object));
  if (!FitsShort(a) || gap == log::kStillOpen || (was_read_last && !handover)) {
    Record r(t);
    r.Word(a.object).Word(a.site);
    if (handover) r.Word(a.handover);
    if (timed) r.U64(a.start_ticks);
    if (a.flags & log::kFlagGroup) r.Word(a.group);
    r.End(Op::kAcquire, a.flags);
    return 0;
  }
  if (timed) t->stamp += log::DecodeTicks(gap);
  const uint32_t time = gap | log::kStillOpen << 16;
  uint32_t* const cursor = t->hot.cursor;
  if (handover) {
    cursor[1] = a.handover | (timed ? log::kDetailTimed : 0) |
                (reads ? log::kDetailShared : 0);
    if (reads) {
      t->hot.read_tag = ReadTag(a.object);
      t->hot.read_count = a.handover;
    }
    if (timed) cursor[2] = time;
    const size_t words = timed ? 3 : 2;
    const uint32_t word = log::Pack(log::kOpenHandover, a.object, a.site);
    Publish(t, word, cursor + words);
    DelaySample(t, words - 1);
    return word;
  }
  uint32_t word = log::Pack(log::kOpen, a.object, a.site);
  if (timed) {
    word = log::Pack(log::kTimed, a.object, a.site);
    cursor[1] = time;
    Publish(t, word, cursor + 2);
    DelaySample(t, 1);
  } else {
    PublishWord(t, word);
  }
  return word;
}

// The wide record of an open hold becomes that of a section, if it is the last
// one and nothing has to be added.
bool CloseWideInPlace(Thread* t, const Hold& hold) {
  if (hold.start_ticks != 0) return false;
  uint32_t* const record = t->hot.cursor - (hold.words & internal::kHoldWords);
  internal::StoreWord(record,
                      *record ^ (static_cast<uint32_t>(Op::kAcquire) << 3 ^
                                 static_cast<uint32_t>(Op::kSection) << 3));
  return true;
}

// The release of a hold whose record stays as it is.
void WriteRelease(Thread* t, const Hold& hold, uint32_t depth, uint64_t now) {
  if (!IsTimed(hold)) {
    if (depth == 0) return WriteClose(t);
    PublishWord(t, log::CloseWord(depth));
    return DelaySample(t, 1);
  }
  const uint32_t length = log::EncodeTicks(now - hold.start_ticks);
  if (depth < log::kCloseDepths && length != log::kStillOpen) {
    PublishWord(t, log::TimedCloseWord(depth, length));
    return DelaySample(t, 1);
  }
  Record r(t);
  r.Word(depth).U64(now);
  r.End(Op::kRelease, log::kFlagEnd);
}

}  // namespace

void OpenHold(Thread* t, const Acquisition& a) {
  Room(t, 16);
  const ThreadHolds& h = t->kept().hot;
  const uint32_t* const before = t->hot.cursor;
  uint32_t word = WriteOpen(t, a);
  // A plain hold has no room to say that it is a permit's.
  if (a.permit && (word & log::kShortOpMask) == log::kOpen) {
    word |= internal::kReadOpcode;
  }
  if (h.top == h.limit && !GrowHolds(t)) {
    return;  // out of memory: the log keeps it, only this list is short
  }
  Hold& hold =
      PushHold(t, word, a.gate, a.flags & log::kFlagStart ? a.start_ticks : 0);
  hold.words = static_cast<uint32_t>(t->hot.cursor - before) |
               (a.flags & log::kFlagShared ? internal::kHoldIsRead : 0) |
               (a.permit ? internal::kHoldIsPermit : 0) |
               (IsTry(a.flags) ? internal::kHoldIsTried : 0);
  hold.object = a.object;
  hold.site = a.site;
}

size_t FindHold(Thread* t, uint32_t object) {
  const Hold* const holds = t->kept().hot.holds;
  for (size_t i = HoldCount(t); i > 0; --i) {
    if (ObjectOf(holds[i - 1]) == object) return i - 1;
  }
  return SIZE_MAX;
}

void RemoveHold(Thread* t, size_t index) {
  ThreadHolds& h = t->kept().hot;
  Hold* const hold = h.holds + index;
  if (hold + 1 != h.top) {
    memmove(hold, hold + 1,
            static_cast<size_t>(h.top - hold - 1) * sizeof(Hold));
  }
  --h.top;
}

void CloseHold(Thread* t, size_t index) {
  Room(t, 16);
  const Hold& hold = t->kept().hot.holds[index];
  const auto depth = static_cast<uint32_t>(HoldCount(t) - 1 - index);
  const uint64_t now = IsTimed(hold) ? ReleaseTicks(hold) : 0;
  const bool in_place =
      depth == 0 && IsLast(t, hold) &&
      (hold.word == 0 ? CloseWideInPlace(t, hold) : CloseInPlace(t, hold, now));
  if (!in_place) WriteRelease(t, hold, depth, now);
  RemoveHold(t, index);
}

bool TakeSample(Thread* t) {
  const auto cursor = reinterpret_cast<uintptr_t>(t->hot.cursor);
  if (cursor < t->sample_target) return false;
  if (t->timing == Timing::kFull) return true;
  t->sample_target = cursor + SampleGap(t);
  SetSampleAt(t);
  // About as far ahead as the next sample: the store that begins a cache line
  // does not wait for it while the lock is held.
  __builtin_prefetch(t->hot.cursor + 32, 1);
  return true;
}

void ResetSampling(Thread* t) {
  const auto cursor = reinterpret_cast<uintptr_t>(t->hot.cursor);
  t->timing = g_options.timing;
  switch (t->timing) {
    case Timing::kOff:
      t->sample_target = kNeverSample;
      break;
    case Timing::kSampled:
      // The first may be the one.
      t->sample_target = cursor + SampleGap(t) - sizeof(uint32_t);
      break;
    case Timing::kFull:
      t->sample_target = 0;
      break;
  }
  SetSampleAt(t);
}

}  // namespace lockcheck::runtime
