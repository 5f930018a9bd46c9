// Builds a log file from verbs, byte by byte as lib/log/format.h says, without
// the runtime: tests of the reader, of the analyses and of the command say in a
// few lines what happened and get a log of it.
//
//   LogBuilder b;
//   b.Process(1).Actor(1, BeginHow::kMain).Object(1, ObjectKind::kMutex, "m");
//   b.Site(8, {PackFrame(1, 0x40)}).Section(1, 1, 8).Exit(1);
//   b.Write(path);
//
// Definitions go to the stream of the actor named last; events name theirs.
// Times are ticks since the start of the recording; At() sets the clock that
// stamped records read, and nothing else moves it. A record takes the shortest
// form that fits. The list of held locks is kept, so that a new segment states
// it. Damage verbs close the log first: events cannot follow them.
#ifndef LOCKCHECK_TESTS_LOG_LOG_BUILDER_H_
#define LOCKCHECK_TESTS_LOG_LOG_BUILDER_H_

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "lib/log/format.h"
#include "lib/model/primitives.h"
#include "tests/log/log_records.h"
#include "tests/log/log_streams.h"

namespace lockcheck::log::testing {

class LogBuilder : private LogStreams {
 public:
  using LogStreams::kStartMonotonicNs;
  using LogStreams::kStartTicks;
  using LogStreams::kStartUnixNs;

  // ---- The file ----
  LogBuilder& NsPerTick(double ns) { return ns_per_tick_ = ns, *this; }
  LogBuilder& MajorVersion(uint16_t major) { return major_ = major, *this; }
  LogBuilder& Stopped(StopReason reason) {
    stop_ = reason;
    stop_ticks_ = Ticks(now_);
    return *this;
  }
  LogBuilder& Dropped(uint64_t records) { return dropped_ = records, *this; }
  LogBuilder& VolatileHot() { return volatile_hot_ = true, *this; }
  // Before any actor. Hot blocks lie behind the ring.
  LogBuilder& Ring(uint64_t blocks) { return ring_ = blocks, *this; }
  // Starts a new block when a block has this many words of records.
  LogBuilder& SplitEvery(size_t words) { return limit_ = words, *this; }
  LogBuilder& At(uint64_t ticks) { return now_ = ticks, *this; }
  LogBuilder& Advance(uint64_t ticks) { return now_ += ticks, *this; }

  // ---- Definitions, into the stream of the actor named last ----
  LogBuilder& Process(uint32_t id, const ProcessOptions& o = {}) {
    std::vector<uint32_t> p = {id, o.pid ? o.pid : 100 + id, o.parent};
    U64(p, o.start_time ? o.start_time : 5000 + id);
    for (const auto* text : {&o.options, &o.program, &o.arguments, &o.host})
      Text(p, *text);
    process_ = id;
    // The process's own first actor defines it.
    waiting_definitions_.push_back(Record(Op::kDefProcess, 0, p));
    return *this;
  }
  LogBuilder& Module(uint32_t id, std::string_view path, uint64_t base = 0,
                     uint64_t size = 1 << 20, std::string_view build_id = "") {
    std::vector<uint32_t> p = {id};
    U64(p, base);
    U64(p, size);
    Text(p, build_id);
    Text(p, path);
    return Define(Record(Op::kDefModule, 0, p));
  }
  LogBuilder& Place(uint32_t id, std::string_view file, uint32_t line,
                    std::string_view function = "", uint32_t column = 1) {
    std::vector<uint32_t> p = {id, line, column};
    Text(p, file);
    Text(p, function);
    return Define(Record(Op::kDefPlace, 0, p));
  }
  LogBuilder& Object(uint32_t id, model::ObjectKind kind,
                     std::string_view name = "", uint32_t place = 0,
                     uint32_t first_site = 0, uint64_t address = 0,
                     uint32_t begins_with = 0) {
    std::vector<uint32_t> p = {id, place, first_site};
    U64(p, address);
    Text(p, name);
    if (begins_with != 0) p.push_back(begins_with);
    return Define(Record(Op::kDefObject, static_cast<uint32_t>(kind), p));
  }
  LogBuilder& Site(uint32_t id, const std::vector<uint64_t>& frames) {
    std::vector<uint32_t> p = {id};
    Frames(p, frames);
    return Define(Record(Op::kDefSite, 0, p));
  }
  LogBuilder& Stack(uint32_t id, const StackOf& of,
                    const std::vector<uint64_t>& frames) {
    std::vector<uint32_t> p = {id, of.object, of.site, of.held_object,
                               of.held_site};
    Frames(p, frames);
    return Define(Record(Op::kDefStack, static_cast<uint32_t>(of.reason), p));
  }
  LogBuilder& Name(NameTarget target, uint32_t id, std::string_view name) {
    std::vector<uint32_t> p = {id};
    Text(p, name);
    return Define(Record(Op::kDefName, static_cast<uint32_t>(target), p));
  }

