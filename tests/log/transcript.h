// What a visitor is told, one line a record, for comparing streams in tests.
#ifndef LOCKCHECK_TESTS_LOG_TRANSCRIPT_H_
#define LOCKCHECK_TESTS_LOG_TRANSCRIPT_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/log/decode.h"

namespace lockcheck::log::testing {

class Transcript : public RecordVisitor {
 public:
  std::vector<std::string> lines;

  void OnSegment(const SegmentHeader& h) {
    std::string line =
        absl::StrCat("segment ", h.number, " of actor ", h.actor, " process ",
                     h.process, " at ", h.ticks, " ns ", h.monotonic_ns);
    for (size_t i = 0; i < h.held_count(); ++i)
      line += absl::StrCat(" holds ", At(h.HeldAt(i).object, h.HeldAt(i).site));
    lines.push_back(line);
  }
  void OnSection(uint32_t object, uint32_t site) {
    lines.push_back(absl::StrCat("section ", At(object, site)));
  }
  void OnSection(const AcquireRecord& a, const ReleaseRecord& r) {
    lines.push_back(absl::StrCat("section ", Of(a), Of(r)));
  }
  void OnAcquire(const AcquireRecord& a) {
    lines.push_back(absl::StrCat("acquire ", Of(a)));
  }
  void OnRelease(const ReleaseRecord& r) {
    lines.push_back(absl::StrCat("release ", r.depth, Of(r)));
  }
  void OnReleasedByOther(uint32_t object) {
    lines.push_back(absl::StrCat("released by other ", object));
  }
  void OnPost(const PostRecord& p) {
    lines.push_back(absl::StrCat(
        "post ", static_cast<uint32_t>(p.post), " ", At(p.object, p.site),
        " first ", p.first, " count ", p.count, " next ", p.next_ticket,
        " sequence ", p.sequence, Value(p),
        p.amount == 1 ? std::string() : absl::StrCat(" amount ", p.amount)));
  }
  void OnTake(const TakeRecord& t) {
    lines.push_back(
        absl::StrCat("take ", At(t.object, t.site),
                     t.how == model::How::kBlocking ? std::string() : Of(t.how),
                     " sequence ", t.sequence, Value(t)));
  }
  void OnAccess(const AccessRecord& a) {
    constexpr const char* kNames[] = {"read ", "write ", "update "};
    lines.push_back(absl::StrCat(kNames[static_cast<size_t>(a.access)],
                                 At(a.object, a.site), " version ", a.version));
  }
  void OnSawWaiters(uint32_t object, uint64_t ticks) {
    lines.push_back(absl::StrCat("saw waiters ", object, " at ", ticks));
  }
  void OnTryFailed(uint32_t object, uint32_t site, model::How how) {
    lines.push_back(absl::StrCat("try failed ", At(object, site), Of(how)));
  }
  void OnBlock(const BlockRecord& b) {
    lines.push_back(absl::StrCat(
        (b.join ? "join block " : "block "), At(b.object, b.site), Of(b.how),
        (b.mode == model::Mode::kShared ? " shared" : ""), " owner ",
        At(b.owner, b.owner_site), " at ", b.ticks,
        (b.ticket == 0 ? std::string() : absl::StrCat(" ticket ", b.ticket))));
  }
  void OnWake(uint32_t owner, uint32_t owner_site, uint64_t ticks) {
    lines.push_back(
        absl::StrCat("wake owner ", At(owner, owner_site), " at ", ticks));
  }
  void OnUnblock(model::Outcome outcome, uint64_t ticks) {
    lines.push_back(absl::StrCat("unblock ", static_cast<uint32_t>(outcome),
                                 " at ", ticks));
  }
  void OnFork(uint32_t child, uint64_t ticks) {
    lines.push_back(absl::StrCat("fork ", child, " at ", ticks));
  }
  void OnBegin(BeginHow how, uint32_t parent, uint32_t tid, uint64_t ticks) {
    lines.push_back(absl::StrCat("begin ", static_cast<uint32_t>(how),
                                 " parent ", parent, " tid ", tid, " at ",
                                 ticks));
  }
  void OnJoin(uint32_t actor, uint64_t ticks) {
    lines.push_back(absl::StrCat("join ", actor, " at ", ticks));
  }
  void OnEnd(uint64_t ticks, uint64_t cpu, uint32_t voluntary,
             uint32_t involuntary) {
    lines.push_back(absl::StrCat("end at ", ticks, " cpu ", cpu, " switches ",
                                 voluntary, " ", involuntary));
  }
  void OnDestroy(uint32_t object) {
    lines.push_back(absl::StrCat("destroy ", object));
  }
  void OnMisuse(model::Misuse misuse, uint32_t object, uint32_t site,
                uint32_t owner, uint32_t stack, uint64_t ticks) {
    lines.push_back(absl::StrCat("misuse ", static_cast<uint32_t>(misuse), " ",
                                 At(object, site), " owner ", owner, " stack ",
                                 stack, " at ", ticks));
  }
  void OnExit(uint64_t ticks, uint64_t ns, uint64_t cpu, uint32_t voluntary,
              uint32_t involuntary) {
    lines.push_back(absl::StrCat("exit at ", ticks, " ns ", ns, " cpu ", cpu,
                                 " switches ", voluntary, " ", involuntary));
  }
  void OnWaitStack(uint32_t stack) {
    lines.push_back(absl::StrCat("wait stack ", stack));
  }
  void OnNote(NoteKind kind, uint64_t value) {
    lines.push_back(
        absl::StrCat("note ", static_cast<uint32_t>(kind), " ", value));
  }
  void OnDefProcess(uint32_t process, uint32_t pid, uint32_t parent,
                    uint64_t start, std::string_view options,
                    std::string_view program, std::string_view arguments,
                    std::string_view host) {
    lines.push_back(absl::StrCat("process ", process, " pid ", pid, " parent ",
                                 parent, " start ", start, " ", Quoted(options),
                                 Quoted(program), Quoted(arguments),
                                 Quoted(host)));
  }
  void OnDefModule(uint32_t module, uint64_t base, uint64_t size,
                   std::string_view build_id, std::string_view path) {
    lines.push_back(absl::StrCat("module ", module, " base ", base, " size ",
                                 size, " ", Quoted(build_id), Quoted(path)));
  }
  void OnDefPlace(uint32_t place, uint32_t line, uint32_t column,
                  std::string_view file, std::string_view function) {
    lines.push_back(absl::StrCat("place ", place, " ", line, ":", column, " ",
                                 Quoted(file), Quoted(function)));
  }
  void OnDefObject(model::ObjectKind kind, uint32_t object, uint32_t place,
                   uint32_t site, uint64_t address, std::string_view name,
                   uint32_t value) {
    lines.push_back(absl::StrCat(
        "object ", object, " kind ", static_cast<uint32_t>(kind), " place ",
        place, " site ", site, " address ", address, " ", Quoted(name),
        value == 0 ? "" : absl::StrCat(" value ", value)));
  }
  void OnDefSite(uint32_t site, std::span<const uint32_t> frames) {
    lines.push_back(absl::StrCat("site ", site, Of(frames)));
  }
  void OnDefStack(uint32_t stack, const StackOf& of,
                  std::span<const uint32_t> frames) {
    lines.push_back(absl::StrCat("stack ", stack, " reason ",
                                 static_cast<uint32_t>(of.reason), " of ",
                                 At(of.object, of.site), " under ",
                                 At(of.held_object, of.held_site), Of(frames)));
  }
  void OnDefName(NameTarget target, uint32_t id, std::string_view name) {
    lines.push_back(absl::StrCat("name ", static_cast<uint32_t>(target), " ",
                                 id, " ", Quoted(name)));
  }

