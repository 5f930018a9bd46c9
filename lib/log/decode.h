// Decodes the records of one segment and hands them, in order, to a visitor.
//
// Problem: analysis reads a hundred million events a second, so the common
// records must cost a few instructions each, yet any bytes whatever may stand
// in the block. Every read is bounds-checked against the segment's end; a
// record that does not fit or is not known ends or skips as described at
// DecodeStatus.
//
// Thread safety: none needed, no state outside the call.
#ifndef LOCKCHECK_LIB_LOG_DECODE_H_
#define LOCKCHECK_LIB_LOG_DECODE_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "lib/log/format.h"
#include "lib/model/primitives.h"

namespace lockcheck::log {

// Raw ids are those of the file. 0 means "none" or "not known".
struct RawHold {
  uint32_t object = 0;
  uint32_t site = 0;
  model::Mode mode = model::Mode::kExclusive;
};

struct AcquireRecord {
  uint32_t object = 0;
  uint32_t site = 0;
  model::How how = model::How::kBlocking;
  model::Mode mode = model::Mode::kExclusive;
  bool handed_over = false;  // another actor held the object last
  uint32_t handover = 0;     // its hand-over count, valid if handed_over; of a
                             // reader, that of the writer before it
  bool timed = false;
  uint64_t start_ticks = 0;  // valid if timed
  uint32_t group = 0;        // kMulti: members acquired before this one
};

struct ReleaseRecord {
  uint32_t depth = 0;  // open holds above the one released
  // At most one of them: when it ended, or how long it was held.
  bool timed = false;
  uint64_t end_ticks = 0;
  bool has_length = false;
  uint64_t length_ticks = 0;
};

struct BlockRecord {
  uint32_t object = 0;  // raw object id; for a join the raw *actor* id
  uint32_t site = 0;
  model::How how = model::How::kBlocking;
  model::Mode mode = model::Mode::kExclusive;
  bool join = false;
  bool awaited = false;  // by a coroutine that is suspended meanwhile
  uint32_t owner = 0;    // raw actor id
  uint32_t owner_site = 0;
  uint64_t ticks = 0;
  uint32_t ticket = 0;  // of a condition variable's wait
};

struct PostRecord {
  model::Post post = model::Post::kNotifyOne;
  uint32_t object = 0;
  uint32_t site = 0;
  uint32_t first = 0;  // ticket; 0: nobody waited
  uint32_t count = 0;
  uint32_t next_ticket = 0;
  uint32_t sequence = 0;    // orders the acts on the object; 0: not known
  uint32_t value = 0;       // what the object has after it
  uint32_t amount = 1;      // of permits, written for release(n) only
  bool short_note = false;  // of which the value is not said
};

// What the actor asked for was there.
struct TakeRecord {
  uint32_t object = 0;
  uint32_t site = 0;
  model::How how = model::How::kBlocking;
  uint32_t sequence = 0;
  uint32_t value = 0;
  bool short_note = false;
};

// Of a variable. An update's version is that of what it wrote; it read the one
// before.
struct AccessRecord {
  model::Access access = model::Access::kRead;
  uint32_t object = 0;
  uint32_t site = 0;
  uint32_t version = 0;  // of a read, 0: nobody had written yet
};

struct SegmentHeader {
  uint32_t actor = 0;
  uint32_t process = 0;
  uint32_t number = 0;
  uint64_t ticks = 0;
  uint64_t monotonic_ns = 0;
  std::span<const uint32_t> held;  // pairs object, site; see HeldAt()