  // ---- Actors ----
  // An actor and its Begin record.
  LogBuilder& Actor(uint32_t id, BeginHow how, const ActorOptions& o = {}) {
    Stream(id, o);
    return Begin(id, how, o.parent, o.tid ? o.tid : 1000 + id);
  }
  // An actor without a Begin record.
  LogBuilder& Stream(uint32_t id, const ActorOptions& o = {}) {
    ActorState& a = actors_[id];
    a.process = o.process ? o.process : process_;
    a.held = o.held;
    if (o.reuse_block_of != 0) {
      a.block = actors_[o.reuse_block_of].block;
    } else {
      a.block = open_.size();
      open_.push_back({.hot = o.hot, .number = o.hot ? NewHotNumber() : 0});
    }
    WriteSegment(id);
    current_ = id;
    std::vector<std::vector<uint32_t>> waiting;
    waiting.swap(waiting_definitions_);
    for (const auto& record : waiting) Append(id, record);
    return *this;
  }
  // Definitions that follow go to this actor's stream.
  LogBuilder& In(uint32_t actor) { return current_ = actor, *this; }
  LogBuilder& Begin(uint32_t actor, BeginHow how, uint32_t parent = 0,
                    uint32_t tid = 0) {
    return Stamped(actor, Op::kBegin, static_cast<uint32_t>(how),
                   {parent, tid});
  }
  LogBuilder& Fork(uint32_t actor, uint32_t child) {
    return Stamped(actor, Op::kFork, 0, {child});
  }
  LogBuilder& JoinBlock(uint32_t actor, uint32_t child, uint32_t site,
                        model::How how = model::How::kBlocking) {
    return Stamped(actor, Op::kJoinBlock, static_cast<uint32_t>(how),
                   {child, site});
  }
  LogBuilder& Join(uint32_t actor, uint32_t child) {
    return Stamped(actor, Op::kJoin, 0, {child});
  }
  LogBuilder& End(uint32_t actor, uint64_t cpu_ns = 0, uint32_t voluntary = 0,
                  uint32_t involuntary = 0) {
    std::vector<uint32_t> p;
    U64(p, Ticks(now_));
    U64(p, cpu_ns);
    p.insert(p.end(), {voluntary, involuntary});
    return Append(actor, Record(Op::kEnd, 0, p));
  }
  LogBuilder& Exit(uint32_t actor, uint64_t cpu_ns = 0, uint32_t voluntary = 0,
                   uint32_t involuntary = 0) {
    std::vector<uint32_t> p;
    U64(p, Ticks(now_));
    U64(p, MonotonicNs(now_));
    U64(p, cpu_ns);
    p.insert(p.end(), {voluntary, involuntary});
    return Append(actor, Record(Op::kExit, 0, p));
  }

