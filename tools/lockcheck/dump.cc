#include "tools/lockcheck/dump.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "lib/log/declared_order.h"
#include "lib/log/order_key.h"
#include "lib/log/recording.h"
#include "lib/report/sites.h"
#include "tools/lockcheck/actor_ids.h"
#include "tools/lockcheck/dump_words.h"
#include "tools/lockcheck/exit_status.h"
#include "tools/lockcheck/output.h"
#include "tools/lockcheck/pipeline.h"

namespace lockcheck::tools {
namespace {

using log::ActorIndex;
using log::kNone;
using report::Printable;

std::string Quoted(std::string_view text) {
  return fmt::format("\"{}\"", Printable(text));
}

// Where lines go, and when to stop.
class Output {
 public:
  Output(std::FILE* out, uint64_t limit) : out_(out), left_(limit) {}

  // A line that is no record, as a heading.
  void Heading(std::string_view line) { Write(line); }
  void Record(std::string_view line) {
    if (done()) return;
    Write(line);
    if (left_ != 0 && --left_ == 0) full_ = true;
  }
  bool done() const { return full_ || error_ != 0; }
  // 0, or the errno of a failed write. A reader that went away is no failure.
  int error() {
    if (error_ == 0 && std::fflush(out_) != 0) error_ = errno;
    return error_ == EPIPE ? 0 : error_;
  }

 private:
  void Write(std::string_view line) {
    if (error_ != 0) return;
    if (std::fwrite(line.data(), 1, line.size(), out_) != line.size() ||
        std::fputc('\n', out_) == EOF) {
      error_ = errno;
    }
  }
  std::FILE* out_;
  uint64_t left_;
  bool full_ = false;
  int error_ = 0;
};

// One actor's records. Lines inside a hold are indented.
class Printer : public log::RecordVisitor {
 public:
  Printer(const log::Recording& r, ActorIndex actor, bool definitions_only,
          Output& out)
      : r_(r),
        process_(r.actors[actor].process),
        definitions_only_(definitions_only),
        out_(out) {}

