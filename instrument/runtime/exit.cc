#include "instrument/runtime/exit.h"

#include <sys/resource.h>
#include <time.h>

#include <cstdlib>

#include "instrument/runtime/deadlock_report.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/reporter.h"
#include "instrument/runtime/saying.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/thread.h"
#include "instrument/runtime/unseen.h"

namespace lockcheck::runtime {

using log::Op;

namespace {

// With memory-backed blocks, what the threads have written so far.
void WriteVolatileBlocks() {
  ProcessLock lock;
  for (Thread* t = g_fork_page->all_threads; t != nullptr; t = t->next_all) {
    if (t->scratch || t->block == nullptr) continue;
    if (!g_writer.WriteVolatile(t->block)) SayStopped();
  }
}

[[gnu::constructor]] void OnLoad() { Initialize(); }

void WriteExit() {
  Thread* const t = Enter();
  if (t == nullptr) return;
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const Keep keep(t);
  Record r = Begin(t, 12);
  r.U64(Ticks());
  r.U64(static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 +
        static_cast<uint64_t>(now.tv_nsec));
  r.U64(ProcessorNs(usage));
  r.Word(static_cast<uint32_t>(usage.ru_nvcsw));
  r.Word(static_cast<uint32_t>(usage.ru_nivcsw));
  r.End(Op::kExit);
  EmptyScratch(t);
  if (g_writer.volatile_hot()) WriteVolatileBlocks();
  Leave(t);
}

// What was found so far is said: of an actual deadlock, while the locks are
// there.
void EndReports() {
  const Unseen unseen;
  if (AreSayingsSettled()) return;
  ShowRest();
  AwaitSayings();
}

void OnExitBegun(int, void*) { EndReports(); }

bool Settle() {
  const Unseen unseen;
  SettleSayings();
  SaySummary();
  return AnyFinding();
}

// No other place than such a handler sees the status and may change it: glibc
// then goes on with the handlers that are left, and does not begin anew.
void OnExitStatus(int status, void*) {
  const bool fails = Settle();
  if (fails && status == 0 && g_options.exit_code != 0) {
    exit(static_cast<int>(g_options.exit_code));
  }
}

// Of what the program, or the library that carries the runtime, does at its end
// this is the last: its handlers and static destructors have run, and by the
// lowest priority that a program may use, functions like this one. A handler
// registered now runs next. What locks do later is still recorded.
[[gnu::destructor(101)]] void OnExit() {
  if (g_table.load(std::memory_order_acquire) != &g_own_table ||
      g_own_table.mode != internal::kModeRecord) {
    return;
  }
  EndReports();
  WriteExit();
  if (on_exit(&OnExitStatus, nullptr) != 0) Settle();
}

}  // namespace

int DoEndProcess(int status) {
  const Unseen unseen;
  EndReports();
  WriteExit();
  const bool fails = Settle();
  return fails && status == 0 ? static_cast<int>(g_options.exit_code) : status;
}

void RegisterExit() { on_exit(&OnExitBegun, nullptr); }

}  // namespace lockcheck::runtime
