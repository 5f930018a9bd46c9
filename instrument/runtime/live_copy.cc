#include "instrument/runtime/live_copy.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "instrument/runtime/live_book.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/thread.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {
namespace {

using log::BlockHeader;
using log::kBlockSize;
using log::kBlockWords;
using log::kHeaderWords;
using log::Op;

constexpr uint32_t kSegmentWords = 9;  // of one that holds nothing
constexpr uint32_t kMostHeld = kBlockWords / 4;
constexpr uint32_t kMostRequestWords = 8;

// A segment that the threads' blocks do not have.
struct Added {
  uint32_t actor;
  uint32_t behind;  // how many of the actor's own it stands behind
  const uint32_t* words;
  size_t count;
  bool is_fact;  // else `words` are its records
};

bool IsBefore(const Added& a, const Added& b) {
  return a.actor != b.actor ? a.actor < b.actor : a.behind < b.behind;
}

// Of an object: they are added, and those in a block may be of what is gone.
bool IsDefinition(uint32_t word) {
  return (word & log::kShortOpMask) == log::kExtended &&
         log::OpOf(word) == Op::kDefObject;
}

bool IsFork(uint32_t word) {
  return (word & log::kShortOpMask) == log::kExtended &&
         log::OpOf(word) == Op::kFork;
}

// Whether the record says more than what some thread does with some lock.
bool IsKept(uint32_t word) {
  if ((word & log::kShortOpMask) != log::kExtended) return false;
  switch (log::OpOf(word)) {
    case Op::kAcquire:
    case Op::kSection:
    case Op::kRelease:
    case Op::kReleasedByOther:
    case Op::kTryFailed:
    case Op::kBlock:
    case Op::kWake:
    case Op::kWaitStack:
    case Op::kSawWaiters:
    case Op::kDestroy:
    case Op::kPost:
    case Op::kTake:
    case Op::kTakeAndPost:
    case Op::kAccess:
    case Op::kDefObject:
      return false;
    default:
      return true;
  }
}

// A block for each of the two sides; a stack may be small.
class Blocks {
 public:
  Blocks()
      : pages_(MapPages(2 * kBlockSize)),
        in_(static_cast<BlockHeader*>(pages_)) {}
  ~Blocks() {
    if (pages_ != nullptr) UnmapPages(pages_, 2 * kBlockSize);
  }
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;
  bool ok() const { return pages_ != nullptr; }
  BlockHeader* in() const { return in_; }
  BlockHeader* out() const {
    return reinterpret_cast<BlockHeader*>(reinterpret_cast<char*>(in_) +
                                          kBlockSize);
  }

 private:
  void* const pages_;
  BlockHeader* const in_;
};

class Copier {
 public:
  Copier(int fd, CopyOf what) : fd_(fd), what_(what) {}
  ~Copier() {
    book_.facts.Release();
    book_.definitions.Release();
    book_.begins.Release();
    added_.Release();
    begun_.Release();
    seen_.Release();
  }
  Copier(const Copier&) = delete;
  Copier& operator=(const Copier&) = delete;

  bool Copy() {
    return blocks_.ok() && CopyLiveBook(book_) && ListAdded() && CopyOwn() &&
           CopyOthers() && WriteAdded() && WriteIdle() && WriteHeader();
  }
  uint32_t candidates() const { return book_.candidates; }

 private:
  // ---- What is added ----
  bool ListAdded();
  bool ListDefinitions();
  bool ListBegins();
  uint32_t AddedBefore(uint32_t actor, uint32_t segment) const;
  bool WriteAdded();
  void WriteSegment(const Added& added, uint32_t number);
  void WriteRequest(const LiveFact& fact);

  // ---- What the blocks have ----
  bool CopyOwn();
  bool CopyOthers();
  static bool IsOwn(uint64_t number);
  size_t CopyHot(const Thread* t);
  bool AddBlock(size_t words, bool all);
  void AddSegment(const uint32_t* record, bool all);
  bool WriteIdle();