  void OnSegment(const log::SegmentHeader& h) {
    held_.clear();
    std::string line = fmt::format("segment {}", h.number);
    const char* separator = ", holds ";
    for (size_t i = 0; i < h.held_count(); ++i) {
      const log::RawHold held = h.HeldAt(i);
      held_.push_back(held.object);
      line += separator + At(held.object, held.site);
      if (held.mode == model::Mode::kShared) line += " shared";
      separator = ", ";
    }
    const std::vector<uint32_t> inside = std::move(held_);
    held_.clear();
    Event(h.ticks, line);
    held_ = inside;
  }
  void OnSection(uint32_t object, uint32_t site) {
    Event("section " + At(object, site));
  }
  void OnSection(const log::AcquireRecord& a, const log::ReleaseRecord& r) {
    const std::string line = "section " + Text(a) + Text(r);
    a.timed ? Event(a.start_ticks, line) : Event(line);
  }
  void OnAcquire(const log::AcquireRecord& a) {
    const std::string line = "acquire " + Text(a);
    a.timed ? Event(a.start_ticks, line) : Event(line);
    held_.push_back(a.object);
  }
  void OnRelease(const log::ReleaseRecord& r) {
    std::string what = "a lock acquired before the log's first record";
    if (r.depth < held_.size()) {
      const auto it = held_.end() - 1 - r.depth;
      what = Object(*it);
      held_.erase(it);
    }
    std::string line = "release " + what;
    if (r.has_length)
      line += fmt::format(
          ", held for {:.0f} ns",
          static_cast<double>(r.length_ticks) * r_.clock.ns_per_tick);
    r.timed ? Event(r.end_ticks, line) : Event(line);
  }
  void OnReleasedByOther(uint32_t object) {
    for (size_t i = held_.size(); i > 0; --i) {
      if (held_[i - 1] != object) continue;
      held_.erase(held_.begin() + static_cast<ptrdiff_t>(i) - 1);
      break;
    }
    Event("released by another actor: " + Object(object));
  }
  void OnPost(const log::PostRecord& p) {
    std::string line = fmt::format(
        "{} {}, {}", Name(p.post), At(p.object, p.site),
        p.count == 0
            ? std::string("nobody waits")
            : fmt::format("{} woken from ticket {} on", p.count, p.first));
    if (p.amount != 1) line += fmt::format(", {} permits", p.amount);
    if (p.sequence != 0) line += Act(p);
    Event(line);
  }
  void OnTake(const log::TakeRecord& t) {
    std::string line = "took " + At(t.object, t.site) + Name(t.how);
    if (t.sequence != 0) line += Act(t);
    Event(line);
  }
  void OnAccess(const log::AccessRecord& a) {
    Event(fmt::format("{} {}, version {}", Name(a.access), At(a.object, a.site),
                      a.version));
  }
  void OnSawWaiters(uint32_t object, uint64_t ticks) {
    Event(ticks, "others waited for " + Object(object));
  }
  void OnTryFailed(uint32_t object, uint32_t site, model::How how) {
    Event("not acquired " + At(object, site) + Name(how));
  }
  void OnBlock(const log::BlockRecord& b) {
    if (b.join) {
      return Event(b.ticks,
                   fmt::format("join of actor {} at site {} begins to wait{}",
                               b.object, b.site, Name(b.how)));
    }
    std::string line =
        fmt::format("waits for {}{}{}", At(b.object, b.site), Name(b.how),
                    b.mode == model::Mode::kShared ? ", shared" : "");
    if (b.owner != 0) {
      line +=
          fmt::format(", held by actor {} at site {}", b.owner, b.owner_site);
    }
    if (b.ticket != 0) line += fmt::format(", ticket {}", b.ticket);
    Event(b.ticks, line);
  }
  void OnWake(uint32_t owner, uint32_t owner_site, uint64_t ticks) {
    Event(ticks, fmt::format("woke; it is held by actor {} at site {}", owner,
                             owner_site));
  }
  void OnUnblock(model::Outcome outcome, uint64_t ticks) {
    Event(ticks, fmt::format("wait ends: {}", Name(outcome)));
  }
  void OnFork(uint32_t child, uint64_t ticks) {
    Event(ticks, fmt::format("starts actor {}", child));
  }
  void OnBegin(log::BeginHow how, uint32_t parent, uint32_t tid,
               uint64_t ticks) {
    Event(ticks, fmt::format("begins {}, parent {}, thread {}", Name(how),
                             parent, tid));
  }
  void OnJoin(uint32_t actor, uint64_t ticks) {
    Event(ticks, fmt::format("joined actor {}", actor));
  }
  void OnEnd(uint64_t ticks, uint64_t cpu_ns, uint32_t voluntary,
             uint32_t involuntary) {
    Event(ticks, fmt::format("ends, {} ns of processor time, {} + {} switches",
                             cpu_ns, voluntary, involuntary));
  }
  void OnDestroy(uint32_t object) { Event("destroy " + Object(object)); }
  void OnMisuse(model::Misuse misuse, uint32_t object, uint32_t site,
                uint32_t owner, uint32_t stack, uint64_t ticks) {
    const model::MisuseName* const name = model::NameOf(misuse);
    Event(ticks, fmt::format("misuse {}: {}, owner {}, stack {}",
                             name != nullptr ? name->rule : "unknown",
                             At(object, site), owner, stack));
  }
  void OnExit(uint64_t ticks, uint64_t, uint64_t cpu_ns, uint32_t voluntary,
              uint32_t involuntary) {
    Event(ticks, fmt::format(
                     "process exits, {} ns of processor time, {} + {} switches",
                     cpu_ns, voluntary, involuntary));
  }
  void OnWaitStack(uint32_t stack) {
    Event(fmt::format("the wait's stack is {}", stack));
  }
  void OnNote(log::NoteKind kind, uint64_t value) {
    const uint64_t high = value >> 32;
    const bool elsewhere = kind == log::NoteKind::kElsewhere;
    const bool died = kind == log::NoteKind::kOwnerDied;
    const bool carrier = kind == log::NoteKind::kNoCarrier;
    const bool across = kind == log::NoteKind::kHeldAcross;
    const bool kept = kind == log::NoteKind::kKeptThread;
    const bool forked =
        kind == log::NoteKind::kForkHeld || kind == log::NoteKind::kForkActor;
    if (elsewhere || died || carrier || across || kept || forked ||
        kind == log::NoteKind::kStarved) {
      value &= 0xffffffff;
    }
    std::string other;
    if (high != 0 && elsewhere)
      other = fmt::format(", for the end of {}", high);
    if (high != 0 && died) other = fmt::format(", actor {}", high);
    if (carrier) other = fmt::format(", but that of {}, who waits", high);
    if (high != 0 && across) other = ", and goes on in another thread";
    if (kept) {
      other = fmt::format(", {} us, {} others ready",
                          log::DecodeTicks(high & 0xffff), high >> 16);
    }
    if (high != 0 && forked) other = fmt::format(", site {}", high);
    Event(fmt::format("{}: {}{}", Name(kind), value, other));
  }