  // ---- Acquisitions ----
  LogBuilder& Section(uint32_t actor, uint32_t object, uint32_t site,
                      const Extras& e = {}) {
    if (FitsShort(actor, object, site, e))
      return Append(actor, ShortForm(actor, object, site, e));
    if (e.end) {
      Extras release;
      release.end = e.end;
      return Open(actor, object, site, e).Close(actor, 0, release);
    }
    return Append(actor, Acquisition(Op::kSection, object, site, e));
  }
  // The section and the release of the innermost open hold, in one word.
  LogBuilder& SectionThenClose(uint32_t actor, uint32_t object, uint32_t site) {
    if (actors_[actor].read_object == object)
      return Section(actor, object, site).Close(actor);
    Append(actor, {Pack(kSectionThenClose, object, site)});
    return Drop(actor, 0);
  }
  LogBuilder& Open(uint32_t actor, uint32_t object, uint32_t site,
                   const Extras& e = {}) {
    if (FitsShort(actor, object, site, e)) {
      Extras open = e;
      open.end.reset();
      std::vector<uint32_t> words = ShortForm(actor, object, site, open);
      if ((words[0] & kShortOpMask) != kTimed) words[0] |= kOpenBit;
      Append(actor, words);
    } else {
      Append(actor, Acquisition(Op::kAcquire, object, site, e));
    }
    actors_[actor].held.push_back({object, site});
    return *this;
  }
  // Releases the hold that has `depth` open holds above it.
  LogBuilder& Close(uint32_t actor, uint32_t depth = 0, const Extras& e = {}) {
    if (e.length) {
      Append(actor, {TimedCloseWord(depth, EncodeTicks(*e.length))});
    } else if (!e.end) {
      Append(actor, {CloseWord(depth)});
    } else {
      std::vector<uint32_t> p = {depth};
      if (e.end) U64(p, Ticks(*e.end));
      Append(actor, Record(Op::kRelease, e.end ? uint32_t{kFlagEnd} : 0u, p));
    }
    return Drop(actor, depth);
  }
  // When the last timed acquisition began, as a reader computes it.
  uint64_t last_start() const { return last_start_; }
  LogBuilder& SawWaiters(uint32_t actor, uint32_t object) {
    return Stamped(actor, Op::kSawWaiters, 0, {object});
  }
  LogBuilder& ReleasedByOther(uint32_t actor, uint32_t object) {
    Append(actor, Record(Op::kReleasedByOther, 0, {object}));
    auto& held = actors_[actor].held;
    const auto it =
        std::find_if(held.rbegin(), held.rend(),
                     [&](const Held& h) { return h.object == object; });
    if (it != held.rend()) held.erase(std::next(it).base());
    return *this;
  }
  LogBuilder& TryFailed(uint32_t actor, uint32_t object, uint32_t site,
                        model::How how = model::How::kTry) {
    return Append(actor, Record(Op::kTryFailed, static_cast<uint32_t>(how),
                                {object, site}));
  }
  // ---- Waits, misuse, the rest ----
  LogBuilder& Block(uint32_t actor, uint32_t object, uint32_t site,
                    uint32_t owner, uint32_t owner_site, const Extras& e = {}) {
    const uint32_t arg =
        static_cast<uint32_t>(e.how) |
        (e.mode == model::Mode::kShared ? kBlockSharedBit : 0u) |
        (e.awaited ? kBlockAwaitedBit : 0u);
    std::vector<uint32_t> p = {object, site, owner, owner_site};
    U64(p, Ticks(now_));
    if (e.ticket) p.push_back(*e.ticket);
    return Append(actor, Record(Op::kBlock, arg, p));
  }
  LogBuilder& Wake(uint32_t actor, uint32_t owner, uint32_t owner_site) {
    return Stamped(actor, Op::kWake, 0, {owner, owner_site});
  }
  LogBuilder& Unblock(uint32_t actor,
                      model::Outcome outcome = model::Outcome::kAcquired) {
    return Stamped(actor, Op::kUnblock, static_cast<uint32_t>(outcome), {});
  }
  LogBuilder& WaitStack(uint32_t actor, uint32_t stack) {
    return Append(actor, Record(Op::kWaitStack, 0, {stack}));
  }
  LogBuilder& Misuse(uint32_t actor, model::Misuse misuse, uint32_t object,
                     uint32_t site, uint32_t owner = 0, uint32_t stack = 0) {
    return Stamped(actor, Op::kMisuse, static_cast<uint32_t>(misuse),
                   {object, site, owner, stack});
  }
  // Nobody waits for the signal.
  LogBuilder& Post(uint32_t actor, uint32_t object, uint32_t site) {
    return Append(
        actor, Record(Op::kPost, static_cast<uint32_t>(model::Post::kNotifyOne),
                      {object, site, 0, 0, 1}));
  }
  // Notifies one; `first` of `count` tickets.
  LogBuilder& Post(uint32_t actor, uint32_t object, uint32_t site,
                   uint32_t first, uint32_t count, uint32_t next_ticket) {
    return Append(
        actor, Record(Op::kPost, static_cast<uint32_t>(model::Post::kNotifyOne),
                      {object, site, first, count, next_ticket}));
  }
  // Adds permits to a semaphore.
  LogBuilder& Release(uint32_t actor, uint32_t object, uint32_t site,
                      uint32_t sequence, uint32_t value, uint32_t amount = 1) {
    std::vector<uint32_t> p = {object, site, 0, 0, 0, sequence, value};
    if (amount != 1) p.push_back(amount);
    return Append(
        actor,
        Record(Op::kPost, static_cast<uint32_t>(model::Post::kRelease), p));
  }
  LogBuilder& Take(uint32_t actor, uint32_t object, uint32_t site,
                   uint32_t sequence, uint32_t value,
                   model::How how = model::How::kBlocking) {
    return Append(actor, Record(Op::kTake, static_cast<uint32_t>(how),
                                {object, site, sequence, value}));
  }
  // Any post and a take, of an object whose acts are numbered.
  LogBuilder& Act(uint32_t actor, model::Post post, uint32_t object,
                  uint32_t site, const PostFacts& f) {
    return Append(actor, Record(Op::kPost, static_cast<uint32_t>(post),
                                {object, site, f.first, f.count, f.next_ticket,
                                 f.sequence, f.value}));
  }
  // The short forms.
  LogBuilder& ShortPost(uint32_t actor, model::Post post, uint32_t object,
                        uint32_t site, uint32_t sequence) {
    return ShortNote(actor, Op::kPost, static_cast<uint32_t>(post),
                     Pack(kExtended, object, site), sequence);
  }
  LogBuilder& ShortTake(uint32_t actor, uint32_t object, uint32_t site,
                        uint32_t sequence,
                        model::How how = model::How::kBlocking) {
    return ShortNote(actor, Op::kTake, static_cast<uint32_t>(how),
                     Pack(kExtended, object, site), sequence);
  }
  // Of neighbours.
  LogBuilder& TakeAndPost(uint32_t actor, uint32_t taken, model::Post post,
                          uint32_t posted, uint32_t site, uint32_t sequence,
                          model::How how = model::How::kBlocking) {
    const uint32_t packed =
        Pack(kExtended, taken, site) | (posted < taken ? kPostedBefore : 0);
    return Append(actor, Record(Op::kTakeAndPost,
                                log::TakeAndPost(static_cast<uint32_t>(how),
                                                 static_cast<uint32_t>(post)),
                                {packed, sequence}));
  }
  // Of a variable.
  LogBuilder& Access(uint32_t actor, model::Access access, uint32_t object,
                     uint32_t site, uint32_t version) {
    return Append(actor, Record(Op::kAccess, static_cast<uint32_t>(access),
                                {object, site, version}));
  }
  LogBuilder& ShortAccess(uint32_t actor, model::Access access, uint32_t object,
                          uint32_t site, uint32_t version) {
    return ShortNote(actor, Op::kAccess, static_cast<uint32_t>(access),
                     Pack(kExtended, object, site), version);
  }
  LogBuilder& Destroy(uint32_t actor, uint32_t object) {
    return Append(actor, Record(Op::kDestroy, 0, {object}));
  }
  LogBuilder& Note(uint32_t actor, NoteKind kind, uint64_t value) {
    std::vector<uint32_t> p;
    U64(p, value);
    return Append(actor, Record(Op::kNote, static_cast<uint32_t>(kind), p));
  }
  // Any words at all.
  LogBuilder& Raw(uint32_t actor, const std::vector<uint32_t>& words) {
    return Append(actor, words);
  }