  // ---- The file ----
  uint32_t* Room(size_t words);
  void Word(uint32_t word) { *next_++ = word; }
  bool Flush();
  bool WriteHeader();

  const int fd_;
  const CopyOf what_;
  const Blocks blocks_;
  LiveBook book_;
  LiveList<Added> added_;
  LiveList<uint32_t> begun_;  // actors that somebody began
  LiveList<uint32_t> seen_;   // those that have a segment in a block
  uint64_t written_ = 1;      // blocks
  uint32_t* next_ = nullptr;  // in blocks_.out(); null: nothing is in it
  bool failed_ = false;
};

// ---- The file ---------------------------------------------------------------

bool Copier::Flush() {
  if (next_ == nullptr) return !failed_;
  auto* const block = blocks_.out();
  auto* const end = reinterpret_cast<uint32_t*>(block) + kBlockWords;
  memset(next_, 0, static_cast<size_t>(end - next_) * sizeof(uint32_t));
  *block = {};
  block->magic = log::kBlockMagic;
  block->kind = log::BlockKind::kHot;
  block->number = written_;
  failed_ |= pwrite(fd_, block, kBlockSize,
                    static_cast<off_t>(written_ * kBlockSize)) !=
             static_cast<ssize_t>(kBlockSize);
  ++written_;
  next_ = nullptr;
  return !failed_;
}

// For a whole segment, which is at most a block.
uint32_t* Copier::Room(size_t words) {
  auto* const first = reinterpret_cast<uint32_t*>(blocks_.out());
  if (next_ != nullptr && next_ + words > first + kBlockWords) Flush();
  if (next_ == nullptr) next_ = first + kHeaderWords;
  return next_;
}

bool Copier::WriteHeader() {
  if (!Flush() || !g_writer.ReadBlock(0, blocks_.in())) return false;
  reinterpret_cast<log::FileHeader*>(blocks_.in())->next_block.store(written_);
  return pwrite(fd_, blocks_.in(), kBlockSize, 0) ==
         static_cast<ssize_t>(kBlockSize);
}

// ---- What is added ----------------------------------------------------------

// Whole records, as many as go well into a block, before the first segment of
// the actor that described the process: behind one it would end what that is
// about.
bool Copier::ListDefinitions() {
  constexpr size_t kEnough = kBlockWords / 2;
  const LiveList<uint32_t>& words = book_.definitions;
  const uint32_t actor = g_fork_page->described_by;
  if (actor == 0) return true;  // a forked child that has done nothing yet
  for (size_t i = 0; i < words.size;) {
    const size_t begin = i;
    while (i < words.size && i - begin < kEnough) {
      i += log::WordsOf(words.items[i]);
    }
    if (!added_.Push({actor, 0, words.items + begin, i - begin, false})) {
      return false;
    }
  }
  return true;
}

bool Copier::ListBegins() {
  const LiveList<uint32_t>& words = book_.begins;
  for (size_t i = 0; i < words.size; i += 1 + kLiveBeginWords) {
    if (!added_.Push(
            {words.items[i], 0, words.items + i + 1, kLiveBeginWords, false})) {
      return false;
    }
  }
  return true;
}

bool Copier::ListAdded() {
  // A thread that waits does so in its last segment.
  if (what_ == CopyOf::kPresent) book_.facts.size = book_.begins.size = 0;
  if (!ListDefinitions() || !ListBegins()) return false;
  const LiveList<uint32_t>& facts = book_.facts;
  for (size_t i = 0; i < facts.size;) {
    LiveFact fact;
    memcpy(&fact, facts.items + i, sizeof(fact));
    if (!added_.Push({fact.actor, fact.segment + 1, facts.items + i, fact.words,
                      true})) {
      return false;
    }
    i += fact.words;
  }
  std::sort(added_.items, added_.items + added_.size, IsBefore);
  return true;
}

// How many are added before that segment of the actor's.
uint32_t Copier::AddedBefore(uint32_t actor, uint32_t segment) const {
  const Added* const begin = added_.items;
  const Added* const end = begin + added_.size;
  const Added first = {actor, 0, nullptr, 0, false};
  const Added last = {actor, segment + 1, nullptr, 0, false};
  return static_cast<uint32_t>(std::lower_bound(begin, end, last, IsBefore) -
                               std::lower_bound(begin, end, first, IsBefore));
}

void Copier::WriteSegment(const Added& added, uint32_t number) {
  LiveFact fact = {};
  const uint32_t* held = added.words + kLiveFactWords;
  if (added.is_fact) memcpy(&fact, added.words, sizeof(fact));
  const uint32_t count = std::min(fact.held, kMostHeld);
  const uint32_t words = kSegmentWords + 2 * count;
  Room(words + (added.is_fact ? kMostRequestWords : added.count));
  const log::FileHeader& header = *g_writer.header();
  Word(log::Extended(Op::kSegment, words));
  Word(added.actor);
  Word(added.is_fact ? fact.process : g_fork_page->process.load());
  Word(number);
  for (const uint64_t time : {header.start_ticks, header.start_monotonic_ns}) {
    Word(static_cast<uint32_t>(time));
    Word(static_cast<uint32_t>(time >> 32));
  }
  Word(count);
  if (!added.is_fact && added.count != 0) {
    memcpy(next_, added.words, added.count * sizeof(uint32_t));
    next_ += added.count;
  }
  if (!added.is_fact) return;
  for (uint32_t i = 0; i < count; ++i, held += 2) {
    Word(held[0] & ~LiveOrder::kShared);
    Word(held[1] | (held[0] & LiveOrder::kShared ? log::kHeldShared : 0));
  }
  WriteRequest(fact);
}

// Of a join only that it was asked for: where it stands in the actor's own
// block, it begins and ends with nothing held.
void Copier::WriteRequest(const LiveFact& fact) {
  const log::FileHeader& header = *g_writer.header();
  const auto ticks = [&] {
    Word(static_cast<uint32_t>(header.start_ticks));
    Word(static_cast<uint32_t>(header.start_ticks >> 32));
  };
  if (LiveOrder::IsEnd(fact.wanted)) {
    Word(log::Extended(Op::kJoinBlock, 5));
    Word(LiveOrder::ActorOfEnd(fact.wanted));
    Word(fact.site);
    ticks();
    constexpr auto kInterrupted =
        static_cast<uint32_t>(model::Outcome::kInterrupted);
    Word(log::Extended(Op::kUnblock, 3, kInterrupted));
    ticks();
    return;
  }
  const uint32_t flags =
      fact.how |
      (fact.wanted & LiveOrder::kShared ? uint32_t{log::kFlagShared} : 0u);
  Word(log::Extended(Op::kSection, 3, flags));
  Word(fact.wanted & ~LiveOrder::kShared);
  Word(fact.site);
}

bool Copier::WriteAdded() {
  uint32_t of_actor = 0;
  for (size_t i = 0; i < added_.size; ++i) {
    const Added& added = added_.items[i];
    const bool same = i != 0 && added_.items[i - 1].actor == added.actor;
    of_actor = same ? of_actor + 1 : 0;
    WriteSegment(added, added.behind + of_actor);
  }
  return Flush();
}

// ---- What the blocks have ---------------------------------------------------

// Without `all`, what it holds is left out.
void Copier::AddSegment(const uint32_t* record, bool all) {
  const uint32_t words = all ? log::WordsOf(record[0]) : kSegmentWords;
  Word(log::Extended(Op::kSegment, words));
  memcpy(next_, record + 1, (words - 1) * sizeof(uint32_t));
  next_[2] += AddedBefore(record[1], record[3]);
  if (!all) next_[kSegmentWords - 2] = 0;
  next_ += words - 1;
}

// Of the block that was read. Processes that began later are no business of
// this one.
bool Copier::AddBlock(size_t count, bool all) {
  if (!Flush()) return false;
  const auto* const begin =
      reinterpret_cast<const uint32_t*>(blocks_.in()) + kHeaderWords;
  const uint32_t* const end = begin + count;
  const uint32_t process = g_fork_page->process.load();
  const uint32_t last = process != 0 ? process : UINT32_MAX;
  bool ours = false;
  for (const uint32_t* record = begin; record < end;) {
    const size_t words =
        log::RecordWords(record[0], record + 1 < end ? record[1] : 0);
    if (words == 0 || words > static_cast<size_t>(end - record)) break;
    if (log::IsSegment(record[0])) {
      if (words < kSegmentWords) break;
      ours = record[2] <= last;
      Room(words);
      if (ours) AddSegment(record, all);
      if (ours && !seen_.Push(record[1])) return false;
    } else if (ours && (all ? !IsDefinition(record[0]) : IsKept(record[0]))) {
      memcpy(next_, record, words * sizeof(uint32_t));
      next_ += words;
      if (IsFork(record[0]) && !begun_.Push(record[1])) return false;
    }
    record += words;
  }
  return Flush();
}

// What is kept of the thread's block, and what it did last, if that is wanted
// and it lets us. Returns how many words they are.
[[gnu::no_sanitize_thread]] size_t Copier::CopyHot(const Thread* t) {
  constexpr int kPatience = 20;
  for (int i = 0; i < kPatience && what_ == CopyOf::kPresent; ++i) {
    const uint32_t before = t->rewinds.load(std::memory_order_seq_cst);
    const size_t words = log::Writer::CopyHot(t->block, blocks_.in());
    if (t->rewinds.load(std::memory_order_seq_cst) == before) return words;
  }
  const size_t words = log::Writer::CopyHot(t->block, blocks_.in());
  const auto kept = static_cast<size_t>(t->mark - t->begin);
  return kept < words ? kept : words;
}

// Before the others: a block that is sealed meanwhile is there twice then.
[[gnu::no_sanitize_thread]] bool Copier::CopyOwn() {
  for (const Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    if (t->block == nullptr || t->scratch) continue;
    if (!AddBlock(CopyHot(t), what_ == CopyOf::kPresent)) return false;
  }
  return true;
}

[[gnu::no_sanitize_thread]] bool Copier::IsOwn(uint64_t number) {
  for (const Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    if (t->block != nullptr && !t->scratch && t->block->number == number) {
      return true;
    }
  }
  return false;
}

// Sealed ones, and those of the processes that this one comes from.
bool Copier::CopyOthers() {
  const uint64_t count = g_writer.header()->next_block.load();
  for (uint64_t number = 1; number < count; ++number) {
    // Claimed, but beyond what max_log permits.
    if (!g_writer.ReadBlock(number, blocks_.in())) break;
    const BlockHeader& block = *blocks_.in();
    if (block.magic != log::kBlockMagic) continue;
    if (block.kind == log::BlockKind::kHot && IsOwn(number)) continue;
    if (!AddBlock(kBlockWords - kHeaderWords, false)) return false;
  }
  return true;
}

// Of an actor that did nothing new nothing is kept; but who began it comes
// before who joined it, if there is one.
bool Copier::WriteIdle() {
  if (what_ == CopyOf::kPresent) return true;
  for (size_t i = 0; i < added_.size; ++i) {
    if (!seen_.Push(added_.items[i].actor)) return false;
  }
  std::sort(seen_.items, seen_.items + seen_.size);
  for (size_t i = 0; i < begun_.size; ++i) {
    const uint32_t actor = begun_.items[i];
    if (std::binary_search(seen_.items, seen_.items + seen_.size, actor)) {
      continue;
    }
    WriteSegment({actor, 0, nullptr, 0, false}, 0);
  }
  return Flush();
}

}  // namespace

int CopyLog(CopyOf what, uint32_t* candidates) {
  int fd = memfd_create("lockcheck-copy", MFD_CLOEXEC);
  if (fd < 0) return -1;
  Copier copier(fd, what);
  if (copier.Copy()) {
    *candidates = copier.candidates();
    return fd;
  }
  close(fd);
  return -1;
}

}  // namespace lockcheck::runtime
