#include "instrument/runtime/exit.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "instrument/runtime/deadlock_report.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
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

// After what was registered later: the program's static destructors. There is
// no other place that sees the status and may change it.
void OnExitStatus(int status, void*) {
  const Unseen unseen;
  SaySummary();
  if (status != 0 || g_options.exit_code == 0 || !AnyFinding()) return;
  fflush(nullptr);
  WriteExit();
  _exit(static_cast<int>(g_options.exit_code));
}

// After every static destructor; what locks do later is still recorded.
[[gnu::destructor]] void OnExit() {
  if (g_table.load(std::memory_order_acquire) == &g_own_table &&
      g_own_table.mode == internal::kModeRecord) {
    WriteExit();
  }
}

}  // namespace

void RegisterExit() { on_exit(&OnExitStatus, nullptr); }

}  // namespace lockcheck::runtime