  size_t held_count() const { return held.size() / 2; }
  // Outermost first.
  RawHold HeldAt(size_t i) const {
    const uint32_t site = held[2 * i + 1];
    return {
        held[2 * i], site & ~kHeldShared,
        site & kHeldShared ? model::Mode::kShared : model::Mode::kExclusive};
  }
};

// An actor that acts does not wait: whatever wait was open has ended, though
// kUnblock or kJoin, which would say how, is lost. The others here go on with
// what there is, or say something beside it.
constexpr bool IsAct(Op op) {
  switch (op) {
    case Op::kSegment:
    case Op::kWake:
    case Op::kUnblock:
    case Op::kWaitStack:
    case Op::kJoin:
    case Op::kMisuse:
    case Op::kNote:
    case Op::kDefProcess:
    case Op::kDefModule:
    case Op::kDefPlace:
    case Op::kDefObject:
    case Op::kDefSite:
    case Op::kDefStack:
    case Op::kDefName:
      return false;
    default:
      return true;
  }
}

// What a visitor may implement. Derive from it and hide what is needed; the
// decoder calls statically, so there is no virtual call.
struct RecordVisitor {
  void OnSegment(const SegmentHeader&) {}
  // Before each act; see IsAct(). Short records are all acts.
  void OnAct() {}
  // A plain section: exclusive, blocking, untimed, same last holder.
  void OnSection(uint32_t /*object*/, uint32_t /*site*/) {}
  // Any other section. `release.depth` is 0; it is timed if the other is.
  void OnSection(const AcquireRecord&, const ReleaseRecord&) {}
  void OnAcquire(const AcquireRecord&) {}
  void OnRelease(const ReleaseRecord&) {}
  void OnReleasedByOther(uint32_t /*object*/) {}
  void OnPost(const PostRecord&) {}
  void OnTake(const TakeRecord&) {}
  void OnAccess(const AccessRecord&) {}
  void OnSawWaiters(uint32_t /*object*/, uint64_t /*ticks*/) {}
  void OnTryFailed(uint32_t /*object*/, uint32_t /*site*/, model::How) {}
  void OnBlock(const BlockRecord&) {}
  void OnWake(uint32_t /*owner*/, uint32_t /*owner_site*/, uint64_t /*ticks*/) {
  }
  void OnUnblock(model::Outcome, uint64_t /*ticks*/) {}
  void OnFork(uint32_t /*child*/, uint64_t /*ticks*/) {}
  void OnBegin(BeginHow, uint32_t /*parent*/, uint32_t /*tid*/,
               uint64_t /*ticks*/) {}
  void OnJoin(uint32_t /*actor*/, uint64_t /*ticks*/) {}
  void OnEnd(uint64_t /*ticks*/, uint64_t /*cpu_ns*/, uint32_t /*voluntary*/,
             uint32_t /*involuntary*/) {}
  void OnDestroy(uint32_t /*object*/) {}
  void OnMisuse(model::Misuse, uint32_t /*object*/, uint32_t /*site*/,
                uint32_t /*owner*/, uint32_t /*stack*/, uint64_t /*ticks*/) {}
  void OnExit(uint64_t /*ticks*/, uint64_t /*monotonic_ns*/,
              uint64_t /*process_cpu_ns*/, uint32_t /*voluntary*/,
              uint32_t /*involuntary*/) {}
  void OnWaitStack(uint32_t /*stack*/) {}
  void OnNote(NoteKind, uint64_t /*value*/) {}
  // Definitions. Texts and frames point into the block.
  void OnDefProcess(uint32_t /*process*/, uint32_t /*pid*/, uint32_t /*parent*/,
                    uint64_t /*start_time*/, std::string_view /*options*/,
                    std::string_view /*program*/,
                    std::string_view /*arguments*/, std::string_view /*host*/) {
  }
  void OnDefModule(uint32_t /*module*/, uint64_t /*base*/, uint64_t /*size*/,
                   std::string_view /*build_id*/, std::string_view /*path*/) {}
  void OnDefPlace(uint32_t /*place*/, uint32_t /*line*/, uint32_t /*column*/,
                  std::string_view /*file*/, std::string_view /*function*/) {}
  void OnDefObject(model::ObjectKind, uint32_t /*object*/, uint32_t /*place*/,
                   uint32_t /*site*/, uint64_t /*address*/,
                   std::string_view /*name*/, uint32_t /*value*/) {}
  // frames: 2 words each, low first; see FrameAt().
  void OnDefSite(uint32_t /*site*/, std::span<const uint32_t> /*frames*/) {}
  void OnDefStack(uint32_t /*stack*/, const StackOf&,
                  std::span<const uint32_t> /*frames*/) {}
  void OnDefName(NameTarget, uint32_t /*id*/, std::string_view /*name*/) {}
};

inline uint64_t FrameAt(std::span<const uint32_t> frames, size_t i) {
  return frames[2 * i] | static_cast<uint64_t>(frames[2 * i + 1]) << 32;
}

enum class DecodeStatus {
  kEnd,        // reached `end`, or a zero word: all records were delivered
  kTruncated,  // the last record does not fit; everything before was delivered
  kMalformed,  // a record contradicts itself; everything before was delivered
};

// The last reading in a segment so far: a plain record of the same object is
// one more, with the same count of hand-overs.
struct LastReading {
  uint32_t object = kShortObjects;  // which no plain record has: none
  uint32_t count = 0;
};

struct DecodeResult {
  DecodeStatus status = DecodeStatus::kEnd;
  size_t words = 0;     // words read, up to the offending record
  size_t unknown = 0;   // records of unknown (newer) kinds that were skipped
  LastReading reading;  // at that place
};

// Decodes `words`, which must begin with a kSegment record, up to the next
// kSegment, a zero word or the end of the span. Defined in decode_inl.h so that
// it is inlined into each visitor.
template <typename Visitor>
DecodeResult DecodeSegment(std::span<const uint32_t> words, Visitor& visitor);

}  // namespace lockcheck::log

#include "lib/log/decode_inl.h"  // IWYU pragma: export

#endif  // LOCKCHECK_LIB_LOG_DECODE_H_