 private:
  template <typename Note>
  static std::string Value(const Note& note) {
    return note.short_note ? " short" : absl::StrCat(" value ", note.value);
  }
  static std::string At(uint32_t object, uint32_t site) {
    return absl::StrCat(object, "@", site);
  }
  static std::string Quoted(std::string_view text) {
    return absl::StrCat("'", absl::string_view(text.data(), text.size()), "'");
  }
  static std::string Of(model::How how) {
    return absl::StrCat(" how ", static_cast<uint32_t>(how));
  }
  static std::string Of(const AcquireRecord& a) {
    std::string line = At(a.object, a.site);
    if (a.how != model::How::kBlocking) line += Of(a.how);
    if (a.mode == model::Mode::kShared) line += " shared";
    if (a.handed_over) line += absl::StrCat(" handover ", a.handover);
    if (a.mode == model::Mode::kShared && a.handover != 0)
      line += absl::StrCat(" after ", a.handover);
    if (a.timed) line += absl::StrCat(" from ", a.start_ticks);
    if (a.group != 0) line += absl::StrCat(" group ", a.group);
    return line;
  }
  static std::string Of(const ReleaseRecord& r) {
    std::string line;
    if (r.timed) line += absl::StrCat(" until ", r.end_ticks);
    if (r.has_length) line += absl::StrCat(" after ", r.length_ticks);
    return line;
  }
  static std::string Of(std::span<const uint32_t> frames) {
    std::string line;
    for (size_t i = 0; i < frames.size() / 2; ++i) {
      const uint64_t frame = FrameAt(frames, i);
      line += absl::StrCat(" ", FrameModule(frame), "+", FrameOffset(frame));
    }
    return line;
  }
};

}  // namespace lockcheck::log::testing

#endif  // LOCKCHECK_TESTS_LOG_TRANSCRIPT_H_