  // ---- Blocks and segments ----
  LogBuilder& NewSegment(uint32_t actor) { return WriteSegment(actor), *this; }
  // Seals the actor's block and goes on in a new one, with a new segment.
  LogBuilder& NewBlock(uint32_t actor) { return StartBlock(actor), *this; }
  // Writes the sealed copy and dies before the hot block is restarted; the
  // first `zeroed` words of the hot copy's records are already wiped.
  LogBuilder& SealAndDie(uint32_t actor, size_t zeroed = 0) {
    SealCopy(actor);
    auto& words = BlockOf(actor).words;
    std::fill_n(words.begin(), std::min(zeroed, words.size()), 0);
    return *this;
  }
  // A block number that was claimed and never written.
  LogBuilder& FreeBlock() { return NewNumber(), *this; }
  // The number that the next block will have.
  uint64_t NextBlock() const { return next_block_; }
  const std::vector<Held>& HeldBy(uint32_t actor) {
    return actors_[actor].held;
  }

  // ---- Damage ----
  LogBuilder& CorruptByte(size_t offset, uint8_t flip = 0xff) {
    Finish();
    if (offset < file_.size()) file_[offset] ^= static_cast<char>(flip);
    return *this;
  }
  LogBuilder& Truncate(size_t bytes) {
    Finish();
    file_.resize(std::min(bytes, file_.size()));
    return *this;
  }
  LogBuilder& ZeroBlock(uint64_t number) {
    Finish();
    const size_t from = std::min<size_t>(number * kBlockSize, file_.size());
    const size_t to = std::min<size_t>(from + kBlockSize, file_.size());
    std::fill(file_.begin() + from, file_.begin() + to, '\0');
    return *this;
  }