  void OnDefProcess(uint32_t process, uint32_t pid, uint32_t parent,
                    uint64_t start, std::string_view options,
                    std::string_view program, std::string_view,
                    std::string_view host) {
    Definition(fmt::format(
        "process {}: pid {}, parent {}, start {}, {} on {}, options {}",
        process, pid, parent, start, Quoted(program), Quoted(host),
        Quoted(options)));
  }
  void OnDefModule(uint32_t module, uint64_t base, uint64_t size,
                   std::string_view build_id, std::string_view path) {
    std::string id;
    for (const unsigned char byte : build_id) id += fmt::format("{:02x}", byte);
    Definition(fmt::format("module {}: {} at {:#x}, {} bytes, build id {}",
                           module, Quoted(path), base, size,
                           id.empty() ? "unknown" : id));
  }
  void OnDefPlace(uint32_t place, uint32_t line, uint32_t column,
                  std::string_view file, std::string_view function) {
    Definition(fmt::format("place {}: {}:{}:{} in {}", place, Printable(file),
                           line, column, Quoted(function)));
  }
  void OnDefObject(model::ObjectKind kind, uint32_t object, uint32_t place,
                   uint32_t site, uint64_t address, std::string_view name,
                   uint32_t value) {
    Definition(fmt::format(
        "object {}: {} {}, place {}, first used at site {}, address {:#x}{}",
        object, model::PrimitiveOf(kind).name, Quoted(name), place, site,
        address,
        model::PrimitiveOf(kind).stock == model::Stock::kCount
            ? fmt::format(", begins with {}", value)
            : ""));
  }
  void OnDefSite(uint32_t site, std::span<const uint32_t> frames) {
    Definition(fmt::format("site {}:{}", site, Frames(frames)));
  }
  void OnDefStack(uint32_t stack, const log::StackOf& of,
                  std::span<const uint32_t> frames) {
    std::string line = fmt::format("stack {}: {}", stack, Name(of.reason));
    if (of.object != 0) line += " of " + Object(of.object);
    if (of.site != 0) line += fmt::format(" at site {}", of.site);
    if (of.held_object != 0)
      line += " under " + At(of.held_object, of.held_site);
    Definition(line + ":" + Frames(frames));
  }
  void OnDefName(log::NameTarget target, uint32_t id, std::string_view name) {
    if (target == log::kDeclaredOrderName) {
      const auto after = log::ParseDeclaredOrder(name);
      return Definition(
          after ? fmt::format("declared order: object {} before object {} at "
                              "site {}",
                              id, after->second, after->site)
                : fmt::format("declared order of object {}: {}", id,
                              Quoted(name)));
    }
    const bool is_key = target == log::kOrderKeyName;
    Definition(fmt::format("{} of {} {}: {}", is_key ? "order key" : "name",
                           is_key ? "object" : Name(target), id, Quoted(name)));
  }

 private:
  static constexpr int kTimeWidth = 14;
  static constexpr size_t kDeepestIndent = 20;

  void Event(const std::string& text) { Event("", text); }
  void Event(uint64_t ticks, const std::string& text) {
    Event(fmt::format("{:.0f}", r_.clock.ToNs(ticks)), text);
  }
  void Event(const std::string& time, const std::string& text) {
    if (definitions_only_ || out_.done()) return;
    out_.Record(fmt::format("{:>{}}  {:{}}{}", time, kTimeWidth, "",
                            2 * std::min(held_.size(), kDeepestIndent), text));
  }
  void Definition(const std::string& text) {
    if (!out_.done())
      out_.Record(fmt::format("{:{}}  define {}", "", kTimeWidth, text));
  }

