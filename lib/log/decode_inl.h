// The body of DecodeSegment(); include decode.h instead.
#ifndef LOCKCHECK_LIB_LOG_DECODE_INL_H_
#define LOCKCHECK_LIB_LOG_DECODE_INL_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "lib/log/decode.h"
#include "lib/log/payload.h"

namespace lockcheck::log {
namespace internal {

inline AcquireRecord ReadAcquire(uint32_t flags, Payload& in) {
  AcquireRecord r;
  r.object = in.Word();
  r.site = in.Word();
  r.how = static_cast<model::How>(flags & kFlagHowMask);
  if (flags & kFlagShared) r.mode = model::Mode::kShared;
  if (flags & kFlagHandover) {
    r.handed_over = r.mode == model::Mode::kExclusive;
    r.handover = in.Word();
  }
  if (flags & kFlagStart) {
    r.timed = true;
    r.start_ticks = in.U64();
  }
  if (flags & kFlagGroup) r.group = in.Word();
  return r;
}

inline AcquireRecord ShortAcquire(uint32_t word) {
  AcquireRecord a;
  a.object = ObjectOf(word);
  a.site = SiteOf(word);
  return a;
}

// What a plain record of an object that was read last says.
inline AcquireRecord ReadAgain(const LastReading& reading, uint32_t word) {
  AcquireRecord a = ShortAcquire(word);
  a.mode = model::Mode::kShared;
  a.handover = reading.count;
  return a;
}

// An acquisition whose record says more than a plain one. Those of the long
// form, which large ids and semaphores have, are not repeated.
inline void See(const AcquireRecord& a, bool short_form, LastReading& reading) {
  if (a.mode == model::Mode::kExclusive) {
    if (a.object == reading.object) reading = {};
  } else if (short_form) {
    reading = {a.object, a.handover};
  }
}

// Of a POST or a TAKE. Returns its packed word.
template <typename Note>
uint32_t ReadShortNote(Payload& in, Note& note) {
  const uint32_t word = in.Word();
  note.object = ObjectOf(word);
  note.site = SiteOf(word);
  note.sequence = in.Word();
  note.short_note = true;
  return word;
}

// `r` stays untimed if the hold was still open, or its end is said elsewhere.
inline void ReadTimes(uint32_t time, uint64_t& stamp, AcquireRecord& a,
                      ReleaseRecord& r) {
  stamp += DecodeTicks(time & 0xffff);
  a.timed = true;
  a.start_ticks = stamp;
  if (time >> 16 == kStillOpen) return;
  r.timed = true;
  r.end_ticks = stamp + DecodeTicks(time >> 16);
}

// One extended record. Returns false if it is malformed. `stamp` is the
// segment's last stamp.
template <typename Visitor>
bool DecodeExtended(uint32_t word, Payload in, uint64_t& stamp,
                    LastReading& reading, Visitor& v, size_t& unknown) {
  const uint32_t arg = ArgOf(word);
  const Op op = OpOf(word);
  // Whether the visitor gets the record, after its last field is read.
  const auto whole = [&] {
    if (in.ok() && IsAct(op)) v.OnAct();
    return in.ok();
  };
  switch (op) {
    case Op::kSegment: {
      SegmentHeader h;
      h.actor = in.Word();
      h.process = in.Word();
      h.number = in.Word();
      h.ticks = in.U64();
      h.monotonic_ns = in.U64();
      h.held = in.Words(uint64_t{2} * in.Word());
      if (in.more()) {
        reading.object = in.Word();
        reading.count = in.Word();
      }
      if (whole()) {
        stamp = h.ticks;
        v.OnSegment(h);
      }
      break;
    }
    case Op::kAcquire: {
      const AcquireRecord a = ReadAcquire(arg, in);
      See(a, false, reading);
      if (whole()) v.OnAcquire(a);
      break;
    }
    case Op::kSection: {
      const AcquireRecord a = ReadAcquire(arg, in);
      See(a, false, reading);
      if (whole()) v.OnSection(a, ReleaseRecord{});
      break;
    }
    case Op::kRelease: {
      ReleaseRecord r;
      r.depth = in.Word();
      if (arg & kFlagEnd) {
        r.timed = true;
        r.end_ticks = in.U64();
      }
      if (whole()) v.OnRelease(r);
      break;
    }
    case Op::kReleasedByOther: {
      const uint32_t object = in.Word();
      if (whole()) v.OnReleasedByOther(object);
      break;
    }
    case Op::kTryFailed: {
      const uint32_t object = in.Word(), site = in.Word();
      if (whole()) {
        v.OnTryFailed(object, site,
                      static_cast<model::How>(arg & kFlagHowMask));
      }
      break;
    }
    case Op::kBlock: {
      BlockRecord b;
      b.object = in.Word();
      b.site = in.Word();
      b.owner = in.Word();
      b.owner_site = in.Word();
      b.ticks = in.U64();
      b.how = static_cast<model::How>(arg & kFlagHowMask);
      if (arg & kBlockSharedBit) b.mode = model::Mode::kShared;
      b.awaited = (arg & kBlockAwaitedBit) != 0;
      if (in.more()) b.ticket = in.Word();
      if (whole()) v.OnBlock(b);
      break;
    }
    case Op::kWake: {
      const uint32_t owner = in.Word(), site = in.Word();
      const uint64_t ticks = in.U64();
      if (whole()) v.OnWake(owner, site, ticks);
      break;
    }
    case Op::kUnblock: {
      const uint64_t ticks = in.U64();
      if (whole()) v.OnUnblock(static_cast<model::Outcome>(arg & 3), ticks);
      break;
    }
    case Op::kFork: {
      const uint32_t child = in.Word();
      const uint64_t ticks = in.U64();
      if (whole()) v.OnFork(child, ticks);
      break;
    }
    case Op::kBegin: {
      const uint32_t parent = in.Word(), tid = in.Word();
      const uint64_t ticks = in.U64();
      if (whole()) v.OnBegin(static_cast<BeginHow>(arg), parent, tid, ticks);
      break;
    }
    case Op::kJoinBlock: {
      BlockRecord b;
      b.join = true;
      b.how = static_cast<model::How>(arg & kFlagHowMask);
      b.awaited = (arg & kBlockAwaitedBit) != 0;
      b.object = b.owner = in.Word();
      b.site = in.Word();
      b.ticks = in.U64();
      if (whole()) v.OnBlock(b);
      break;
    }
    case Op::kJoin: {
      const uint32_t actor = in.Word();
      const uint64_t ticks = in.U64();
      if (whole()) v.OnJoin(actor, ticks);
      break;
    }
    case Op::kEnd: {
      const uint64_t ticks = in.U64(), cpu = in.U64();
      const uint32_t voluntary = in.Word(), involuntary = in.Word();
      if (whole()) v.OnEnd(ticks, cpu, voluntary, involuntary);
      break;
    }
    case Op::kDestroy: {
      const uint32_t object = in.Word();
      if (whole()) v.OnDestroy(object);
      break;
    }
    case Op::kMisuse: {
      const uint32_t object = in.Word(), site = in.Word(), owner = in.Word(),
                     stack = in.Word();
      const uint64_t ticks = in.U64();
      if (whole()) {
        v.OnMisuse(static_cast<model::Misuse>(arg), object, site, owner, stack,
                   ticks);
      }
      break;
    }
    case Op::kExit: {
      const uint64_t ticks = in.U64(), monotonic = in.U64(), cpu = in.U64();
      const uint32_t voluntary = in.Word(), involuntary = in.Word();
      if (whole()) v.OnExit(ticks, monotonic, cpu, voluntary, involuntary);
      break;
    }
    case Op::kWaitStack: {
      const uint32_t stack = in.Word();
      if (whole()) v.OnWaitStack(stack);
      break;
    }
    case Op::kPost: {
      PostRecord p;
      p.post = static_cast<model::Post>(arg & ~kShortNote);
      if (arg & kShortNote) {
        ReadShortNote(in, p);
        if (whole()) v.OnPost(p);
        break;
      }
      p.object = in.Word();
      p.site = in.Word();
      p.first = in.Word();
      p.count = in.Word();
      p.next_ticket = in.Word();
      if (in.more()) p.sequence = in.Word();
      if (in.more()) p.value = in.Word();
      if (in.more()) p.amount = in.Word();
      if (whole()) v.OnPost(p);
      break;
    }
    case Op::kTake: {
      TakeRecord t;
      t.how = static_cast<model::How>(arg & kTakeHowMask);
      if (arg & kShortNote) {
        ReadShortNote(in, t);
        if (whole()) v.OnTake(t);
        break;
      }
      t.object = in.Word();
      t.site = in.Word();
      t.sequence = in.Word();
      t.value = in.Word();
      if (whole()) v.OnTake(t);
      break;
    }
    case Op::kTakeAndPost: {
      TakeRecord t;
      t.how = static_cast<model::How>(arg & kTakeHowMask);
      const bool before = ReadShortNote(in, t) & kPostedBefore;
      PostRecord p;
      p.post = static_cast<model::Post>(arg >> kPostShift);
      p.object = before ? t.object - 1 : t.object + 1;
      p.site = t.site;
      p.sequence = t.sequence;
      p.short_note = true;
      if (whole()) {
        v.OnTake(t);
        v.OnPost(p);
      }
      break;
    }
    case Op::kAccess: {
      AccessRecord a;
      const uint32_t access = arg & kAccessMask;
      if (access > static_cast<uint32_t>(model::Access::kUpdate)) {
        ++unknown;
        break;
      }
      a.access = static_cast<model::Access>(access);
      if (arg & kShortNote) {
        const uint32_t packed = in.Word();
        a.object = ObjectOf(packed);
        a.site = SiteOf(packed);
      } else {
        a.object = in.Word();
        a.site = in.Word();
      }
      a.version = in.Word();
      if (whole()) v.OnAccess(a);
      break;
    }
    case Op::kSawWaiters: {
      const uint32_t object = in.Word();
      const uint64_t ticks = in.U64();
      if (whole()) v.OnSawWaiters(object, ticks);
      break;
    }
    case Op::kDefProcess: {
      const uint32_t process = in.Word(), pid = in.Word(), parent = in.Word();
      const uint64_t start = in.U64();
      const std::string_view options = in.Text(), program = in.Text(),
                             arguments = in.Text(), host = in.Text();
      if (whole()) {
        v.OnDefProcess(process, pid, parent, start, options, program, arguments,
                       host);
      }
      break;
    }
    case Op::kDefModule: {
      const uint32_t module = in.Word();
      const uint64_t base = in.U64(), size = in.U64();
      const std::string_view build_id = in.Text(), path = in.Text();
      if (whole()) v.OnDefModule(module, base, size, build_id, path);
      break;
    }
    case Op::kDefPlace: {
      const uint32_t place = in.Word(), line = in.Word(), column = in.Word();
      const std::string_view file = in.Text(), function = in.Text();
      if (whole()) v.OnDefPlace(place, line, column, file, function);
      break;
    }
    case Op::kDefObject: {
      const uint32_t object = in.Word(), place = in.Word(), site = in.Word();
      const uint64_t address = in.U64();
      const std::string_view name = in.Text();
      const uint32_t value = in.more() ? in.Word() : 0;
      if (whole() && arg != kNoKind) {
        v.OnDefObject(static_cast<model::ObjectKind>(arg), object, place, site,
                      address, name, value);
      }
      break;
    }
    case Op::kDefSite: {
      const uint32_t site = in.Word();
      const auto frames = in.Words(uint64_t{2} * in.Word());
      if (whole()) v.OnDefSite(site, frames);
      break;
    }
    case Op::kDefStack: {
      const uint32_t stack = in.Word();
      StackOf of;
      of.reason = static_cast<StackReason>(arg);
      of.object = in.Word();
      of.site = in.Word();
      of.held_object = in.Word();
      of.held_site = in.Word();
      const auto frames = in.Words(uint64_t{2} * in.Word());
      if (whole()) v.OnDefStack(stack, of, frames);
      break;
    }
    case Op::kDefName: {
      const uint32_t id = in.Word();
      const std::string_view name = in.Text();
      if (whole()) v.OnDefName(static_cast<NameTarget>(arg), id, name);
      break;
    }
    case Op::kNote: {
      const uint64_t value = in.U64();
      if (whole()) v.OnNote(static_cast<NoteKind>(arg), value);
      break;
    }
    default:
      ++unknown;
      break;
  }
  return in.ok();
}

}  // namespace internal

template <typename Visitor>
DecodeResult DecodeSegment(std::span<const uint32_t> words, Visitor& v) {
  DecodeResult result;
  const uint32_t* const begin = words.data();
  const uint32_t* const end = begin + words.size();
  const uint32_t* p = begin;
  uint64_t stamp = 0;
  const auto section = [&](uint32_t word) {
    if (ObjectOf(word) == result.reading.object) {
      v.OnSection(internal::ReadAgain(result.reading, word), ReleaseRecord{});
    } else {
      v.OnSection(ObjectOf(word), SiteOf(word));
    }
  };
  const auto stop = [&](DecodeStatus status) {
    result.status = status;
    result.words = static_cast<size_t>(p - begin);
    return result;
  };
  if (p < end && !IsSegment(*p)) return stop(DecodeStatus::kMalformed);
  while (p < end) {
    const uint32_t word = *p;
    switch (word & kShortOpMask) {
      case kSection:
        v.OnAct();
        section(word);
        ++p;
        break;
      case kSectionThenClose:
        v.OnAct();
        section(word);
        v.OnRelease(ReleaseRecord{});
        ++p;
        break;
      case kSectionHandover:
      case kOpenHandover: {
        if (end - p < 2) return stop(DecodeStatus::kTruncated);
        const uint32_t detail = p[1];
        const bool timed = (detail & kDetailTimed) != 0;
        if (timed && end - p < 3) return stop(DecodeStatus::kTruncated);
        AcquireRecord a = internal::ShortAcquire(word);
        if (detail & kDetailShared) a.mode = model::Mode::kShared;
        a.handed_over = a.mode == model::Mode::kExclusive;
        a.handover = detail & kDetailCount;
        ReleaseRecord r;
        internal::See(a, true, result.reading);
        if (timed) internal::ReadTimes(p[2], stamp, a, r);
        v.OnAct();
        if ((word & kOpenBit) != 0) {
          v.OnAcquire(a);
        } else {
          v.OnSection(a, r);
        }
        p += timed ? 3 : 2;
        break;
      }
      case kTimed: {
        if (end - p < 2) return stop(DecodeStatus::kTruncated);
        AcquireRecord a = internal::ShortAcquire(word);
        ReleaseRecord r;
        internal::See(a, true, result.reading);
        internal::ReadTimes(p[1], stamp, a, r);
        v.OnAct();
        if (r.timed) {
          v.OnSection(a, r);
        } else {
          v.OnAcquire(a);
        }
        p += 2;
        break;
      }
      case kOpen:
        v.OnAct();
        v.OnAcquire(ObjectOf(word) == result.reading.object
                        ? internal::ReadAgain(result.reading, word)
                        : internal::ShortAcquire(word));
        ++p;
        break;
      case kClose: {
        ReleaseRecord r;
        r.depth = word >> 3;
        if (word & kCloseTimed) {
          r.depth &= kCloseDepths - 1;
          r.has_length = true;
          r.length_ticks = DecodeTicks(word >> 15 & 0xffff);
        }
        v.OnAct();
        v.OnRelease(r);
        ++p;
        break;
      }
      default: {  // kExtended
        if (word == 0) return stop(DecodeStatus::kEnd);
        const uint32_t length = WordsOf(word);
        if (length == 0) return stop(DecodeStatus::kMalformed);
        if (length > static_cast<size_t>(end - p)) {
          return stop(DecodeStatus::kTruncated);
        }
        if (IsSegment(word) && p != begin) return stop(DecodeStatus::kEnd);
        if (!internal::DecodeExtended(
                word, internal::Payload(p + 1, length - 1), stamp,
                result.reading, v, result.unknown)) {
          return stop(DecodeStatus::kMalformed);
        }
        p += length;
        break;
      }
    }
  }
  return stop(DecodeStatus::kEnd);
}

}  // namespace lockcheck::log

#endif  // LOCKCHECK_LIB_LOG_DECODE_INL_H_