  // ---- Result ----
  const std::string& bytes() {
    Finish();
    return file_;
  }
  void Write(const std::string& path) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(bytes().data(), static_cast<std::streamsize>(bytes().size()));
    if (!out.flush()) std::abort();
  }

 private:
  LogBuilder& ShortNote(uint32_t actor, Op op, uint32_t arg, uint32_t packed,
                        uint32_t sequence) {
    return Append(actor, Record(op, arg | kShortNote, {packed, sequence}));
  }
  LogBuilder& Define(const std::vector<uint32_t>& record) {
    if (current_ != 0) return Append(current_, record);
    waiting_definitions_.push_back(record);
    return *this;
  }
  LogBuilder& Stamped(uint32_t actor, Op op, uint32_t arg,
                      std::vector<uint32_t> payload) {
    U64(payload, Ticks(now_));
    return Append(actor, Record(op, arg, payload));
  }
  LogBuilder& Drop(uint32_t actor, uint32_t depth) {
    auto& held = actors_[actor].held;
    if (depth < held.size()) held.erase(held.end() - 1 - depth);
    return *this;
  }
  LogBuilder& Append(uint32_t actor, const std::vector<uint32_t>& record) {
    return Put(actor, record), *this;
  }

  uint32_t process_ = 1;
  uint32_t current_ = 0;
  std::vector<std::vector<uint32_t>> waiting_definitions_;
};

}  // namespace lockcheck::log::testing

#endif  // LOCKCHECK_TESTS_LOG_LOG_BUILDER_H_