  std::string Object(uint32_t id) const {
    const log::ObjectIndex index = r_.FindObject(process_, id);
    if (index == kNone) return fmt::format("unknown #{}", id);
    const log::Object& object = r_.objects[index];
    const char* const kind = model::PrimitiveOf(object.kind).name;
    return object.name.empty()
               ? fmt::format("{} #{}", kind, id)
               : fmt::format("{} #{} {}", kind, id, Quoted(object.name));
  }
  std::string At(uint32_t object, uint32_t site) const {
    return fmt::format("{} at site {}", Object(object), site);
  }
  // Of a POST or a TAKE.
  template <typename Note>
  static std::string Act(const Note& note) {
    std::string act = fmt::format(", act {}", note.sequence);
    if (!note.short_note) act += fmt::format(", then {}", note.value);
    return act;
  }
  std::string Text(const log::AcquireRecord& a) const {
    std::string line = At(a.object, a.site);
    line += Name(a.how);
    if (a.mode == model::Mode::kShared) line += ", shared";
    if (a.handed_over) line += fmt::format(", hand-over {}", a.handover);
    if (a.group != 0) line += fmt::format(", {} taken before", a.group);
    return line;
  }
  std::string Text(const log::ReleaseRecord& r) const {
    std::string line;
    if (r.timed)
      line += fmt::format(", until {:.0f}", r_.clock.ToNs(r.end_ticks));
    return line;
  }
  static std::string Frames(std::span<const uint32_t> frames) {
    std::string line;
    for (size_t i = 0; i < frames.size() / 2; ++i) {
      const uint64_t frame = log::FrameAt(frames, i);
      line += fmt::format(" {}+{:#x}", log::FrameModule(frame),
                          log::FrameOffset(frame));
    }
    return line;
  }

  const log::Recording& r_;
  const log::ProcessIndex process_;
  const bool definitions_only_;
  Output& out_;
  std::vector<uint32_t> held_;  // raw object ids
};

std::string Heading(const log::Recording& r, const log::Actor& actor) {
  const log::Process& process = r.processes[actor.process];
  return fmt::format("actor {}{}{} of process {} {}, thread {}", actor.id,
                     actor.name.empty() ? "" : " ",
                     actor.name.empty() ? "" : Quoted(actor.name), process.pid,
                     Quoted(process.program), actor.tid);
}

void DumpActor(const log::Recording& r, ActorIndex index,
               const DumpOptions& options, Output& out) {
  const log::Actor& actor = r.actors[index];
  out.Heading(Heading(r, actor));
  Printer printer(r, index, options.definitions_only, out);
  for (const log::Segment& segment : actor.segments) {
    if (out.done()) return;
    log::DecodeSegment(segment.words, printer);
  }
}

}  // namespace

int RunDump(const std::string& path, const DumpOptions& options,
            std::FILE* out) {
  const auto recording = OpenRecording(path);
  if (!recording.ok()) {
    Complain(std::string(recording.status().message()));
    return kExitFile;
  }
  const log::Recording& r = **recording;
  for (const std::string& warning : r.warnings) Complain(warning);
  if (options.actor && r.FindActor(*options.actor) == kNone) {
    std::set<uint32_t> ids;
    for (const log::Actor& actor : r.actors) ids.insert(actor.id);
    Complain(
        fmt::format("{}: --actor: {}", path, NoSuchActor(*options.actor, ids)));
    return kExitUsage;
  }
  Output output(out, options.limit);
  for (ActorIndex i = 0; i < r.actors.size() && !output.done(); ++i) {
    if (!options.actor || r.actors[i].id == *options.actor)
      DumpActor(r, i, options, output);
  }
  if (const int error = output.error(); error != 0) {
    Complain(
        fmt::format("standard output: cannot write: {}", std::strerror(error)));
    return kExitFile;
  }
  return kExitOk;
}

}  // namespace lockcheck::tools
