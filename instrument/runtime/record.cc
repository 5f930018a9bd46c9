#include "instrument/runtime/record.h"

#include <sys/mman.h>
#include <time.h>

#include <cstring>

#include "instrument/runtime/process.h"

namespace lockcheck::runtime {
namespace {

using log::Op;

// Mean 32, one to 63 acquisitions apart: a plain modulo times one lock of four
// always and the others never. A sample costs two reads of the time-stamp
// counter and a mispredicted branch or two, some 40 ns: at a mean of 16 that
// would be more than all the rest of the recording.
uintptr_t SampleGap(Thread* t) {
  uint32_t x = t->random;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  t->random = x;
  return (1 + x % (2 * kSampleInterval - 1)) * sizeof(uint32_t);
}

void Publish(Thread* t, uint32_t first, uint32_t* next) {
  uint32_t* const start = t->hot.cursor;
  internal::StoreWord(start, first);
  t->hot.cursor = next;
  if (next - start > 1) t->after_long = next;
}

uint32_t WaitersFlag(bool saw_waiters) {
  return saw_waiters ? static_cast<uint32_t>(log::kFlagWaiters) : 0;
}

bool IsPlain(const internal::PendingEntry* p) {
  return (p->packed & log::kShortOpMask) == log::kSection;
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

void ResetBlock(Thread* t) {
  auto* const words = reinterpret_cast<uint32_t*>(t->block);
  t->begin = words + log::kHeaderWords;
  t->end = words + log::kBlockWords;
  t->safe_end = t->end - 2 * kSlackWords;
  t->hot.cursor = t->begin;
  t->hot.pending =
      reinterpret_cast<internal::PendingEntry*>(&t->block->pending);
}

}  // namespace

static_assert(sizeof(internal::PendingEntry) == sizeof(log::Pending));
static_assert(offsetof(log::BlockHeader, pending) == 8 * sizeof(uint32_t));
static_assert(offsetof(log::Pending, start_ticks) ==
              offsetof(internal::PendingEntry, start_ticks));
static_assert(internal::kSectionOpcode == log::kSection &&
              uint32_t{internal::kSiteShort} == log::kSection);

void InstallBlock(Thread* t, log::BlockHeader* block) {
  t->block = block;
  ResetBlock(t);
}

bool GrowHeld(Thread* t) {
  Kept& k = t->kept();
  const size_t capacity = k.held_capacity == 0 ? 256 : k.held_capacity * 2;
  auto* grown = static_cast<Held*>(MapPages(capacity * sizeof(Held)));
  if (grown == nullptr) return false;
  if (k.held_count != 0) memcpy(grown, k.held, k.held_count * sizeof(Held));
  if (k.held != nullptr) munmap(k.held, k.held_capacity * sizeof(Held));
  k.held = grown;
  k.held_capacity = capacity;
  return true;
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
  DelaySample(t_, words);
}

void BeginSegment(Thread* t, uint32_t number) {
  const Kept& k = t->kept();
  // A held list longer than a block can hold is cut: the innermost are kept
  // out, and a reader sees their release as one of an unknown hold.
  const size_t room = log::kBlockWords / 2 / 2;
  const size_t held = k.held_count < room ? k.held_count : room;
  t->segment = number;
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  t->stamp = Ticks();
  Record r(t);
  r.Word(t->actor).Word(t->process).Word(number).U64(t->stamp);
  r.U64(static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 +
        static_cast<uint64_t>(now.tv_nsec));
  r.Word(static_cast<uint32_t>(held));
  for (size_t i = 0; i < held; ++i) {
    r.Word(k.held[i].object).Word(k.held[i].site);
  }
  r.End(Op::kSegment);
}

void RoomSlow(Thread* t) {
  const auto old_cursor = reinterpret_cast<uintptr_t>(t->hot.cursor);
  const auto used = static_cast<size_t>(t->hot.cursor -
                                        reinterpret_cast<uint32_t*>(t->block));
  const internal::PendingEntry pending = *t->hot.pending;
  if (t->scratch) {
    g_writer.header()->dropped.fetch_add(
        static_cast<uint64_t>(t->hot.cursor - t->begin),
        std::memory_order_relaxed);
    memset(t->begin, 0, static_cast<size_t>(t->hot.cursor - t->begin) * 4);
    ResetBlock(t);
  } else if (g_writer.Seal(t->block, used, &RescueDefinitions, t)) {
    // Seal calls RescueDefinitions last, which begins the new segment.
    if (reinterpret_cast<uintptr_t>(t->hot.cursor) == old_cursor) ResetBlock(t);
  } else {
    t->scratch = true;
    UseScratch(t);
    ResetBlock(t);
    *t->hot.pending = pending;
  }
  if (t->hot.cursor == t->begin) BeginSegment(t, t->segment + 1);
  if (pending.packed != 0) {
    t->hot.pending->position = static_cast<uint32_t>(
        t->hot.cursor - reinterpret_cast<uint32_t*>(t->block));
  }
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

// How many words a record takes; 0 at the end of the records.
size_t RecordWords(uint32_t word) {
  switch (word & log::kShortOpMask) {
    case log::kExtended:
      return word == 0 ? 0 : log::WordsOf(word);
    case log::kSectionHandover:
    case log::kSectionTimed:
    case log::kOpenHandover:
      return 2;
    default:
      return 1;
  }
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
    const size_t n = RecordWords(words[i]);
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

void SetPending(Thread* t, const Acquisition& a) {
  Room(t, 0);
  internal::PendingEntry* const p = t->hot.pending;
  p->object = a.object;
  p->site = a.site;
  p->handover = a.handover;
  p->flags = a.flags | a.group << 8;
  p->start_ticks = a.start_ticks;
  p->position = static_cast<uint32_t>(t->hot.cursor -
                                      reinterpret_cast<uint32_t*>(t->block));
  const bool small = a.object < log::kShortObjects && a.site < log::kShortSites;
  uint32_t packed = log::Extended(Op::kSection, 1);
  if (small && a.flags == 0) {
    packed = log::Pack(log::kSection, a.object, a.site);
  } else if (small && a.flags == log::kFlagHandover) {
    packed = log::Pack(log::kSectionHandover, a.object, a.site);
  } else if (small && a.flags == log::kFlagStart) {
    packed = log::Pack(log::kSectionTimed, a.object, a.site);
  }
  internal::StoreWord(&p->packed, packed);
}

uint32_t PendingObject(const Thread* t) {
  const internal::PendingEntry* const p = t->hot.pending;
  return IsPlain(p) ? log::ObjectOf(p->packed) : p->object;
}

uint32_t PendingSite(const Thread* t) {
  const internal::PendingEntry* const p = t->hot.pending;
  return IsPlain(p) ? log::SiteOf(p->packed) : p->site;
}

void OpenPending(Thread* t) {
  internal::PendingEntry* const p = t->hot.pending;
  if (p->packed == 0) return;
  Room(t, 16);
  const uint32_t object = PendingObject(t);
  const uint32_t site = PendingSite(t);
  bool timed = false;
  switch (p->packed & log::kShortOpMask) {
    case log::kSection:
      PublishWord(t, log::Pack(log::kOpen, object, site));
      break;
    case log::kSectionHandover:
      t->hot.cursor[1] = p->handover;
      Publish(t, log::Pack(log::kOpenHandover, object, site),
              t->hot.cursor + 2);
      DelaySample(t, 1);
      break;
    default: {
      const uint32_t flags = p->flags & 0xff;
      timed = (flags & log::kFlagStart) != 0;
      Record r(t);
      r.Word(object).Word(site);
      if (flags & log::kFlagHandover) r.Word(p->handover);
      if (timed) r.U64(p->start_ticks);
      if (flags & log::kFlagGroup) r.Word(p->flags >> 8);
      r.End(Op::kAcquire, flags);
      break;
    }
  }
  const bool small = object < log::kShortObjects && site < log::kShortSites;
  PushHeld(t, {object, site, timed ? 1u : 0u,
               small ? log::Pack(log::kSection, object, site) : 0});
  internal::StoreWord(&p->packed, 0);
}

namespace {

// The two-word form of a timed section, if the times fit.
bool CloseTimed(Thread* t, const internal::PendingEntry* p, uint64_t end) {
  if (p->start_ticks < t->stamp || end < p->start_ticks) return false;
  const uint32_t gap = log::EncodeTicks(p->start_ticks - t->stamp);
  const uint32_t length = log::EncodeTicks(end - p->start_ticks);
  if (gap == 0xffff || length == 0xffff) return false;
  t->stamp += log::DecodeTicks(gap);
  t->hot.cursor[1] = gap | length << 16;
  Publish(t, p->packed, t->hot.cursor + 2);
  DelaySample(t, 1);
  return true;
}

}  // namespace

void ClosePending(Thread* t, bool saw_waiters) {
  Room(t, 16);
  internal::PendingEntry* const p = t->hot.pending;
  const uint32_t opcode = p->packed & log::kShortOpMask;
  const bool timed =
      opcode == log::kSection ? false : (p->flags & log::kFlagStart) != 0;
  const uint64_t end = timed || saw_waiters ? Ticks() : 0;
  if (opcode == log::kSection && !saw_waiters) {
    PublishWord(t, p->packed);
  } else if (opcode == log::kSectionHandover && !saw_waiters) {
    t->hot.cursor[1] = p->handover;
    Publish(t, p->packed, t->hot.cursor + 2);
    DelaySample(t, 1);
  } else if (opcode != log::kSectionTimed || saw_waiters ||
             !CloseTimed(t, p, end)) {
    uint32_t flags = opcode == log::kSection ? 0 : p->flags & 0xff;
    Record r(t);
    r.Word(PendingObject(t)).Word(PendingSite(t));
    if (flags & log::kFlagHandover) r.Word(p->handover);
    if (flags & log::kFlagStart) r.U64(p->start_ticks);
    if (end != 0) {
      flags |= log::kFlagEnd;
      r.U64(end);
    }
    if (flags & log::kFlagGroup) r.Word(p->flags >> 8);
    r.End(Op::kSection, flags | WaitersFlag(saw_waiters));
  }
  internal::StoreWord(&p->packed, 0);
}

size_t FindHeld(Thread* t, uint32_t object) {
  const Kept& k = t->kept();
  for (size_t i = k.held_count; i > 0; --i) {
    if (k.held[i - 1].object == object) return i - 1;
  }
  return SIZE_MAX;
}

void RemoveHeld(Thread* t, size_t index) {
  Kept& k = t->kept();
  memmove(k.held + index, k.held + index + 1,
          (k.held_count - index - 1) * sizeof(Held));
  --k.held_count;
}

void CloseHeld(Thread* t, size_t index, bool saw_waiters) {
  Room(t, 16);
  const Held held = t->kept().held[index];
  const auto depth = static_cast<uint32_t>(t->kept().held_count - 1 - index);
  if (held.timed || saw_waiters) {
    Record r(t);
    r.Word(depth).U64(Ticks());
    r.End(Op::kRelease, log::kFlagEnd | WaitersFlag(saw_waiters));
  } else if (depth == 0) {
    CloseInnermost(t);
  } else {
    PublishWord(t, log::kClose | depth << 3);
    DelaySample(t, 1);
  }
  RemoveHeld(t, index);
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
      t->sample_target = cursor + SampleGap(t);
      break;
    case Timing::kFull:
      t->sample_target = 0;
      break;
  }
  SetSampleAt(t);
}

}  // namespace lockcheck::runtime
