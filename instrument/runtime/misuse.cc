#include "instrument/runtime/misuse.h"

#include "instrument/runtime/deadlock_report.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/live_book.h"
#include "instrument/runtime/message.h"
#include "instrument/runtime/modules.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"

namespace lockcheck::runtime {
namespace {

GrowingSet g_said;  // misuse << 32 | site

void NameObject(Message& m, const char* name, const char* file, uint64_t line) {
  if (file == nullptr) return;
  m << ": ";
  if (name != nullptr) m << "\"" << name << "\", ";
  m << "made at " << file << ":" << line;
}

void NameObject(Message& m, const Thread* t, const MisuseReport& report) {
  if (report.lock != nullptr) {
    NameObject(m, report.lock->name, report.lock->file, report.lock->line);
  } else if (report.file == nullptr && t->live) {
    const LiveName known = NameOfLiveObject(report.object);
    NameObject(m, known.name[0] != 0 ? known.name : nullptr, known.file,
               known.line);
  } else {
    NameObject(m, report.name, report.file, report.line);
  }
}

// The call's place, or else where what is held was taken.
void NamePlace(Message& m, const MisuseReport& report) {
  const void* const pc = PcOfSite(report.site);
  if (pc == nullptr) return;
  m << (report.slot != nullptr ? ", in " : ", taken in ");
  NameFunction(m, pc);
}

// What nobody holds can be destroyed while it is waited for, too.
const char* Sentence(const model::MisuseName& what,
                     const MisuseReport& report) {
  return report.misuse == model::Misuse::kDestroyWaited &&
                 report.lock == nullptr
             ? "destroys an object while somebody waits for it"
             : what.sentence;
}

void Say(const Thread* t, const MisuseReport& report, uint32_t stack) {
  const uint64_t key = static_cast<uint64_t>(report.misuse) << 32 | report.site;
  if (!g_said.Insert(key)) return;
  const model::MisuseName* const what = model::NameOf(report.misuse);
  Message m;
  m << "misuse (" << what->rule << "): actor " << t->hot.actor << " "
    << Sentence(*what, report);
  NameObject(m, t, report);
  NamePlace(m, report);
  if (stack != 0 && !t->live) m << "; the log has the stack";
}

}  // namespace

void ReportMisuse(Thread* t, const MisuseReport& report) {
  const Keep keep(t);
  if (t->live) KeepLiveObject(report.object);
  uint32_t stack = 0;
  if (report.slot != nullptr) {
    stack = RecordStack(
        t, {log::StackReason::kMisuseStack, report.object, report.site, 0, 0},
        report.slot, report.caller);
  }
  Record r = Begin(t, 8);
  r.Word(report.object).Word(report.site).Word(report.owner).Word(stack);
  r.U64(Ticks());
  r.End(log::Op::kMisuse, static_cast<uint32_t>(report.misuse));
  CountMisuse();
  Say(t, report, stack);
}

}  // namespace lockcheck::runtime
