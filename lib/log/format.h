// The log file, byte by byte. docs/log-format.md is this header in prose, with
// a worked example that a test decodes.
//
// Problem: every thread of every process of a recording writes to one file,
// with no lock between them, at the price of about one store per critical
// section, and whatever had been written must be readable after kill -9.
//
// Shape: the file is an array of 64 KiB blocks. Block 0 is the file header; its
// counters are shared by all processes (fetch_add). Every other block holds
// records, which are whole little-endian 32-bit words:
//
//   block   := BlockHeader record* zero*
//   record  := word payload-word*
//   segment := SEGMENT record*        up to the next SEGMENT or the block's end
//
// A record is published by storing its first word last, and a word of zero is
// not a record, so the end of a block that is being written is its first zero
// word; no cursor is stored. A SEGMENT names the actor whose records follow,
// its number in the actor's stream and everything the actor holds, so a reader
// may start at any segment.
//
// Included by the runtime inside the program under test: nothing here needs
// more than the freestanding standard library.
#ifndef LOCKCHECK_LIB_LOG_FORMAT_H_
#define LOCKCHECK_LIB_LOG_FORMAT_H_

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace lockcheck::log {

// 64 KiB: smaller buffers cost more per byte written, larger ones leave L2.
inline constexpr size_t kBlockSize = 64 * 1024;
inline constexpr size_t kBlockWords = kBlockSize / sizeof(uint32_t);

inline constexpr char kMagic[8] = {'L', 'O', 'C', 'K', 'C', 'H', 'K', '\n'};
inline constexpr uint16_t kMajorVersion = 2;  // a reader refuses a newer one
inline constexpr uint16_t kMinorVersion = 6;  // a reader accepts a newer one

// FileHeader::stop_reason: why recording ended before the program did.
enum class StopReason : uint32_t {
  kNone = 0,
  kMaxLog = 1,      // max_log= was reached
  kNoSpace = 2,     // the file system is full
  kWriteError = 3,  // write failed for another reason
};

// Block 0. Fields after `ring_blocks` change while the recording runs.
struct FileHeader {
  char magic[8];
  uint16_t major_version;
  uint16_t minor_version;
  uint32_t block_size;       // bytes; kBlockSize
  uint8_t recording_id[16];  // random; names the recording across exec
  uint64_t start_unix_ns;    // wall clock at the start
  uint64_t start_monotonic_ns;
  uint64_t start_ticks;  // time-stamp counter at the same moment
  uint64_t max_blocks;   // 0: no bound
  uint64_t ring_blocks;  // 0: no ring; else blocks 1..ring_blocks are reused
  std::atomic<uint64_t> next_block;   // next block number to claim; starts at 1
  std::atomic<uint32_t> next_object;  // ids start at 1; 0 means none
  std::atomic<uint32_t> next_site;    // starts at kFirstSite
  std::atomic<uint32_t> next_stack;
  std::atomic<uint32_t> next_actor;
  std::atomic<uint32_t> next_process;
  std::atomic<uint32_t> next_module;
  std::atomic<uint32_t> next_place;
  std::atomic<uint32_t> stop_reason;   // StopReason, first one wins
  std::atomic<uint64_t> dropped;       // records that were not written
  std::atomic<uint32_t> volatile_hot;  // 1: hot blocks live in memory, not in
                                       // the file; they do not survive kill -9
  std::atomic<uint64_t> next_hot;      // ring only: next block number for a hot
                                       // block; those lie behind the ring
  std::atomic<uint64_t> stop_ticks;    // when stop_reason was set. Threads that
                                       // have room go on, others do not, so
                                       // who began later may miss its fork
};
static_assert(sizeof(FileHeader) <= 256);

enum class BlockKind : uint32_t {
  kFree = 0,    // claimed, not written
  kHot = 1,     // mapped and written in place by a thread; no checksum
  kSealed = 2,  // copied from a hot block when that was full; checksum valid
};

inline constexpr uint32_t kBlockMagic = 0x4b434c42;  // "BLCK"

struct BlockHeader {
  uint32_t magic;
  BlockKind kind;
  uint64_t claim;  // the number given by next_block; in a ring the newest wins
  uint64_t checksum;  // of the words after the header, kSealed only
  uint64_t number;    // of the block in the file, kHot only
  uint64_t reserved[4];
};
static_assert(sizeof(BlockHeader) == 64);
inline constexpr size_t kHeaderWords = sizeof(BlockHeader) / sizeof(uint32_t);

// ---- Short records: bits 0..2 opcode, 3..19 object, 20..31 site -------------
// An acquisition is written as an open hold. If nothing was written since when
// it is released, its own record is changed into a section, by one store: so a
// section in which nothing else happens is one record, and what a killed
// program leaves says all the same who held what.
enum ShortOp : uint32_t {
  kExtended = 0,          // see Op below
  kSection = 1,           // acquired and released, nothing in between
  kSectionThenClose = 2,  // the same, then release of the innermost open hold
  kSectionHandover = 3,   // + detail word [+ time word]
  kTimed = 4,             // + time word: a section, or open if its length is
                          // kStillOpen
  kOpen = 5,              // acquired
  kClose = 6,             // see below
  kOpenHandover = 7,      // + detail word [+ time word]
};
// A plain record (kSection, kSectionThenClose, kOpen) of the object that was
// read last is one more reading, with the same count. "Read last": of the short
// records in this segment with kDetailShared the last one, unless an exclusive
// acquisition of that object has followed.
inline constexpr uint32_t kOpenBit = 4;  // kSection -> kOpen, and handed over
static_assert(kOpen == (kSection | kOpenBit) &&
              kOpenHandover == (kSectionHandover | kOpenBit));
inline constexpr uint32_t kShortOpMask = 7;
inline constexpr uint32_t kObjectShift = 3;
inline constexpr uint32_t kSiteShift = 20;
inline constexpr uint32_t kShortObjects = 1u << 17;  // larger ids: kAcquire
inline constexpr uint32_t kShortSites = 1u << 12;

constexpr uint32_t Pack(ShortOp op, uint32_t object, uint32_t site) {
  return op | object << kObjectShift | site << kSiteShift;
}
constexpr uint32_t ObjectOf(uint32_t word) {
  return word >> kObjectShift & (kShortObjects - 1);
}
constexpr uint32_t SiteOf(uint32_t word) { return word >> kSiteShift; }

// Detail word: who held the object before. The count of hand-overs is exact
// order without clocks; larger counts take kAcquire.
inline constexpr uint32_t kDetailCount = (1u << 30) - 1;
inline constexpr uint32_t kDetailShared = 1u << 30;  // a reader's: the count is
                                                     // that of the last writer
inline constexpr uint32_t kDetailTimed = 1u << 31;   // a time word follows

// kClose: bits 3..30 are how many open holds lie above the one released (0: the
// innermost). With bit 31: bits 3..14 are that, and 15..30 are how long it was
// held, as in the high half of a time word.
inline constexpr uint32_t kCloseTimed = 1u << 31;
inline constexpr uint32_t kCloseDepths = 1u << 12;  // of a timed close
constexpr uint32_t CloseWord(uint32_t depth) { return kClose | depth << 3; }
constexpr uint32_t TimedCloseWord(uint32_t depth, uint32_t length) {
  return kClose | depth << 3 | length << 15 | kCloseTimed;
}

// Site ids below this one mean "not known" (0) or are reserved by the runtime.
inline constexpr uint32_t kFirstSite = 8;

// ---- Extended records: bits 0..2 zero, 3..7 op, 8..23 length, 24..31 arg
// ----- The length counts words, the first included. "u64" is two words, low
// first. "ticks" is a u64 of the time-stamp counter. "text" is a byte count
// word and the bytes, padded with zeros to a word.
enum class Op : uint32_t {
  kSegment = 1,  // actor, process, number, ticks, monotonic ns (u64), n, then n
                 // times {object, site}: what the actor holds, outermost
                 // first; kHeldShared is set in the site of a shared hold [,
                 // object, count: see below, of a segment that was cut]
  kAcquire = 2,  // arg AcquireFlags: object, site [, handover] [, start ticks]
                 // [, group]: an open that no short form fits
  kSection = 3,  // the same, acquired and released
  kRelease = 4,  // arg AcquireFlags (kFlagEnd): depth [, end ticks]
  kReleasedByOther = 5,  // object: the hold ended by another actor's unlock
  kTryFailed = 6,        // arg How: object, site
  kBlock = 7,    // arg How | kBlockSharedBit | kBlockAwaitedBit: object, site,
                 // owner actor, owner's site, ticks [, ticket of a condition
                 // variable's wait]. A wait begins; the actor's next own record
                 // (kWake, kUnblock) continues it
  kWake = 8,     // owner actor, owner's site, ticks: woke, found it taken again
  kUnblock = 9,  // arg Outcome: ticks
  kFork = 10,    // child actor, ticks
  kBegin = 11,   // arg BeginHow: parent actor (0: unknown), tid, ticks
  kJoinBlock = 12,  // arg: how | kBlockAwaitedBit; actor, site, ticks: the wait
                    // for END(actor) begins
  kJoin = 13,       // actor, ticks: END(actor) was waited for
  kEnd = 14,        // ticks, cpu ns (u64), voluntary, involuntary switches
  kDestroy = 15,    // object
  kMisuse = 16,  // arg model::Misuse: object, site, owner actor, stack, ticks
  kExit = 17,    // ticks, monotonic ns (u64), cpu ns of the process (u64),
                 // voluntary, involuntary: a normal exit begins
  kWaitStack = 18,   // stack: the stack of the wait that stands
  kSawWaiters = 19,  // object, ticks: the release of the object, a moment ago,
                     // saw waiters
  // Definitions. Ids are unique in the recording and defined before their use
  // by the same actor; another actor's use may be read first.
  kDefProcess = 20,  // process, pid, parent process (0: none), start time
                     // (u64, clock ticks since boot), options text, program
                     // text, arguments text (NUL-separated), host text
  kDefModule = 21,   // module, base (u64), size (u64), build-id text (bytes),
                     // path text
  kDefPlace = 22,    // place, line, column, file text, function text
  kDefObject = 23,   // arg ObjectKind: object, place (0: unknown), first-use
                     // site, address (u64), name text [, value: what it begins
                     // with; of a queue's end, the queue's items]
  kDefSite = 24,     // site, n, n frames (u64): frame 0 is the site itself
  kDefStack = 25,    // arg StackReason: stack, object, site, held object, held
                     // site, n, n frames (u64)
  kDefName = 26,     // arg NameTarget: id, name text
  kNote = 27,        // arg NoteKind: value (u64)
  kPost = 28,        // arg model::Post: object, site, first ticket released (0:
                     // nobody waited), how many, next ticket: every wait with a
                     // smaller one began before [, sequence, value [, amount:
                     // of permits, if more than one]]
  kTake = 29,        // arg How: object, site, sequence, value: what was asked
                     // for was there, at once or after a wait
                     // Both with kShortNote in arg: object and site packed as
                     // in a short record, opcode bits zero; sequence. Nobody
                     // waited, and the value follows from the acts before it
  kTakeAndPost = 30,  // arg as made by TakeAndPost(): the short forms of a
                      // kTake and of a kPost behind it as one record, as of a
                      // put into a queue with a bound: the taken object and
                      // site, packed; sequence of both. The posted object's id
                      // is one more than the other's, or, with kPostedBefore in
                      // the packed word, one less
  kAccess = 31,  // arg model::Access, in bits 0..1: object, site, version: the
                 // number of the write whose value was read, or that this is.
                 // With kShortNote in arg object and site are packed as in a
                 // short record, opcode bits zero. Since version 2.6
};
constexpr uint32_t Extended(Op op, uint32_t words, uint32_t arg = 0) {
  return static_cast<uint32_t>(op) << 3 | words << 8 | arg << 24;
}
constexpr Op OpOf(uint32_t word) { return static_cast<Op>(word >> 3 & 31); }
constexpr uint32_t WordsOf(uint32_t word) { return word >> 8 & 0xffff; }
constexpr uint32_t ArgOf(uint32_t word) { return word >> 24; }
// Of kDefObject: two threads came first, and the object has the other's id.
inline constexpr uint32_t kNoKind = 255;
constexpr bool IsSegment(uint32_t word) {
  return (word & kShortOpMask) == kExtended && OpOf(word) == Op::kSegment;
}

// Bits of arg in kAcquire, kSection and kRelease. Optional payload words stand
// in the order of the bits.
enum AcquireFlags : uint32_t {
  kFlagHowMask = 3,  // model::How
  kFlagShared = 1 << 2,
  kFlagHandover = 1 << 3,  // a hand-over count follows
  kFlagStart = 1 << 4,     // start ticks follow
  kFlagEnd = 1 << 5,       // end ticks follow
  kFlagGroup = 1 << 7,     // a word follows: how many members of the same
                           // lock(a, b, ...) request were acquired before
};
inline constexpr uint32_t kBlockSharedBit = 4;
// By a coroutine that is suspended meanwhile; since version 2.4.
inline constexpr uint32_t kBlockAwaitedBit = 8;

inline constexpr uint32_t kShortNote = 1u << 7;
inline constexpr uint32_t kTakeHowMask = 3;
inline constexpr uint32_t kAccessMask = 3;  // 3 itself is none
inline constexpr uint32_t kPostShift = 2;   // of kTakeAndPost
inline constexpr uint32_t kPostedBefore = 1;
// model::How and model::Post.
constexpr uint32_t TakeAndPost(uint32_t how, uint32_t post) {
  return how | post << kPostShift;
}

enum class BeginHow : uint32_t {
  kMain = 0,     // first actor of a process
  kStarted = 1,  // by lockcheck::thread; the parent's kFork names it
  kForeign = 2,  // started elsewhere: unknown start, unordered with all others
  kForkChild = 3,  // the one actor of a forked child; parent: who forked
  kSignal = 4,     // a signal handler that interrupted the runtime in a thread
  kTask = 5,  // of a pool, on one of its workers; the parent, who gave it to
              // the pool, names it by kFork; its tid is the worker's
  kCoroutine = 6,  // since version 2.3; the parent, who spawned it, names it by
                   // kFork; its tid is that of who resumed it first
};
// What it does another actor's thread does meanwhile.
constexpr bool IsCarried(BeginHow how) {
  return how == BeginHow::kTask || how == BeginHow::kCoroutine;
}
// Why a stack was taken, and what it belongs to.
enum class StackReason : uint32_t {
  kRequest = 1,  // an object of this class was first asked for at this site
                 // under the innermost hold, if any; a join if object is 0
  kWait = 2,
  kMisuseStack = 3,  // no held object
};
struct StackOf {
  StackReason reason = StackReason::kRequest;
  uint32_t object = 0, site = 0;
  uint32_t held_object = 0, held_site = 0;
};
// 4, since version 2.5: an object's order key; see order_key.h. 5, since
// version 2.6: that the object is to be taken before another one; see
// declared_order.h.
enum class NameTarget : uint32_t { kActor = 1, kObject = 2, kProcess = 3 };
// kStopped: value StopReason. kDropped: value records this actor did not write.
// kTiming: value 0 off, 1 sampled, 2 full. kSampleInterval: mean, in sections.
// kLive: only what was new was kept, and what each thread did last. kQuiescent:
// value ticks; every thread of the process but the runtime's own then waited
// without a time limit, and nothing outside of it could have ended a wait. Its
// actor is the runtime's. kStarved: value an actor and, in the high half, the
// slots of a pool; at the moment of the kQuiescent that follows the actor had
// one of them, while it waited to be signalled and tasks that had been
// submitted had none. kEnding: value ticks; a signal ended the process then.
// kElsewhere: value an actor and, in the high half, another one or 0; at the
// moment of the kQuiescent that follows the first one slept in a wait that is
// none of the recorded ones, for the other one's end or for what is not known.
// kOwnerDied: value an object and, in the high half, an actor or 0; the next
// acquisition, which is of that lock between processes, had it from an owner
// that died, the actor if that is known.
// kLeft: value an actor, a coroutine; at the moment of the kNobodyResumes that
// follows it was suspended, as all were that its context was to run to their
// end. kNobodyResumes: value ticks; nobody was left then who would have resumed
// one of them.
// kHeldAcross: value the site of an await, 0 if it is not known; the coroutine
// is suspended there with a lock held that threads wait for. If the high half
// is 1, it goes on with it, in another thread than before. kNoCarrier: value a
// coroutine and, in the high half, another one, or a thread: the first one is
// suspended, and only threads can resume it that wait until then, in the second
// one's name for instance; this actor began a wait just before. kKeptThread:
// value the site of the await from which the coroutine had gone on, 0 if it had
// begun, and above that 16 bits of microseconds as in time words and 16 of a
// count: so long it ran until it was suspended, or ended, a moment later, and
// so many of its context were ready by then. No time: it was not long, but the
// coroutine waited in its thread meanwhile.
// one of them. kQuiescentAcross: as kQuiescent, but the process shares memory
// with others, of which one could have ended a wait; with it stand the same
// notes as with that one. Written again when another process has come to that.
// kForkActor: in a forked child, value an actor of its parent and,
// in the high half, a site: first who forked, and where (0: not known), then
// each other actor that held locks of threads then. kForkHeld: behind the one
// it belongs to, value an object and, in the high half, the site where that
// actor took it: the child's copy is locked, and nobody in the child holds it.
enum class NoteKind : uint32_t {
  kStopped = 1,
  kDropped = 2,
  kTiming = 3,
  kSampleInterval = 4,
  kLive = 5,
  kQuiescent = 6,   // since minor version 1
  kStarved = 7,     // since minor version 2
  kEnding = 8,      // since version 2.1
  kElsewhere = 9,   // since version 2.2
  kOwnerDied = 10,  // since version 2.3, and so are the next two
  kLeft = 11,
  kNobodyResumes = 12,
  kHeldAcross = 13,  // since version 2.4, and so are the next ones
  kNoCarrier = 14,
  kKeptThread = 15,
  kQuiescentAcross = 16,
  kForkHeld = 17,
  kForkActor = 18,
};

inline constexpr uint32_t kHeldShared = 1u << 31;  // site ids are smaller

// A frame is a module id in the top 16 bits and an offset from that module's
// base in the other 48. Module 0: the offset is an absolute address.
// Module ffff, since version 2.5: it is a place's id; see place_frame.h.
constexpr uint64_t PackFrame(uint32_t module, uint64_t offset) {
  return static_cast<uint64_t>(module) << 48 | (offset & 0xffffffffffffull);
}
constexpr uint32_t FrameModule(uint64_t frame) {
  return static_cast<uint32_t>(frame >> 48);
}
constexpr uint64_t FrameOffset(uint64_t frame) {
  return frame & 0xffffffffffffull;
}

// Words of the record that begins with `word`, 0 if it contradicts itself.
// `second` is the word behind it; it counts only where NeedsSecond() says so.
constexpr bool NeedsSecond(uint32_t word) {
  return (word & kSectionHandover) == kSectionHandover;
}
constexpr uint32_t RecordWords(uint32_t word, uint32_t second) {
  switch (word & kShortOpMask) {
    case kExtended:
      return WordsOf(word);
    case kSectionHandover:
    case kOpenHandover:
      return second & kDetailTimed ? 3 : 2;
    case kTimed:
      return 2;
    default:
      return 1;
  }
}

// ---- Time words -------------------------------------------------------------
// The low half is the time from the segment's last stamp to the start of the
// hold, the high half the hold's length, both in ticks as 16-bit floats: 11
// bits of mantissa, 5 of exponent, rounded down, relative error under 1/2048.
// The new last stamp is the start as a reader computes it, so errors do not add
// up. The segment's ticks are its first stamp. What does not fit (half an hour)
// is encoded as kStillOpen, and then another record has to say it.
inline constexpr uint32_t kStillOpen = 0xffff;
constexpr uint32_t EncodeTicks(uint64_t ticks) {
  if (ticks < 2048) return static_cast<uint32_t>(ticks);
  uint32_t exponent = static_cast<uint32_t>(std::bit_width(ticks)) - 11;
  if (exponent > 31) return kStillOpen;
  return exponent << 11 |
         (static_cast<uint32_t>(ticks >> (exponent - 1)) & 2047);
}
constexpr uint64_t DecodeTicks(uint32_t half) {
  const uint32_t exponent = half >> 11 & 31;
  const uint64_t mantissa = half & 2047;
  return exponent == 0 ? mantissa : (mantissa | 2048) << (exponent - 1);
}

// Of a sealed block's words after the header: sixteen independent 32-bit lanes,
// which compilers turn into vector code, so that it costs about two
// microseconds per block. Finds flipped, torn and zeroed parts; no protection
// against an adversary. `count` is a multiple of 16.
inline uint64_t Checksum(const uint32_t* words, size_t count) {
  constexpr size_t kLanes = 16;
  uint32_t lane[kLanes];
  for (uint32_t k = 0; k < kLanes; ++k) lane[k] = k + 1;
  for (size_t i = 0; i < count; i += kLanes) {
    for (size_t k = 0; k < kLanes; ++k) {
      lane[k] = (lane[k] << 5 | lane[k] >> 27) + words[i + k];
    }
  }
  uint64_t sum = 0;
  for (uint32_t l : lane) sum = (sum ^ l) * 0x9e3779b97f4a7c15ull;
  return sum;
}

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_FORMAT_H_
